/** Ticks as our encoder writes them, handed to the engine as the bytes that they are, alone or in runs. */
import type { Tick } from '@tapeline/core/records';
import type { FeedRows } from './feed-rows.ts';
import { type FoldEngine, notTaken } from './fold-engine.ts';
import { tickOf } from './tick-numbers.ts';
import { headOf, mayBeTick, tailLength, tailOf } from './tick-shapes.ts';

/** Records of the log in a row, as they stand in one of Kafka's record batches (magic 2). */
export interface RecordRun {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** What the records' offset deltas are added to. */
  readonly baseOffset: number;
  /** Records before it are passed over. */
  readonly fromOffset: number;
  /** Exclusive. */
  readonly toOffset: number;
}

/** How far the engine came in a run. */
export interface RunProgress {
  /** Ticks that were taken in. */
  readonly count: number;
  /** Bytes that were passed. */
  readonly byteLength: number;
  /** Behind the last tick that was taken in, or `fromOffset`. */
  readonly nextOffset: number;
  /** True when the next record is none for the engine. */
  readonly isStopped: boolean;
}

/** So many bytes of a run are handed over at once: they stay in the processor's cache. Fewer where many records are not for the engine. */
const mostRunBytes = 65_536 - 64;
const leastRunBytes = 1_024;
/** An everyday tick is shorter. */
const longestTick = 1_024;

export class EverydayTicks {
  readonly #engine: FoldEngine;
  #runBytes = mostRunBytes;

  constructor(engine: FoldEngine) {
    this.#engine = engine;
  }

  /** Takes in the everyday ticks at the beginning of a run, at most `limit`, or the first part of them. */
  takeRun(run: RecordRun, limit: number): RunProgress {
    const { functions } = this.#engine;
    const length = Math.min(run.end - run.start, this.#runBytes);
    const at = this.#engine.put(run.bytes, run.start, run.start + length);
    const count = functions.takeRecords(at, at + length, run.baseOffset, run.fromOffset, run.toOffset, limit);
    const isStopped = functions.isStopped.value !== 0;
    this.#runBytes = isStopped ? leastRunBytes : Math.min(4 * this.#runBytes, mostRunBytes);
    return { count, byteLength: functions.stoppedAt.value - at, nextOffset: functions.nextOffset.value, isStopped };
  }

  /** Takes in the record in `bytes[start, end)`; `notTaken` when it is no everyday tick, and nothing has changed. */
  take(bytes: Uint8Array, start: number, end: number, feeds: FeedRows): number {
    if (end - start > longestTick || !mayBeTick(bytes, start)) return notTaken;
    const { functions } = this.#engine;
    const at = this.#engine.put(bytes, start, end);
    const outcome = functions.takeEveryday(at, at + end - start);
    if (outcome !== notTaken || functions.knowsEnds(at, at + end - start)) return outcome;
    if (!this.#learn(bytes.subarray(start, end), feeds)) return notTaken;
    const again = this.#engine.put(bytes, start, end);
    return functions.takeEveryday(again, again + end - start);
  }

  /** The one that `take` took last. */
  lastTick(feeds: FeedRows): Tick {
    const { functions, bytes, numbers } = this.#engine;
    const symbolAt = functions.symbolAt.value;
    const symbol = String.fromCharCode(...bytes.subarray(symbolAt, symbolAt + functions.symbolLength.value));
    return tickOf(numbers, functions.tickAt() / 8, feeds.name(functions.scannedFeed.value), symbol);
  }

  /** Tells the engine how a record begins and ends whose feed, session or trading day is new to it; false when it is no tick as we write it. */
  #learn(record: Uint8Array, feeds: FeedRows): boolean {
    const { functions } = this.#engine;
    const head = headOf(record);
    const tail = head && tailOf(record);
    if (head === undefined || tail === undefined || !feeds.has(head.feed)) return false;
    this.#engine.put(record, 0, head.length);
    functions.learnHead(head.length, feeds.indexOf(head.feed), head.session);
    this.#engine.put(record, record.length - tailLength, record.length);
    functions.learnTail(tail.tradingDay, tail.tradingDayEndMs);
    return true;
  }
}
