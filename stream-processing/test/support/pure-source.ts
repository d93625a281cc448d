/** Holds a folder of the source to what a deterministic fold may name. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from '@jest/globals';

/** Fails on a file of `src/<name>` that names a clock, randomness or I/O, or imports records for more than their types. */
export function expectPureSource(name: 'fold' | 'hot'): void {
  const folder = new URL(`../../src/${name}/`, import.meta.url);
  for (const file of readdirSync(folder)) {
    const source = readFileSync(new URL(file, folder), 'utf8');
    expect([
      file,
      source.match(/\b(Date\.now|new Date|performance|Math\.random|setTimeout|setInterval|process|fetch|crypto|node:)\b/),
    ]).toEqual([file, null]);
    expect([file, source.match(/^import (?!type).*core\/(records|dead-letters)'/m)]).toEqual([file, null]);
  }
}
