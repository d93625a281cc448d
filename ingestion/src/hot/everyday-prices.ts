/**
 * The everyday price, from the bytes of its message to the bytes of its record: the fast twin of messages.ts, session-mapper.ts and the
 * record codec, held to them by a property test.
 *
 * What a message of a symbol says before its stamp is the same each time. A message that went the plain way teaches it; from then on a message
 * with the same bytes there is everyday, when its numbers are (price-tail.ts), its trading day is the known one, and its stamp
 * is not ahead. Everything else is left to the plain way, untouched.
 */

import { partitionOf } from '@tapeline/core/partitioner';
import { recordFormat, type Tick } from '@tapeline/core/records';
import type { Session } from '../session.ts';
import { isFuture } from '../time-mapping.ts';
import { bytesOf, Needle, put, putNumber, putPart } from './bytes.ts';
import { PriceTail } from './price-tail.ts';
import { type TickRun, TickRuns } from './tick-run.ts';

export interface EverydayPricesOptions {
  /** Source and shard of the records. */
  readonly feed: string;
  /** Of `market-data.feed`. */
  readonly partitions: number;
  /** Takes a run as soon as it has its first tick; it grows on until it is sealed. */
  readonly emit: (run: TickRun) => void;
  /** A price of this market was taken; told once of those that were received together. */
  readonly priced: (market: string | undefined) => void;
}

interface Market {
  readonly name: string | undefined;
  /** The bytes received of which it was told last. */
  toldOf: number;
}

/** What is known of a symbol. */
interface KnownSymbol {
  readonly symbol: string;
  readonly prefixText: string;
  readonly market: Market;
  readonly key: Uint8Array;
  readonly partition: number;
  /** The message up to its stamp. */
  readonly prefix: Needle;
  /** Of the record, behind the sequence. */
  readonly symbolPart: Uint8Array;
  /** Of the record, behind the times. */
  readonly dayPart: Uint8Array;
  readonly resolutionMs: number;
  /** The trading day is the known one in `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
}

const opening = '{"event":"price","symbol":"';
const stampName = '"timestamp":';
const minuteMs = 60_000;
const quote = 34;
/** A record without its symbol, and all of its numbers at their longest. */
const mostRecordBytes = 512;
const mostKnown = 100_000;

const bidPart = bytesOf(',"bid":');
const askPart = bytesOf(',"ask":');
const volumePart = bytesOf(',"dayVolume":');

export class EverydayPrices {
  readonly #options: EverydayPricesOptions;
  readonly #runs: TickRuns;
  readonly #tail = new PriceTail();
  /** By hash of the symbol's bytes; of two with one hash the one that was learnt last is known. */
  readonly #known = new Map<number, KnownSymbol>();
  #session: Session | undefined;
  /** Of the record, up to the sequence. */
  #sessionPart = bytesOf('');
  #run: TickRun | undefined;
  #receivedTimeMs = 0;
  /** Counts what is received. */
  #pieces = 0;
  /** Those of the known symbols. */
  readonly #markets = new Map<string | undefined, Market>();
  /** Of the record, all times but the day's, for the stamp and the time that came last: most prices of a moment have the same. */
  #timesPart = bytesOf('');
  #timesStamp = -1;
  #timesTimeMs = -1;
  /** Of the bytes that were looked at last. */
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(options: EverydayPricesOptions) {
    this.#options = options;
    this.#runs = new TickRuns(options.partitions);
  }

  /** What was learnt counts no more. */
  forget(): void {
    this.#known.clear();
    this.#markets.clear();
    this.#session = undefined;
  }

  /** A price was refused in the plain way: its message may have told something else of the symbol. */
  forgetSymbol(symbol: string): void {
    this.#known.delete(hashOf(bytesOf(symbol)));
  }

  /** A message came to be a tick in the plain way. */
  learn(text: string, tick: Tick, session: Session, resolutionMs: number): void {
    if (session !== this.#session) this.#begin(session);
    const hash = hashOf(bytesOf(tick.symbol));
    if (isTaught(this.#known.get(hash), text, tick, resolutionMs)) return;
    const known = this.#knownOf(text, tick, session, resolutionMs);
    if (known === undefined) this.#known.delete(hash);
    else if (this.#known.size < mostKnown || this.#known.has(hash)) this.#known.set(hash, known);
  }

  /** Messages from here on came together. */
  received(session: Session | undefined, receivedTimeMs: number): void {
    this.#pieces += 1;
    if (session === undefined || session !== this.#session) this.forget();
    this.timeIs(receivedTimeMs);
  }

  /** The time of receipt from here on: that of a message between them, too, for nothing that is received later may seem earlier. */
  timeIs(receivedTimeMs: number): void {
    if (receivedTimeMs === this.#receivedTimeMs) return;
    this.#receivedTimeMs = receivedTimeMs;
    this.#timesStamp = -1;
  }

  /** Takes the message `bytes[start, end)` when it is an everyday price; false leaves it to the plain way. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    const session = this.#session;
    if (session === undefined) return false;
    const known = this.#lookUp(bytes, start, end);
    if (known === undefined) return false;
    const tail = this.#tail;
    if (!tail.read(bytes, start + known.prefix.length, end)) return false;
    const sourceTimeMs = tail.stamp * 1_000;
    const receivedTimeMs = this.#receivedTimeMs;
    // A stamp that is no whole minute teaches something of a symbol that had only such.
    if (known.resolutionMs === minuteMs && sourceTimeMs % minuteMs !== 0) return false;
    if (isFuture(sourceTimeMs, receivedTimeMs)) return false;
    const timeMs = Math.min(receivedTimeMs, sourceTimeMs + known.resolutionMs - 1);
    if (timeMs < known.fromMs || timeMs >= known.toMs) return false;
    this.#write(bytes, known, session, timeMs);
    this.#tell(known.market);
    return true;
  }

  #write(bytes: Uint8Array, known: KnownSymbol, session: Session, timeMs: number): void {
    const run = this.#openRun(session);
    const tail = this.#tail;
    const block = run.blocks[known.partition];
    if (block === undefined) throw new RangeError(`partition ${known.partition} is none of ${run.blocks.length}`);
    const batch = block.begin(known.key, mostRecordBytes);
    const into = batch.bytes;
    let at = put(into, batch.valueStart, this.#sessionPart);
    at = putNumber(into, at, session.nextSequence());
    at = put(into, at, known.symbolPart);
    at = putPart(into, at, bytes, tail.priceStart, tail.priceEnd);
    if (tail.bidStart >= 0) {
      at = putPart(into, put(into, at, bidPart), bytes, tail.bidStart, tail.bidEnd);
      at = putPart(into, put(into, at, askPart), bytes, tail.askStart, tail.askEnd);
    }
    if (tail.volumeStart >= 0) at = putPart(into, put(into, at, volumePart), bytes, tail.volumeStart, tail.volumeEnd);
    at = put(into, at, this.#timesOf(tail.stamp, timeMs));
    block.end(put(into, at, known.dayPart));
    run.added(timeMs, this.#receivedTimeMs);
    session.lastDataMs = this.#receivedTimeMs;
    if (run.count === 1) this.#options.emit(run);
  }

  #timesOf(stamp: number, timeMs: number): Uint8Array {
    if (stamp === this.#timesStamp && timeMs === this.#timesTimeMs) return this.#timesPart;
    this.#timesStamp = stamp;
    this.#timesTimeMs = timeMs;
    this.#timesPart = bytesOf(`,"sourceTimeMs":${stamp}000,"receivedTimeMs":${this.#receivedTimeMs},"timeMs":${timeMs}`);
    return this.#timesPart;
  }

  #tell(market: Market): void {
    if (market.toldOf === this.#pieces) return;
    market.toldOf = this.#pieces;
    this.#options.priced(market.name);
  }

  #openRun(session: Session): TickRun {
    if (this.#run === undefined || this.#run.isSealed) this.#run = this.#runs.take(session.number);
    return this.#run;
  }

  #begin(session: Session): void {
    this.forget();
    this.#session = session;
    this.#sessionPart = bytesOf(
      `{"v":${recordFormat},"kind":"tick","feed":${JSON.stringify(this.#options.feed)},"session":${session.number},"sequence":`,
    );
  }

  #lookUp(bytes: Uint8Array, start: number, end: number): KnownSymbol | undefined {
    const from = start + opening.length;
    let hash = 0;
    let at = from;
    for (; at < end && bytes[at] !== quote; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    const known = this.#known.get(hash);
    if (known === undefined || start + known.prefix.length > end) return undefined;
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    return known.prefix.standsAt(this.#view, bytes.byteOffset + start) ? known : undefined;
  }

  /** Undefined for a message that is not made as the everyday ones are. */
  #knownOf(text: string, tick: Tick, session: Session, resolutionMs: number): KnownSymbol | undefined {
    const prefix = text.slice(0, text.lastIndexOf(stampName) + stampName.length);
    if (!prefix.startsWith(`${opening}${tick.symbol}"`) || !isPlain(prefix, tick.symbol)) return undefined;
    const symbol = JSON.stringify(tick.symbol);
    return {
      symbol: tick.symbol,
      prefixText: prefix,
      market: this.#marketOf(session.marketOf(tick.symbol)),
      key: bytesOf(tick.symbol),
      partition: partitionOf(tick.symbol, this.#options.partitions),
      prefix: new Needle(bytesOf(prefix)),
      symbolPart: bytesOf(`,"symbol":${symbol},"price":`),
      dayPart: bytesOf(`,"tradingDay":"${tick.tradingDay}","tradingDayEndMs":${tick.tradingDayEndMs}}`),
      resolutionMs,
      fromMs: tick.timeMs,
      toMs: tick.tradingDayEndMs,
    };
  }

  #marketOf(name: string | undefined): Market {
    const market = this.#markets.get(name) ?? { name, toldOf: 0 };
    this.#markets.set(name, market);
    return market;
  }
}

/** True when the message teaches nothing: it came the plain way because the stream was cut in it. */
function isTaught(known: KnownSymbol | undefined, text: string, tick: Tick, resolutionMs: number): boolean {
  if (known === undefined || known.symbol !== tick.symbol || known.resolutionMs !== resolutionMs) return false;
  return text.startsWith(known.prefixText) && tick.timeMs >= known.fromMs && tick.tradingDayEndMs === known.toMs;
}

/** True when the prefix says nothing that the tail says, its text is ASCII, and its end is the message's own stamp. */
function isPlain(prefix: string, symbol: string): boolean {
  if (!/^[\x20-\x7e]+$/.test(prefix) || /["\\]/.test(symbol)) return false;
  try {
    const said: Readonly<Record<string, unknown>> = JSON.parse(`${prefix}0}`);
    const ofTail = ['price', 'bid', 'ask', 'day_volume'].some(name => name in said);
    return !ofTail && said.event === 'price' && said.symbol === symbol && said.timestamp === 0;
  } catch {
    return false;
  }
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  for (let at = 0; at < bytes.length; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  return hash;
}
