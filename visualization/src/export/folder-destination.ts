/** Exports to a folder: each file is written beside its place and renamed. */
import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from '@tapeline/core/directories';
import { type ExportDestination, exportError, type FoundFile } from './export-destination.ts';

/** What a killed export left behind is removed after so long: until then it may be another one's at work. */
const abandonedMs = 3_600_000;

export class FolderDestination implements ExportDestination {
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  async find(path: string): Promise<FoundFile | undefined> {
    const place = join(this.name, path);
    const found = await stat(place).catch(() => undefined);
    if (found === undefined) return undefined;
    return { byteLength: found.size, slice: (start, end = found.size) => sliceOf(place, start, end) };
  }

  async put<T>(path: string, write: (temporaryPath: string) => Promise<T>): Promise<T> {
    const target = join(this.name, path);
    const folder = dirname(target);
    const temporary = join(folder, `.${basename(target)}.${randomUUID()}.partial`);
    try {
      makeDirectory(folder);
      await removeAbandoned(folder);
      const written = await write(temporary);
      await rename(temporary, target);
      await syncFolder(folder);
      return written;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw isOfFiles(error)
        ? exportError(`cannot write ${target}`, error, { remedy: 'make room or correct its permissions', retriable: false })
        : error;
    }
  }

  async close(): Promise<void> {}
}

async function sliceOf(path: string, start: number, end: number): Promise<ArrayBuffer> {
  try {
    const file = await open(path);
    const bytes = new Uint8Array(end - start);
    await file.read(bytes, 0, bytes.length, start).finally(() => file.close());
    return bytes.buffer;
  } catch (error) {
    throw exportError(`cannot read ${path}`, error, { remedy: 'correct its permissions', retriable: false });
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.partial')) continue;
    const path = join(folder, name);
    // One that another export has just renamed is not there any more.
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < Date.now() - abandonedMs) await rm(path, { force: true });
  }
}

/** Makes the new name durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

function isOfFiles(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
