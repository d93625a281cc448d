/** Where the queue of backfills is kept: jobs by id, each written whole. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { WorkItems } from '@tapeline/database/work-store';
import { z } from 'zod';
import type { BackfillJob } from './backfill-job.ts';

export interface BackfillStore {
  /** All jobs, in any order. */
  all(): Promise<readonly BackfillJob[]>;
  /** Writes one, durably, in place of the one with the same id. */
  put(job: BackfillJob): Promise<void>;
  /** Does nothing when there is none. */
  remove(id: string): Promise<void>;
}

const gapSchema = z.object({ fromMs: z.int(), toMs: z.int(), reason: z.string() });
const jobSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  kind: z.enum(['fill', 'compare']),
  symbol: z.string(),
  interval: z.enum(['1m', '5m', '15m', '1h', '1d']),
  fromMs: z.int(),
  toMs: z.int(),
  reason: z.string(),
  gaps: z.array(gapSchema),
  queuedMs: z.number(),
  nextMs: z.int(),
  attempts: z.int(),
  notBeforeMs: z.number(),
  refused: z.string().optional(),
});

/** For one process at a time. */
export class ItemBackfillStore implements BackfillStore {
  readonly #items: WorkItems;

  constructor(items: WorkItems) {
    this.#items = items;
  }

  /** @throws PipelineError `data-dir.unusable` with the place of what is no job. */
  async all(): Promise<readonly BackfillJob[]> {
    return (await this.#items.all()).map(({ place, text }) => jobIn(place, text));
  }

  put(job: BackfillJob): Promise<void> {
    return this.#items.put(job.id, JSON.stringify(job));
  }

  remove(id: string): Promise<void> {
    return this.#items.remove(id);
  }
}

function jobIn(place: string, text: string): BackfillJob {
  try {
    return jobSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `backfill ${place} cannot be read: ${reasonOf(error)}; remove it, and what it was for is found again`;
    throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
  }
}
