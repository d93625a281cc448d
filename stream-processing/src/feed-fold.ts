/** The fold as the runtime uses it: records of the feed as they stand in the log go in, results come out. */
import { hasCode, type PipelineError } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { RecordCursor } from '@tapeline/log/market-log';
import type { FeedState } from './fold/outputs.ts';
import { type FoldOptions, foldFormat, PartitionFold } from './fold/partition-fold.ts';
import type { ResultBatch } from './result-batch.ts';

export class FeedFold {
  readonly #fold: PartitionFold;
  /** Topic and partition of the records. */
  readonly #place: string;

  private constructor(fold: PartitionFold, place: string) {
    this.#fold = fold;
    this.#place = place;
  }

  static empty(options: FoldOptions, place: string): FeedFold {
    return new FeedFold(new PartitionFold(options), place);
  }

  /** @throws PipelineError `snapshot.invalid` with the remedy. */
  static decode(state: Uint8Array, options: FoldOptions, place: string): FeedFold {
    return new FeedFold(PartitionFold.decode(state, options), place);
  }

  encode(): Uint8Array {
    return this.#fold.encode();
  }

  get format(): number {
    return foldFormat;
  }

  get versionUs(): number {
    return this.#fold.versionUs;
  }

  feeds(): readonly FeedState[] {
    return this.#fold.feeds();
  }

  /** Takes in the record at which the cursor stands. Gives the error of a record of a newer format, which was not taken in. */
  apply(cursor: RecordCursor, results: ResultBatch): PipelineError | undefined {
    const value = cursor.valueStart < 0 ? undefined : cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
    const origin = () => `${this.#place}@${cursor.offset}`;
    try {
      const record = decodeRecord(value);
      this.#fold.apply(record, output => results.add(output, origin));
    } catch (error) {
      if (hasCode(error, 'record.newer')) return error;
      if (!hasCode(error, 'record.invalid')) throw error;
      this.#fold.passOver();
      results.refuse({
        reason: 'malformed',
        detail: error.message,
        origin: origin(),
        timeMs: Math.floor(this.#fold.versionUs / 1_000),
        value: value === undefined ? '' : Buffer.from(value).toString('utf8'),
      });
    }
    return undefined;
  }
}
