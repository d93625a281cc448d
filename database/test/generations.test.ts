import { expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Generations, type GenerationTable } from '../src/generations.ts';
import { sqliteGenerations } from '../src/sqlite/sqlite-generations.ts';

it('are the next number after a switch whose answer was lost: the one that served before is not gone on with', async () => {
  const table = sqliteGenerations(temporaryFolder('generations'));
  const cutOff: GenerationTable = {
    prepare: () => table.prepare(),
    read: () => table.read(),
    put: note => table.put(note),
    remove: generation => table.remove(generation),
    close: () => table.close(),
    serve: async (generation, from) => {
      await table.serve(generation, from);
      throw new PipelineError('store.unavailable', 'no answer in time', { retriable: true });
    },
  };
  const [whole, interrupted] = [new Generations({ table }), new Generations({ table: cutOff })];
  expect(await whole.begin(undefined, 1, 'ann')).toBe(2);
  await whole.ready(2, 'ann');
  await whole.switchTo(2, 'ann');
  expect(await whole.begin(undefined, 1, 'ann')).toBe(3);
  await whole.ready(3, 'ann');
  await expect(interrupted.switchTo(3, 'ann')).rejects.toThrow('no answer in time');
  expect((await whole.list()).map(({ generation, state }) => [generation, state])).toEqual([
    [1, 'retired'],
    [2, 'retired'],
    [3, 'serving'],
  ]);
  expect(await whole.begin(undefined, 1, 'ann')).toBe(4);
});

it('are dropped once everybody may have left them, also where the clock is behind that of whoever switched', async () => {
  const table = sqliteGenerations(temporaryFolder('generations'));
  const of = (nowMs: number) => new Generations({ table, now: () => nowMs, leaveMs: 300 });
  await of(10_000).begin(undefined, 1, 'ann');
  await of(10_000).ready(2, 'ann');
  await of(10_000).switchTo(2, 'ann');
  const beginMs = performance.now();
  await of(4_000).drop(1, 'ben');
  expect(performance.now() - beginMs).toBeGreaterThan(290);
});
