/** Holds a folder of the source to what a deterministic fold may name. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from '@jest/globals';

/**
 * Fails on a file of `src/<name>` that names a clock, randomness or I/O, or imports records for more than their types.
 * @param impure files that are no part of a fold
 */
export function expectPureSource(name: 'fold' | 'hot' | 'alerts', impure: readonly string[] = []): void {
  const folder = new URL(`../../src/${name}/`, import.meta.url);
  for (const file of readdirSync(folder)) {
    if (impure.includes(file)) continue;
    const source = readFileSync(new URL(file, folder), 'utf8');
    expect([
      file,
      // A moment that is given is no clock.
      source.match(/new Date(?!\(\w)|\b(Date\.now|performance|Math\.random|setTimeout|setInterval|process|fetch|crypto|node:)\b/),
    ]).toEqual([file, null]);
    expect([file, source.match(/^import (?!type).*core\/(records|dead-letters)'/m)]).toEqual([file, null]);
  }
}
