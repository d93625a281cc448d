/** Files for parsers that read a path: each input takes the place of the one before. Who runs parsers in a thread gives it a folder, and removes it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import type { WorkerData } from './worker-messages.ts';

let folder: string | undefined;

/** @returns the path of a file with this content */
export function fileWith(name: string, content: Uint8Array): string {
  const path = folderOfFiles(name);
  writeFileSync(path, content);
  return path;
}

/** @returns the path of a folder, or of a file */
export function folderOfFiles(name: string): string {
  folder ??= (workerData as Partial<WorkerData> | null)?.folder ?? ownFolder();
  return join(folder, name);
}

/** A folder of its own for files of parsers. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tapeline-fuzz-'));
}

/** Removes the folder of this thread, for who runs parsers in the main one. */
export function removeFiles(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

/** A thread that is ended does not come to its end, so this is for the main one only. */
function ownFolder(): string {
  process.on('exit', removeFiles);
  return newFolder();
}
