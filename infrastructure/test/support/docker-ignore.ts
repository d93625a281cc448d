/** This file decides which files of the repository a build may see, as Docker does from `.dockerignore`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Rule {
  readonly pattern: RegExp;
  readonly isException: boolean;
}

/**
 * True for a path that a build may not see: the last rule that matches the path or a folder above it decides.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function ignoredBy(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(ruleOf);
  return path => {
    const names = path.split('/');
    const paths = names.map((_, index) => names.slice(0, index + 1).join('/'));
    return rules.findLast(({ pattern }) => paths.some(upTo => pattern.test(upTo)))?.isException === false;
  };
}

/** Every file below `directory` that a build sees, in order; `skipped` are folders not even looked into. */
export function filesOfContext(directory: string, isIgnored: (path: string) => boolean, skipped: ReadonlySet<string>): readonly string[] {
  const walk = (folder: string): readonly string[] =>
    readdirSync(join(directory, folder), { withFileTypes: true }).flatMap(entry => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(path);
      return isIgnored(path) ? [] : [path];
    });
  return walk('').toSorted();
}

function ruleOf(line: string): Rule {
  const isException = line.startsWith('!');
  const glob = (isException ? line.slice(1) : line).replace(/^\/|\/$/g, '');
  if (!/^[\w./*-]+$/.test(glob)) throw new Error(`"${line}" is more than this reader of .dockerignore knows`);
  const pattern = glob.split('/').map(name => (name === '**' ? '.*' : name.replaceAll('.', '\\.').replaceAll('*', '[^/]*')));
  return { pattern: new RegExp(`^${pattern.join('/')}$`), isException };
}
