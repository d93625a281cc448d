/** Makes the folders that processes keep their data in. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node's own recursive `mkdir` never returns where a file system answers "no such file"
 * for a parent that is there (such as /proc); this one throws.
 * @throws the error of the file system
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); statSync(folder, { throwIfNoEntry: false }) === undefined; folder = dirname(folder))
    missing.push(folder);
  for (const folder of missing.reverse()) mkdirSync(folder);
  if (!statSync(path).isDirectory()) mkdirSync(path);
}
