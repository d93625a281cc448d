/**
 * Knows a log again: a snapshot remembers one of the last records before it, and whoever goes on from it looks whether that one stands in
 * the log as it did. A topic that was made anew, or has lost its end, may have grown as long as it was.
 */
import { crc32 } from 'node:zlib';
import { hasCode } from '@tapeline/core/errors';
import type { LogBatch, MarketLog } from '@tapeline/log/market-log';
import type { LastRecord } from './hot/hot-snapshot.ts';

const noBytes = new Uint8Array(0);

/** That of a batch that was taken in; `undefined` where its end is cut off. Before the batch is released. */
export function lastRecordOf(batch: LogBatch): LastRecord | undefined {
  const tail = batch.tail();
  if (!tail.next()) return undefined;
  const { offset, bytes, valueStart, valueEnd } = tail;
  return { offset, crc32: crc32(valueStart < 0 ? noBytes : bytes.subarray(valueStart, valueEnd)) };
}

/** False when another record stands there, or none. What retention has taken can no longer be told: true. */
export async function isStillThere(
  last: LastRecord,
  log: Pick<MarketLog, 'read'>,
  place: { readonly topic: string; readonly partition: number },
): Promise<boolean> {
  const { topic, partition } = place;
  try {
    for await (const { records } of log.read({ topic, partition, fromOffset: last.offset, toOffset: last.offset + 1 })) {
      return records.some(({ offset, value = noBytes }) => offset === last.offset && crc32(value) === last.crc32);
    }
  } catch (error) {
    if (!hasCode(error, 'log.out-of-range')) throw error;
    return true;
  }
  return false;
}
