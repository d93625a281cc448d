/** Deletes what is older than a topic's retention, a little at a time, so that nobody waits for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EmbeddedRecords } from './embedded-records.ts';

const stepRecords = 1_000;

/** Deletes all records that are over their topic's retention at `nowMs`; gives how many. */
export async function deleteExpired(records: EmbeddedRecords, nowMs: number, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  for (const { id, retentionMs, partitions } of records.topics()) {
    if (retentionMs === undefined) continue;
    for (const { partition } of partitions) {
      deleted += await deletePartition(records, { id, partition, beforeMs: nowMs - retentionMs }, signal);
    }
  }
  return deleted;
}

async function deletePartition(
  records: EmbeddedRecords,
  { id, partition, beforeMs }: { readonly id: number; readonly partition: number; readonly beforeMs: number },
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  while (!signal.aborted) {
    let step = 0;
    records.transaction(() => {
      step = records.deleteOldest(id, partition, beforeMs, stepRecords);
    });
    deleted += step;
    if (step < stepRecords) break;
    await nextTurn();
  }
  return deleted;
}
