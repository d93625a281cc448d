/**
 * What synthesis is expected to give. `npm run goldens` writes it anew; a diff of these files is what a review looks at.
 *
 * The hash in a chart's path is left out: charts have tests of their own, and each of their commits would change it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JsonMap } from './json.ts';

export function goldenFile(stack: string): string {
  return fileURLToPath(new URL(`../goldens/${stack}.json`, import.meta.url));
}

export function renderGolden(stack: JsonMap): string {
  const text = JSON.stringify(stack, undefined, 2);
  return `${text.replaceAll(/(\.\/assets\/[\w-]+_[0-9A-F]{8}\/)[0-9A-F]{32}/g, '$1hash-of-its-files')}\n`;
}

export function readGolden(stack: string): string {
  return readFileSync(goldenFile(stack), 'utf8');
}

export function writeGolden(stack: string, rendered: string): void {
  writeFileSync(goldenFile(stack), rendered);
}
