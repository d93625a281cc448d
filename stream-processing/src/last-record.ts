/**
 * Knows a log again: a snapshot remembers one of the last records before it, and whoever goes on from it looks whether that one stands in
 * the log as it did. A topic that was made anew, or has lost its end, may have grown as long as it was.
 */
import { crc32 } from 'node:zlib';
import { hasCode } from '@tapeline/core/errors';
import type { LogBatch, LogRecord, MarketLog, RecordCursor } from '@tapeline/log/market-log';
import type { LastRecord } from './hot/hot-snapshot.ts';

const noBytes = new Uint8Array(0);

/** That of a batch that was taken in; `undefined` where its end is cut off. Before the batch is released. */
export function lastRecordOf(batch: LogBatch): LastRecord | undefined {
  const tail = batch.tail();
  if (!tail.next()) return undefined;
  return { offset: tail.offset, crc32: crcOf(tail) };
}

/** The same of a record that was read the plain way. */
export function asLastRecord({ offset, value = noBytes }: LogRecord): LastRecord {
  return { offset, crc32: crc32(value) };
}

export interface ReadingOn {
  readonly nextOffset: number;
  /** One of those before it; `undefined` where nobody knows one that the log must have. */
  readonly lastRecord: LastRecord | undefined;
  readonly read: (fromOffset: number) => AsyncIterable<LogBatch>;
  /** The error where another record stands in its place. */
  readonly refused: (last: LastRecord) => Error;
}

/**
 * Batches from `nextOffset` on, some of their records before it. The last record is read at one stroke with them: looked at on its own, the
 * log could lose it right after.
 */
export async function* readOn({ nextOffset, lastRecord, read, refused }: ReadingOn): AsyncGenerator<LogBatch, void, void> {
  let sought = lastRecord;
  for await (const batch of read(lastRecord?.offset ?? nextOffset)) {
    if (sought !== undefined && !beginsWith(sought, batch)) throw refused(sought);
    sought = undefined;
    if (batch.lastOffset >= nextOffset) yield batch;
    else batch.release();
  }
}

/** False when another record stands there, or none. What retention has taken can no longer be told: true. */
export async function isStillThere(
  last: LastRecord,
  log: Pick<MarketLog, 'read'>,
  place: { readonly topic: string; readonly partition: number },
): Promise<boolean> {
  const { topic, partition } = place;
  try {
    for await (const batch of log.read({ topic, partition, fromOffset: last.offset, toOffset: last.offset + 1 })) {
      return beginsWith(last, batch);
    }
  } catch (error) {
    if (!hasCode(error, 'log.out-of-range')) throw error;
    return true;
  }
  return false;
}

function beginsWith(last: LastRecord, batch: LogBatch): boolean {
  const cursor = batch.cursor();
  return cursor.next() && cursor.offset === last.offset && crcOf(cursor) === last.crc32;
}

function crcOf({ bytes, valueStart, valueEnd }: RecordCursor): number {
  return crc32(valueStart < 0 ? noBytes : bytes.subarray(valueStart, valueEnd));
}
