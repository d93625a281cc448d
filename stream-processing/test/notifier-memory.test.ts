import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { FileItems } from '@tapeline/database/file-items';
import type { WorkItems } from '@tapeline/database/work-store';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { SentMemory, type SentMemoryOptions } from '../src/notifier/sent-memory.ts';

const dayMs = 86_400_000;

describe('the memory of a destination', () => {
  let folder = '';
  let nowMs = 0;
  beforeEach(() => {
    folder = temporaryFolder('memory');
    nowMs = Date.parse('2026-11-21T00:00:00Z');
  });

  const open = (more: Partial<SentMemoryOptions> = {}) =>
    SentMemory.open({
      items: new FileItems(folder),
      topic: 'market-data.alerts',
      firstOffset: async () => 40,
      lowOffset: async () => 3,
      clock: () => nowMs,
      ...more,
    });
  const ids = (from: number, count: number) => Array.from({ length: count }, (_, index) => `id-${from + index}`);

  it('begins where it is told, once', async () => {
    expect((await open()).nextOffset).toBe(40);
    expect((await open({ firstOffset: async () => 99 })).nextOffset).toBe(40);
  });

  it('begins at the start of another topic, once, and still knows what was sent', async () => {
    await (await open()).remember(['x'], 500);
    nowMs += 1;
    const topic = 'wide.market-data.alerts';
    const other = await open({ topic });
    expect([other.isOfOtherTopic, other.nextOffset, other.knows('x')]).toEqual([true, 3, true]);
    nowMs += 1;
    await other.remember(['y'], 12);
    const again = await open({ topic });
    expect([again.isOfOtherTopic, again.nextOffset, again.size]).toEqual([false, 12, 2]);
  });

  it('that names no topic, as those that former programs wrote, is of the present one from then on', async () => {
    writeFileSync(join(folder, 'former.json'), JSON.stringify({ v: 1, nextOffset: 500, lastMs: nowMs, ids: ['x'] }));
    nowMs += 1;
    const memory = await open({ topic: 'wide.market-data.alerts' });
    expect([memory.isNew, memory.isOfOtherTopic, memory.nextOffset]).toEqual([false, false, 500]);
    nowMs += 1;
    const other = await open({ topic: 'narrow.market-data.alerts' });
    expect([other.isOfOtherTopic, other.nextOffset, other.knows('x')]).toEqual([true, 3, true]);
  });

  it('knows after a restart what was sent, and how far the topic was dealt with', async () => {
    const memory = await open();
    await memory.remember(ids(0, 1_200), 1_300);
    await memory.remember(ids(1_200, 3), 1_310);
    await memory.advance(1_400);
    const again = await open();
    expect([again.nextOffset, again.size]).toEqual([1_400, 1_203]);
    expect([again.knows('id-0'), again.knows('id-1202'), again.knows('id-1203')]).toEqual([true, true, false]);
    // 500 ids in an item.
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('says that it was dealt with only when all of it is remembered', async () => {
    const items = new FileItems(folder);
    let puts = 0;
    const failing: WorkItems = {
      all: () => items.all(),
      remove: id => items.remove(id),
      put: async (id, text) => {
        puts += 1;
        if (puts === 3) throw new PipelineError('store.unavailable', 'away', { retriable: true });
        await items.put(id, text);
      },
    };
    const memory = await open({ items: failing });
    await expect(memory.remember(ids(0, 1_200), 2_000)).rejects.toThrow('away');
    const meanwhile = await open();
    expect([meanwhile.nextOffset, meanwhile.knows('id-499')]).toEqual([40, true]);
    await memory.remember(ids(0, 1_200), 2_000);
    const again = await open();
    expect([again.nextOffset, again.size]).toEqual([2_000, 1_200]);
  });

  it('forgets what the topic cannot hold any more, but never where to go on', async () => {
    const memory = await open();
    await memory.remember(ids(0, 500), 500);
    nowMs += 20 * dayMs;
    await memory.remember(ids(500, 500), 1_000);
    expect(memory.knows('id-0')).toBe(true);
    nowMs += 2 * dayMs;
    await memory.remember(ids(1_000, 1), 1_001);
    expect([memory.knows('id-0'), memory.knows('id-500')]).toEqual([false, true]);
    nowMs += 100 * dayMs;
    expect((await open()).nextOffset).toBe(1_001);
  });

  it('keeps no more ids than it may, and no more items', async () => {
    const memory = await open({ mostIds: 2_000 });
    for (let from = 0; from < 20_000; from += 700) await memory.remember(ids(from, 700), from);
    expect(memory.size).toBeLessThanOrEqual(2_500);
    expect(memory.knows('id-20000')).toBe(true);
    expect(readdirSync(folder).length).toBeLessThanOrEqual(7);
  });

  it('loses nothing when two write at the same time', async () => {
    const [one, other] = [await open(), await open()];
    await one.remember(ids(0, 3), 50);
    nowMs += 1;
    await other.remember(ids(10, 3), 60);
    nowMs += 1;
    await one.remember(ids(3, 3), 55);
    const again = await open();
    expect([again.size, again.knows('id-5'), again.knows('id-12')]).toEqual([9, true, true]);
  });

  it('that cannot be read is refused with its place and what to do', async () => {
    await (await open()).remember(['x'], 41);
    writeFileSync(join(folder, 'broken.json'), '{"v":1');
    await expect(open()).rejects.toThrow(/broken\.json, which says what was sent, cannot be read: .*; remove it/);
  });
});
