/**
 * The fold as the runtime uses it: records of the feed as they stand in the log go in, results come out. Everyday ticks take the fast
 * way; all others are decoded first, and what is no record of ours becomes a dead letter.
 */
import { hasCode, type PipelineError } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import type { RecordCursor } from '@tapeline/log/market-log';
import type { HotFold, RunProgress } from './hot/hot-fold.ts';
import { RepeatedHeartbeats } from './repeated-heartbeats.ts';
import type { ResultBatch } from './result-batch.ts';

export class FeedFold {
  readonly #fold: HotFold;
  /** Topic and partition of the records. */
  readonly #place: string;
  readonly #heartbeats = new RepeatedHeartbeats();

  constructor(fold: HotFold, place: string) {
    this.#fold = fold;
    this.#place = place;
  }

  /**
   * Takes in the everyday ticks in a row from the cursor's next record on whose offset is not before `fromOffset`, at most `limit`, and
   * moves the cursor behind them; `undefined` where records do not lie in a row.
   */
  applyRun(cursor: RecordCursor, fromOffset: number, limit: number, batch: ResultBatch): RunProgress | undefined {
    const run = cursor.rest();
    if (run === undefined) return undefined;
    const progress = this.#fold.applyRun({ ...run, fromOffset: Math.max(run.fromOffset, fromOffset) }, limit, batch.results);
    cursor.skip(progress.byteLength);
    return progress;
  }

  /** Takes in the everyday tick at which the cursor stands; false when it is none. */
  applyTick({ bytes, valueStart, valueEnd }: RecordCursor, batch: ResultBatch): boolean {
    return valueStart >= 0 && this.#fold.applyTick(bytes, valueStart, valueEnd, batch.results);
  }

  /** Takes in any other record. Gives the error of a record of a newer format, which was not taken in. */
  apply({ offset, bytes, valueStart, valueEnd }: RecordCursor, batch: ResultBatch): PipelineError | undefined {
    const value = valueStart < 0 ? undefined : bytes.subarray(valueStart, valueEnd);
    const origin = () => `${this.#place}@${offset}`;
    try {
      const record = (value && this.#heartbeats.read(value)) ?? this.#decoded(value);
      const before = batch.results.outputs.length;
      this.#fold.apply(record, batch.results);
      batch.note(before, origin);
    } catch (error) {
      if (hasCode(error, 'record.newer')) return error;
      if (!hasCode(error, 'record.invalid')) throw error;
      this.#fold.passOver();
      batch.refuse({
        reason: 'malformed',
        detail: error.message,
        origin: origin(),
        timeMs: Math.floor(this.#fold.versionUs / 1_000),
        value: value === undefined ? '' : Buffer.from(value).toString('utf8'),
      });
    }
    return undefined;
  }

  #decoded(value: Uint8Array | undefined): FeedRecord {
    const record = decodeRecord(value);
    if (value !== undefined) this.#heartbeats.learn(record, value);
    return record;
  }
}
