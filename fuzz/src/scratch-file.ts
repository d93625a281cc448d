/** Files of this process for parsers that read a path: each input takes the place of the one before, and all go with the process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;

/** @returns the path of a file with this content */
export function fileWith(name: string, content: Uint8Array): string {
  folder ??= newFolder();
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** @returns the path of a folder */
export function folderOfFiles(name: string): string {
  folder ??= newFolder();
  return join(folder, name);
}

function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tapeline-fuzz-'));
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
