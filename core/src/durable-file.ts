/** Writes small files so that they are whole and still there after a crash of the process or of the machine, and reads those that may be gone. */
import { open, readFile, rm } from 'node:fs/promises';
import { PipelineError } from './errors.ts';
import { systemCode } from './system-errors.ts';

/** No space on the device, no space left for this user. */
const fullCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/**
 * Does something to a file or folder.
 * @throws PipelineError `store.full` for a full disk.
 */
export async function orFull<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/** `store.full` for a full disk; any other error stays what it is. */
export function fileFailure(error: unknown, path: string): unknown {
  if (!fullCodes.includes(systemCode(error))) return error;
  const message = `${path} cannot be written, the disk is full: free disk space`;
  return new PipelineError('store.full', message, { retriable: false, cause: error, fields: { path } });
}

/** The text of a file, UTF-8; `undefined` where there is none. */
export async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file of its own, not yet under a name that anybody reads; what cannot be written whole leaves none. */
export async function writeDurably(path: string, text: string): Promise<void> {
  try {
    await writeAll(path, text);
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeAll(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes names durable: what was linked, renamed or removed in a folder stays so. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
