/** Where the queue of backfills is kept: rows by id, each written whole. In a folder that is a file for each job, put in place by a rename. */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@tapeline/core/directories';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { z } from 'zod';
import { syncFolder, writeDurably } from '../durable-file.ts';
import type { BackfillJob } from './backfill-job.ts';

export interface BackfillStore {
  /** All jobs, in any order. */
  all(): Promise<readonly BackfillJob[]>;
  /** Writes one, durably, in place of the one with the same id. */
  put(job: BackfillJob): Promise<void>;
  /** Does nothing when there is none. */
  remove(id: string): Promise<void>;
}

const jobSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  symbol: z.string(),
  interval: z.enum(['1m', '5m', '15m', '1h', '1d']),
  fromMs: z.int(),
  toMs: z.int(),
  reason: z.string(),
  queuedMs: z.number(),
  nextMs: z.int(),
  attempts: z.int(),
  notBeforeMs: z.number(),
  refused: z.string().optional(),
});

/** For one process at a time. */
export class FileBackfillStore implements BackfillStore {
  readonly #folder: string;

  /** @param folder of these jobs only; made when missing. */
  constructor(folder: string) {
    makeDirectory(folder);
    this.#folder = folder;
  }

  /** @throws PipelineError `data-dir.unusable` with the file that is no job. */
  async all(): Promise<readonly BackfillJob[]> {
    const jobs: BackfillJob[] = [];
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith('.json')) jobs.push(await this.#read(join(this.#folder, name)));
    }
    return jobs;
  }

  async put(job: BackfillJob): Promise<void> {
    const draft = join(this.#folder, `${job.id}.draft`);
    await writeDurably(draft, JSON.stringify(job));
    await rename(draft, this.#path(job.id));
    await syncFolder(this.#folder);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  async #read(path: string): Promise<BackfillJob> {
    try {
      return jobSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      const message = `backfill ${path} cannot be read: ${reasonOf(error)}; remove it and ask for the backfill again`;
      throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
