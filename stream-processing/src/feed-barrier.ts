/** Records of the feed that stand in every partition. */
import { PipelineError } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';

export interface Barrier {
  readonly value: Uint8Array;
  /** The same for the same record. */
  readonly text: string;
  readonly timeMs: number;
}

/**
 * The barrier that a record without a key is; `undefined` for what is none, as poison.
 * @throws PipelineError `record.newer`: nothing is known of it, so nobody may pass it over.
 */
export function barrierOf(value: Uint8Array | undefined): Barrier | undefined {
  if (value === undefined) return undefined;
  try {
    const record = decodeRecord(value);
    if (recordKey(record) !== undefined) return undefined;
    return { value, text: Buffer.from(value).toString(), timeMs: timeOf(record) };
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'record.invalid') return undefined;
    throw error;
  }
}

/** Of at least one: the oldest, and of equally old ones always the same. */
export function earliest(barriers: readonly Barrier[]): Barrier {
  return barriers.reduce((least, barrier) => {
    if (barrier.timeMs !== least.timeMs) return barrier.timeMs < least.timeMs ? barrier : least;
    return barrier.text < least.text ? barrier : least;
  });
}

function timeOf(record: FeedRecord): number {
  return 'timeMs' in record ? record.timeMs : record.receivedTimeMs;
}
