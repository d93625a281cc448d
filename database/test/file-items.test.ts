import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { FileItems } from '../src/file-items.ts';

describe('items in a folder', () => {
  it('are there after a restart, each in its newest form, until they are removed', async () => {
    const folder = join(temporaryFolder('items'), 'queue');
    const items = new FileItems(folder);
    await items.put('a', 'one');
    await items.put('b', 'two');
    await items.put('a', 'three');
    const found = await new FileItems(folder).all();
    expect(found.map(({ id, text }) => [id, text]).sort()).toEqual([
      ['a', 'three'],
      ['b', 'two'],
    ]);
    await items.remove('a');
    await items.remove('never there');
    expect((await items.all()).map(({ id }) => id)).toEqual(['b']);
  });

  it('are listed while some of them are removed: those that stay are all there', async () => {
    const items = new FileItems(temporaryFolder('items'));
    const going = Array.from({ length: 50 }, (_, index) => `going-${index}`);
    for (const id of ['a', ...going, 'z']) await items.put(id, id);
    const [listed] = await Promise.all([items.all(), ...going.map(id => items.remove(id))]);
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 'z']));
  });

  it('take puts of one item in their order, however many are under way', async () => {
    const folder = temporaryFolder('items');
    const items = new FileItems(folder);
    await Promise.all(Array.from({ length: 20 }, (_, index) => items.put('a', `text ${index}`)));
    expect((await items.all()).map(({ text }) => text)).toEqual(['text 19']);
  });

  it('say that the disk is full, keep what was there, and take more when there is room', async () => {
    const folder = temporaryFolder('items');
    const items = new FileItems(folder);
    await items.put('a', 'before');
    await symlink('/dev/full', join(folder, 'a.draft'));
    await expect(items.put('a', 'after')).rejects.toMatchObject({
      code: 'store.full',
      retriable: false,
      message: expect.stringContaining('free disk space'),
    });
    expect((await items.all()).map(({ text }) => text)).toEqual(['before']);
    await items.put('a', 'after');
    expect((await items.all()).map(({ text }) => text)).toEqual(['after']);
    expect(await readdir(folder)).toEqual(['a.json']);
  });
});
