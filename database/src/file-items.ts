/** Items in a folder: a file for each, put in place by a rename. For one process at a time. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@tapeline/core/directories';
import { fileFailure, orFull, syncFolder, textIfThere, writeDurably } from '@tapeline/core/durable-file';
import type { WorkItem, WorkItems } from './work-store.ts';

export class FileItems implements WorkItems {
  readonly #folder: string;
  /** Ends when the last put has: two of one item have one draft. */
  #writing: Promise<unknown> = Promise.resolve();

  /**
   * @param folder of these items only; made when missing.
   * @throws PipelineError `store.full` for a full disk, as `put` and `remove` do.
   */
  constructor(folder: string) {
    try {
      makeDirectory(folder);
    } catch (error) {
      throw fileFailure(error, folder);
    }
    this.#folder = folder;
  }

  async all(): Promise<readonly WorkItem[]> {
    const items: WorkItem[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith('.json')) continue;
      const place = join(this.#folder, name);
      // One may be removed after the folder was listed.
      const text = await textIfThere(place);
      if (text !== undefined) items.push({ id: name.slice(0, -'.json'.length), place, text });
    }
    return items;
  }

  put(id: string, text: string): Promise<void> {
    const written = this.#writing.then(() => orFull(this.#path(id), () => this.#write(id, text)));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async remove(id: string): Promise<void> {
    await orFull(this.#path(id), () => rm(this.#path(id), { force: true }));
  }

  async #write(id: string, text: string): Promise<void> {
    const draft = join(this.#folder, `${id}.draft`);
    await writeDurably(draft, text);
    await rename(draft, this.#path(id));
    await syncFolder(this.#folder);
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
