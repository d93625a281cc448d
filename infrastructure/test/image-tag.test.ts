import { execFileSync } from 'node:child_process';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { imageTag } from '../../scripts/image-tag.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';

describe('the tag of the images', () => {
  let directory = '';
  let commit = '';
  const git = (...args: readonly string[]) => execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8' });
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

  beforeEach(() => {
    directory = temporaryFolder('tag');
    git('init', '--quiet');
    write('a', 'one');
    write('.gitignore', 'ignored\n');
    git('add', '.');
    git('-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '--message=first');
    commit = git('rev-parse', 'HEAD').trim();
  });

  it('is the first twelve digits of the commit when nothing is changed', () => {
    expect(imageTag(directory)).toBe(commit.slice(0, 12));
    utimesSync(join(directory, 'a'), 0, 0);
    write('ignored', 'by git');
    expect(imageTag(directory)).toBe(commit.slice(0, 12));
  });

  it('tells two changed trees apart, and the same change from none', () => {
    write('a', 'two');
    const changed = imageTag(directory);
    expect(changed).toMatch(new RegExp(`^${commit.slice(0, 12)}-[0-9a-f]{8}$`));
    expect(imageTag(directory)).toBe(changed);
    write('a', 'three');
    expect(imageTag(directory)).not.toBe(changed);
    write('a', 'one');
    expect(imageTag(directory)).toBe(commit.slice(0, 12));
  });

  it('counts a file that is new, and one that is gone', () => {
    write('b', 'new');
    const added = imageTag(directory);
    rmSync(join(directory, 'b'));
    rmSync(join(directory, 'a'));
    const removed = imageTag(directory);
    expect(new Set([added, removed, commit.slice(0, 12)]).size).toBe(3);
  });
});
