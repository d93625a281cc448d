import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { makeDirectory } from '../src/directories.ts';

describe('makeDirectory', () => {
  it('makes a folder and those above it, once and again', () => {
    const folder = join(temporaryFolder('folder'), 'a', 'b', 'c');
    makeDirectory(folder);
    makeDirectory(folder);
    expect(existsSync(folder)).toBe(true);
  });

  it('throws where nothing can be made, and where a file stands', () => {
    expect(() => makeDirectory('/proc/nope/deeper')).toThrow(/ENOENT/);
    const file = join(temporaryFolder('folder'), 'file');
    writeFileSync(file, '');
    expect(() => makeDirectory(file)).toThrow(/EEXIST/);
    expect(() => makeDirectory(join(file, 'below'))).toThrow(/ENOTDIR/);
  });
});
