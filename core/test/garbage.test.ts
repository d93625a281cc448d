import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

/** Much that survives for a while, and how large the young part of the heap is then, in MiB. */
const program = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { keepYoungSmall } from ${JSON.stringify(fileURLToPath(new URL('../src/garbage.ts', import.meta.url)))};
  keepYoungSmall();
  const kept = [];
  for (let turn = 0; turn < 200; turn += 1) {
    for (let index = 0; index < 20_000; index += 1) kept[index % 10_000] = { index, list: [index] };
    await new Promise(resolve => setImmediate(resolve));
  }
  console.log(getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size / 2 ** 20);`;

it('ends the growth of the young part of the heap', () => {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeLessThanOrEqual(16);
});
