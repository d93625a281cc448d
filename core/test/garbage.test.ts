import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

/**
 * Keeps the newest `alive` of many small objects, and says how large a part of the heap was at most.
 * @returns MiB
 */
function largest(space: 'new_space' | 'old_space', alive: number): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { keepHeapSmall } from ${JSON.stringify(fileURLToPath(new URL('../src/garbage.ts', import.meta.url)))};
    // As much as loading a program leaves.
    for (let index = 0, former = []; index < 1_000_000; index += 1) former[index % 50_000] = { index, list: [index] };
    keepHeapSmall();
    const kept = [];
    let largest = 0;
    for (let turn = 0; turn < 300; turn += 1) {
      for (let index = 0; index < 20_000; index += 1) kept[(turn * 20_000 + index) % ${alive}] = { index, list: [index] };
      await new Promise(resolve => setImmediate(resolve));
      largest = Math.max(largest, getHeapSpaceStatistics().find(space => space.space_name === '${space}').space_size);
    }
    console.log(largest / 2 ** 20);`;
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return Number(stdout);
}

it('ends the growth of the young part of the heap', () => {
  expect(largest('new_space', 10_000)).toBeLessThanOrEqual(16);
});

it('collects the old part before it is three times what is alive in it', () => {
  // They are 50 MB; with V8's own bounds it grows to 210.
  expect(largest('old_space', 400_000)).toBeLessThanOrEqual(150);
});
