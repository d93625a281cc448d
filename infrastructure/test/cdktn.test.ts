import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readStacks } from './support/synthesised.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const versionOf = (name: string): string =>
  JSON.parse(readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8')).version;

describe('the fork of CDKTF', () => {
  // npm takes the packages from its cache, where `npm ci` put them: 3 s, and some 20 s more where it must fetch them.
  it('cdktn 0.24, put in the place of cdktf by npm overrides, synthesises the same JSON from the same sources', () => {
    const folder = temporaryFolder('cdktn');
    installFork(folder);
    copySources(folder);
    const [ours, theirs] = [repository, folder].map(root =>
      synthesiseIn(root, join(folder, `out-of-${root === folder ? 'cdktn' : 'cdktf'}`)),
    );
    expect(theirs?.libraries).toEqual(['0.24.0']);
    expect(ours?.libraries).toEqual(['0.21.0']);
    expect(ours?.stacks.size).toBe(8);
    expect(theirs?.stacks).toEqual(ours?.stacks);
  }, 180_000);
});

function installFork(folder: string): void {
  const fork = `npm:cdktn@${versionOf('cdktn')}`;
  const names = ['@cdktf/provider-kubernetes', '@cdktf/provider-helm', 'constructs'];
  const dependencies = { cdktf: fork, ...Object.fromEntries(names.map(name => [name, versionOf(name)])) };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies, overrides: { cdktf: fork } }));
  const flags = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', flags, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

function copySources(folder: string): void {
  for (const name of ['infrastructure/src', 'scripts/image-tag.ts', 'charts'])
    cpSync(join(repository, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules/@tapeline'));
  symlinkSync(join(repository, 'core'), join(folder, 'node_modules/@tapeline/core'));
}

function synthesiseIn(root: string, outdir: string) {
  const environment = { ...process.env, CDKTF_OUTDIR: outdir, TAPELINE_IMAGE_TAG: 'test' };
  execFileSync(process.execPath, [join(root, 'infrastructure/src/main.ts')], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const manifest = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')) as { readonly version: string };
  return { libraries: [manifest.version], stacks: readStacks(outdir) };
}
