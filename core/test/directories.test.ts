import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { makeDirectory } from '../src/directories.ts';

describe('makeDirectory', () => {
  it('makes a folder and those above it, once and again', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'tapeline-')), 'a', 'b', 'c');
    makeDirectory(folder);
    makeDirectory(folder);
    expect(existsSync(folder)).toBe(true);
  });

  it('throws where nothing can be made, and where a file stands', () => {
    expect(() => makeDirectory('/proc/nope/deeper')).toThrow(/ENOENT/);
    const file = join(mkdtempSync(join(tmpdir(), 'tapeline-')), 'file');
    writeFileSync(file, '');
    expect(() => makeDirectory(file)).toThrow(/EEXIST/);
    expect(() => makeDirectory(join(file, 'below'))).toThrow(/ENOTDIR/);
  });
});
