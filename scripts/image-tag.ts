/**
 * Prints the tag of the images that this working tree gives: `npx node scripts/image-tag.ts`.
 *
 * The first twelve digits of the commit; with uncommitted changes also eight digits of a hash over all files, so that two trees
 * never share a tag and the same tree always has the same one.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../', import.meta.url));

/** The tag for the repository at `directory`; files that git ignores do not count. */
export function imageTag(directory: string = here): string {
  const commit = git(directory, 'rev-parse', '--short=12', 'HEAD').trim();
  const isClean = git(directory, 'status', '--porcelain') === '';
  return isClean ? commit : `${commit}-${contentsOf(directory)}`;
}

function contentsOf(directory: string): string {
  const hash = createHash('sha256');
  const names = git(directory, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0');
  for (const name of [...new Set(names)].filter(text => text !== '').toSorted()) {
    const file = join(directory, name);
    const status = lstatSync(file, { throwIfNoEntry: false });
    if (status === undefined || status.isDirectory()) continue;
    const content = status.isSymbolicLink() ? readlinkSync(file) : readFileSync(file);
    hash.update(`${name}\0${status.mode.toString(8)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 8);
}

function git(directory: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

if (import.meta.main) process.stdout.write(`${imageTag()}\n`);
