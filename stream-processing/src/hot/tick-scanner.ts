/**
 * Reads a tick straight from the bytes that `encodeRecord` makes of it, without an object: the hot twin of `decodeRecord`.
 *
 * It knows one shape: the fields of `tickSchema` in their order, no white space, no escapes, ASCII, numbers of at most 15 significant
 * digits without exponent, times of 13 digits. To everything else it says no, and the caller takes `decodeRecord`.
 * What seldom changes from one tick to the next (feed and session, the trading day, the high digits of the times) is compared with
 * what stood there before, eight bytes at a time, and not read again.
 */
import { fourDigits, readDecimal } from './digit-reader.ts';
import { TickEnvelope, tailLength } from './tick-envelope.ts';
import {
  askColumn,
  bidColumn,
  dayVolumeColumn,
  priceColumn,
  receivedTimeColumn,
  sequenceColumn,
  sessionColumn,
  sizeColumn,
  sourceTimeColumn,
  TickScan,
  timeColumn,
  tradingDayColumn,
  tradingDayEndColumn,
} from './tick-scan.ts';

export { TickScan } from './tick-scan.ts';

const longestSymbol = 64;
const zero = 48;
const quote = 34;
const backslash = 92;

// Keys as pairs of words that overlap where the key is no multiple of eight bytes long.
const symbolKey = ',"symbol":"';
const symbolKeyStart = wordAt(symbolKey, 0);
const symbolKeyEnd = wordAt(symbolKey, symbolKey.length - 8);
const priceKey = '","price":';
const priceKeyStart = wordAt(priceKey, 0);
const priceKeyEnd = wordAt(priceKey, priceKey.length - 8);
const bidKey = ',"bid":';
const bidKeyStart = halfWordAt(bidKey, 0);
const bidKeyEnd = halfWordAt(bidKey, bidKey.length - 4);
const askKey = ',"ask":';
const askKeyStart = halfWordAt(askKey, 0);
const askKeyEnd = halfWordAt(askKey, askKey.length - 4);
const dayVolumeKey = ',"dayVolume":';
const dayVolumeKeyStart = wordAt(dayVolumeKey, 0);
const dayVolumeKeyEnd = wordAt(dayVolumeKey, dayVolumeKey.length - 8);
const sizeKey = ',"size":';
const sizeKeyStart = wordAt(sizeKey, 0);
const sourceTimeKey = ',"sourceTimeMs":';
const sourceTimeKeyStart = wordAt(sourceTimeKey, 0);
const sourceTimeKeyEnd = wordAt(sourceTimeKey, 8);
const receivedTimeKey = ',"receivedTimeMs":';
const receivedTimeKeyStart = wordAt(receivedTimeKey, 0);
const receivedTimeKeyMiddle = wordAt(receivedTimeKey, receivedTimeKey.length - 16);
const receivedTimeKeyEnd = wordAt(receivedTimeKey, receivedTimeKey.length - 8);
const timeKey = ',"timeMs":';
const timeKeyStart = wordAt(timeKey, 0);
const timeKeyEnd = wordAt(timeKey, timeKey.length - 8);
const timeLength = 13;

const receivedTimeOffset = sourceTimeKey.length + timeLength;
const timeOffset = receivedTimeOffset + receivedTimeKey.length + timeLength;
const timesLength = timeOffset + timeKey.length + timeLength;

/** Scans records into one reused {@link TickScan}, and knows the feeds by index. */
export class TickScanner {
  /** The last record for which `scan` said yes, until the next call. */
  readonly tick: TickScan;
  readonly #envelope = new TickEnvelope();
  /** For each time column the first eight digits that stood there last, as text and as milliseconds. */
  readonly #timeWords: Float64Array;
  readonly #timeBases: Float64Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  constructor(tick = new TickScan()) {
    this.tick = tick;
    this.#timeWords = new Float64Array(tick.values.length).fill(Number.NaN);
    this.#timeBases = new Float64Array(tick.values.length);
  }

  /** The feed with this index. */
  feedName(feed: number): string {
    return this.#envelope.feedName(feed);
  }

  /** The index of a feed, a new one when it has none yet: dense, in the order in which this scanner met them. */
  feedIndex(name: string): number {
    return this.#envelope.feedIndex(name);
  }

  /** Reads the record in `bytes[start, end)`. False: not the shape that it knows, and no field means anything. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    const view = bytes === this.#bytes ? this.#view : this.#look(bytes);
    const tailAt = end - tailLength;
    const timesAt = tailAt - timesLength;
    // Times and tail have one length, so they are found from the end, and no word compared before them leaves the record.
    if (timesAt < start || end > bytes.length) return false;
    const envelope = this.#envelope;
    const head = envelope.head(view, start, timesAt);
    const tail = envelope.tail(view, tailAt);
    if (head < 0 || tail < 0 || !this.#scanTimes(view, timesAt)) return false;
    const { tick } = this;
    const { values } = tick;
    tick.feed = envelope.headFeeds[head] as number;
    values[sessionColumn] = envelope.headSessions[head] as number;
    values[tradingDayColumn] = envelope.tailDays[tail] as number;
    values[tradingDayEndColumn] = envelope.tailEndsMs[tail] as number;
    const symbolAt = readDecimal(bytes, start + envelope.headLength(head), values, sequenceColumn);
    const priceAt = this.#scanSymbol(bytes, view, symbolAt, timesAt);
    return priceAt > 0 && readAmounts(bytes, view, priceAt, values) === timesAt && isValid(values);
  }

  /** The symbol with the keys around it; gives where the price begins, or −1. */
  #scanSymbol(bytes: Uint8Array, view: DataView, at: number, limit: number): number {
    if (view.getFloat64(at, true) !== symbolKeyStart || view.getFloat64(at + symbolKey.length - 8, true) !== symbolKeyEnd) return -1;
    const start = at + symbolKey.length;
    let end = start;
    let byte = bytes[end] as number;
    while (byte !== quote) {
      if (byte < 0x20 || byte > 0x7f || byte === backslash) return -1;
      end += 1;
      byte = bytes[end] as number;
    }
    if (end === start || end - start > longestSymbol || end >= limit) return -1;
    if (view.getFloat64(end, true) !== priceKeyStart || view.getFloat64(end + priceKey.length - 8, true) !== priceKeyEnd) return -1;
    this.tick.symbolStart = start;
    this.tick.symbolEnd = end;
    return end + priceKey.length;
  }

  /** The three times with their keys. */
  #scanTimes(view: DataView, at: number): boolean {
    const received = at + receivedTimeOffset;
    const time = at + timeOffset;
    return (
      view.getFloat64(at, true) === sourceTimeKeyStart &&
      view.getFloat64(at + 8, true) === sourceTimeKeyEnd &&
      view.getFloat64(received, true) === receivedTimeKeyStart &&
      view.getFloat64(received + receivedTimeKey.length - 16, true) === receivedTimeKeyMiddle &&
      view.getFloat64(received + receivedTimeKey.length - 8, true) === receivedTimeKeyEnd &&
      view.getFloat64(time, true) === timeKeyStart &&
      view.getFloat64(time + timeKey.length - 8, true) === timeKeyEnd &&
      this.#readTime(view, at + sourceTimeKey.length, sourceTimeColumn) &&
      this.#readTime(view, received + receivedTimeKey.length, receivedTimeColumn) &&
      this.#readTime(view, time + timeKey.length, timeColumn)
    );
  }

  /** Thirteen digits: eight that seldom change and five that do. */
  #readTime(view: DataView, at: number, column: number): boolean {
    if (view.getFloat64(at, true) !== this.#timeWords[column] && !this.#readTimeBase(view, at, column)) return false;
    const four = fourDigits(view, at + 8);
    const last = view.getUint8(at + 12) - zero;
    this.tick.values[column] = (this.#timeBases[column] as number) + four * 10 + last;
    return four >= 0 && last >>> 0 <= 9;
  }

  #readTimeBase(view: DataView, at: number, column: number): boolean {
    const high = fourDigits(view, at);
    const low = fourDigits(view, at + 4);
    if (high < 1_000 || high > 8_999 || low < 0) return false;
    this.#timeWords[column] = view.getFloat64(at, true);
    this.#timeBases[column] = (high * 10_000 + low) * 100_000;
    return true;
  }

  #look(bytes: Uint8Array): DataView {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }
}

/** Price and what follows it up to the times; gives its end, which is not a comma where something was not as it should be. */
function readAmounts(bytes: Uint8Array, view: DataView, priceAt: number, values: Float64Array): number {
  let at = readDecimal(bytes, priceAt, values, priceColumn);
  values[bidColumn] = Number.NaN;
  values[askColumn] = Number.NaN;
  values[dayVolumeColumn] = Number.NaN;
  values[sizeColumn] = Number.NaN;
  if (view.getInt32(at, true) === bidKeyStart && view.getInt32(at + bidKey.length - 4, true) === bidKeyEnd) {
    at = readDecimal(bytes, at + bidKey.length, values, bidColumn);
  }
  if (view.getInt32(at, true) === askKeyStart && view.getInt32(at + askKey.length - 4, true) === askKeyEnd) {
    at = readDecimal(bytes, at + askKey.length, values, askColumn);
  }
  if (view.getFloat64(at, true) === dayVolumeKeyStart && view.getFloat64(at + dayVolumeKey.length - 8, true) === dayVolumeKeyEnd) {
    at = readDecimal(bytes, at + dayVolumeKey.length, values, dayVolumeColumn);
  }
  if (view.getFloat64(at, true) === sizeKeyStart) at = readDecimal(bytes, at + sizeKey.length, values, sizeColumn);
  return at;
}

/** What the schema asks for beyond the form; an absent amount is NaN, which is not 0. */
function isValid(values: Float64Array): boolean {
  const sequence = values[sequenceColumn] as number;
  return values[priceColumn] !== 0 && values[bidColumn] !== 0 && values[askColumn] !== 0 && sequence >= 1 && Number.isInteger(sequence);
}

function wordAt(text: string, at: number): number {
  return wordsOf(text.slice(at, at + 8)).getFloat64(0, true);
}

function halfWordAt(text: string, at: number): number {
  return wordsOf(text.slice(at, at + 4)).getInt32(0, true);
}

function wordsOf(text: string): DataView {
  return new DataView(new TextEncoder().encode(text).buffer);
}
