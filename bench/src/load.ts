/**
 * The load of all measurements: what an ingester writes to `market-data.feed` on a busy day, decided by a seed.
 *
 * A session record first, then ticks, and a heartbeat to every partition 4 times in a second of event time. Ticks come out of order
 * within 200 ms, and one in a thousand is late by 3 to 10 s. Values are made as text for speed; a test holds them equal, byte for byte,
 * to what `encodeRecord` makes of the same record.
 */
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import { dateText } from '@tapeline/core/time-text';
import { seededRandom, zipf } from './seeded-random.ts';

export interface LoadOptions {
  /** @default 1,000 */
  readonly symbols?: number;
  /** @default 4 */
  readonly partitions?: number;
  /** Ticks in a second of event time. @default 20,000 */
  readonly ticksPerSecond?: number;
  /** When the session begins. @default loadStartMs */
  readonly startMs?: number;
  /** @default 1 */
  readonly seed?: number;
  /** Of the first tick. @default 1 */
  readonly firstSequence?: number;
}

/** One record of the load; `key` is `undefined` for what goes to every partition. */
export interface LoadRecord {
  readonly partition: number;
  readonly key: string | undefined;
  readonly value: string;
  /** Time of receipt, or of the heartbeat or session: rises with the records. */
  readonly atMs: number;
}

/** A whole minute in the middle of a trading day: 2024-11-20, 14:30 UTC. */
export const loadStartMs = 1_732_113_000_000;
export const loadFeed = 'twelve-data/0';
export const heartbeatIntervalMs = 250;
/** So long a window waits for stragglers, whoever computes it. */
export const allowedLatenessMs = 2_000;
export const loadDefaults = {
  symbols: 1_000,
  partitions: 4,
  ticksPerSecond: 20_000,
  startMs: loadStartMs,
  seed: 1,
  firstSequence: 1,
} as const;

const zipfExponent = 0.75;
const disorderMs = 200;
const lateShare = 0.001;
const lateFromMs = 3_000;
const lateToMs = 10_000;
const shareWithSpread = 0.3;
const session = 7;
const dayMs = 86_400_000;

/** Symbols of the load, the most traded first. */
export function loadSymbols(count: number): readonly string[] {
  const names = new Set(['AAPL', 'MSFT', 'NVDA', 'EUR/USD', 'BTC/USD', 'AMZN', 'GOOG', 'META', 'TSLA', 'JPM']);
  for (let index = 0; names.size < count; index += 1) names.add(lettersOf(index * 7_919 + 1_000));
  return [...names].slice(0, count);
}

/** Records with `ticks` ticks among them, in the order of the log. */
export function* loadRecords(ticks: number, options: LoadOptions = {}): Generator<LoadRecord, void, undefined> {
  const { partitions, symbols, startMs, ticksPerSecond, seed, firstSequence } = { ...loadDefaults, ...options };
  const market = new Market(symbols, partitions, seed, startMs);
  yield* market.toEvery(market.session(startMs), startMs);
  let beatMs = startMs + heartbeatIntervalMs;
  for (let index = 0; index < ticks; index += 1) {
    const atMs = startMs + Math.floor((index * 1_000) / ticksPerSecond);
    for (; beatMs < atMs; beatMs += heartbeatIntervalMs) yield* market.toEvery(market.heartbeat(beatMs), beatMs);
    yield market.tick(firstSequence + index, atMs);
  }
}

/** How many records `loadRecords` gives for so many ticks. */
export function loadRecordCount(ticks: number, options: LoadOptions = {}): number {
  const { partitions, ticksPerSecond } = { ...loadDefaults, ...options };
  const lastMs = Math.floor(((ticks - 1) * 1_000) / ticksPerSecond);
  const beats = ticks === 0 ? 0 : Math.ceil(lastMs / heartbeatIntervalMs) - 1;
  return ticks + partitions * (1 + Math.max(0, beats));
}

/** Prices and volumes of all symbols, walking. */
class Market {
  readonly #random: () => number;
  readonly #draw: () => number;
  readonly #names: readonly string[];
  readonly #partitions: readonly number[];
  readonly #partitionCount: number;
  readonly #cents: Int32Array;
  readonly #dayVolumes: Float64Array;
  readonly #spreadCents: Uint8Array;
  readonly #day: string;

  constructor(symbols: number, partitions: number, seed: number, startMs: number) {
    const random = seededRandom(seed);
    this.#random = random;
    this.#draw = zipf(symbols, zipfExponent, random);
    this.#names = loadSymbols(symbols);
    this.#partitions = this.#names.map(name => partitionOf(name, partitions));
    this.#partitionCount = partitions;
    this.#cents = Int32Array.from(this.#names, () => 500 + Math.floor(random() * 50_000));
    this.#dayVolumes = Float64Array.from(this.#names, () => Math.floor(random() * 1_000_000));
    this.#spreadCents = Uint8Array.from(this.#names, () => (random() < shareWithSpread ? 1 + Math.floor(random() * 4) : 0));
    const date = dateText(startMs);
    // New York's midnight, in winter.
    this.#day = `"tradingDay":"${date}","tradingDayEndMs":${Date.parse(date) + dayMs + 5 * 3_600_000}`;
  }

  session(timeMs: number): string {
    const record = {
      v: 1,
      kind: 'session',
      feed: loadFeed,
      session,
      timeMs,
      symbols: [...this.#names],
      refused: [],
      simulated: true,
    } as const;
    return Buffer.from(encodeRecord({ ...record, symbols: [...this.#names], refused: [] })).toString();
  }

  heartbeat(timeMs: number): string {
    return `{"v":1,"kind":"heartbeat","feed":"${loadFeed}","session":${session},"timeMs":${timeMs},"connected":true}`;
  }

  *toEvery(value: string, atMs: number): Generator<LoadRecord, void, undefined> {
    for (let partition = 0; partition < this.#partitionCount; partition += 1) yield { partition, key: undefined, value, atMs };
  }

  tick(sequence: number, receivedTimeMs: number): LoadRecord {
    const random = this.#random;
    const index = this.#draw();
    const move = random();
    const cents = Math.max(100, (this.#cents[index] as number) + Math.floor(move * 11) - 5);
    const dayVolume = (this.#dayVolumes[index] as number) + 1 + Math.floor(move * 499);
    this.#cents[index] = cents;
    this.#dayVolumes[index] = dayVolume;
    const lateMs = random() < lateShare ? lateFromMs + Math.floor(random() * (lateToMs - lateFromMs)) : 0;
    const timeMs = receivedTimeMs - Math.floor(random() * disorderMs) - lateMs;
    const spread = this.#spreadCents[index] as number;
    const quote = spread === 0 ? '' : `"bid":${(cents - spread) / 100},"ask":${(cents + spread) / 100},`;
    const name = this.#names[index] as string;
    const value =
      `{"v":1,"kind":"tick","feed":"${loadFeed}","session":${session},"sequence":${sequence},"symbol":"${name}","price":${cents / 100},${quote}` +
      `"dayVolume":${dayVolume},"sourceTimeMs":${timeMs},"receivedTimeMs":${receivedTimeMs},"timeMs":${timeMs},${this.#day}}`;
    return { partition: this.#partitions[index] as number, key: name, value, atMs: receivedTimeMs };
  }
}

/** A number in the digits A to Z. */
function lettersOf(number: number): string {
  const letters = String.fromCharCode(65 + (number % 26));
  return number < 26 ? letters : lettersOf(Math.floor(number / 26)) + letters;
}
