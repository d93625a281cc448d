/** A queue's jobs in memory, for tests of many restarts; the files have tests of their own. */
import type { BackfillJob } from '../../src/backfill/backfill-job.ts';
import type { BackfillStore } from '../../src/backfill/backfill-store.ts';

export class MemoryBackfillStore implements BackfillStore {
  readonly #jobs = new Map<string, BackfillJob>();

  async all(): Promise<readonly BackfillJob[]> {
    return [...this.#jobs.values()];
  }

  async put(job: BackfillJob): Promise<void> {
    this.#jobs.set(job.id, job);
  }

  async remove(id: string): Promise<void> {
    this.#jobs.delete(id);
  }
}
