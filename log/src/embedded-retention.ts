/** Deletes what is older than a topic's retention, a little at a time, so that nobody waits for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EmbeddedRecords } from './embedded-records.ts';

const stepRecords = 1_000;
/** A round that finds the clock so far beyond the round before was not merely late. */
const leapMs = 600_000;
/** An hour, where rounds are a minute apart. */
const steadyRounds = 60;

/**
 * The time that retention judges age by. A clock that leapt ahead may be wrong, as that of a computer that was just woken: it is
 * believed once it has gone on for an hour of this process; until then the time before the leap holds. So does the newest record's
 * at the start.
 */
export class RetentionClock {
  #lastMs: number;
  #believedMs: number;
  #roundsToWait = 0;

  constructor(newestRecordMs: number) {
    this.#lastMs = newestRecordMs;
    this.#believedMs = newestRecordMs;
  }

  /** To be asked once in each round. */
  believed(nowMs: number): number {
    if (nowMs > this.#lastMs + leapMs) this.#roundsToWait = steadyRounds;
    else if (this.#roundsToWait > 0) this.#roundsToWait -= 1;
    if (this.#roundsToWait === 0) this.#believedMs = nowMs;
    this.#lastMs = nowMs;
    return Math.min(nowMs, this.#believedMs);
  }
}

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
