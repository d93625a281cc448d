/** What the images hold: the SBOM, the licences, and the audit against a registry on a real socket. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { licenceFaults, licenceRows, licencesDocument } from '../scripts/licences.ts';
import { imagesOf, type Lock, packagesOf } from '../scripts/production-packages.ts';
import { sbomOf } from '../scripts/sbom.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

describe('docs/licences.md', () => {
  it('lists the packages of now (else: npm run licences)', () => {
    expect(readFileSync(`${root}docs/licences.md`, 'utf8')).toBe(licencesDocument());
  });

  it('has licences only that are allowed or explained', () => {
    expect(licenceFaults(licenceRows())).toEqual([]);
  });

  it('refuses a licence that nobody has looked at, also of a package with an exception for another one', () => {
    const row = { version: '1.0.0', usedBy: 'ingester' };
    const faults = licenceFaults([
      { ...row, name: 'ws', licence: 'AGPL-3.0' },
      { ...row, name: 'argparse', licence: 'none given' },
      { ...row, name: 'argparse', licence: 'PSF-2.0' },
    ]);
    expect(faults).toEqual([
      'ws 1.0.0 has the licence AGPL-3.0: allow or explain it in scripts/licences.ts, or do without',
      'argparse 1.0.0 has the licence none given: allow or explain it in scripts/licences.ts, or do without',
    ]);
  });
});

describe('production packages', () => {
  it('are found as Node finds them: nested before hoisted, peers where they are there, nothing of development', () => {
    const lock: Lock = {
      core: { version: '0.1.0', dependencies: { a: '1' }, peerDependencies: { absent: '1', tool: '1' } },
      'node_modules/core': { link: true, resolved: 'core' },
      'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { b: '2' }, peerDependencies: { c: '1' } },
      'node_modules/a/node_modules/b': { version: '2.0.0', license: 'ISC', dependencies: { c: '1' } },
      'node_modules/b': { version: '1.0.0', license: 'MIT' },
      'node_modules/c': { version: '1.0.0', license: 'MIT' },
      'node_modules/tool': { version: '1.0.0', license: 'GPL-3.0', dev: true },
    };
    expect(packagesOf(lock, ['core']).map(({ name, version, dependsOn }) => [name, version, ...dependsOn])).toEqual([
      ['a', '1.0.0', 'b@2.0.0', 'c@1.0.0'],
      ['b', '2.0.0', 'c@1.0.0'],
      ['c', '1.0.0'],
    ]);
    expect(() => packagesOf(lock, ['log'])).toThrow('package-lock.json has no "log": name a workspace of package.json');
  });

  it('of each image are those of the workspaces that its stage of the Dockerfile installs', () => {
    const images = imagesOf();
    expect([...images.keys()]).toEqual(['ingester', 'backfiller', 'stream-processor', 'live-board', 'notifier', 'migrations', 'simulator']);
    expect(images.get('ingester')).toEqual(['core', 'log', 'ingestion']);
    expect(images.get('notifier')).toEqual(images.get('stream-processor'));
  });
});

describe('the SBOM', () => {
  it.each([...imagesOf()])('of the image %s has what npm says that is installed there', (image, workspaces) => {
    const flags = [
      'ls',
      '--all',
      '--omit=dev',
      '--package-lock-only',
      '--parseable',
      '--long',
      ...workspaces.map(name => `--workspace=${name}`),
    ];
    const lines = execFileSync('npm', flags, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
    const installed = lines.map(line => line.split(':')[1] ?? '').filter(id => id !== '' && !/^(@tapeline\/|tapeline@)/.test(id));
    const { components } = sbomOf(image);
    const libraries = components.filter(({ type }) => type === 'library').map(component => component['bom-ref']);
    expect(libraries).toEqual([...new Set(installed)].toSorted());
  });

  it('names each package with licence and checksum, what it needs, and the base image', () => {
    const { components, dependencies, metadata } = sbomOf('notifier');
    expect(metadata.component).toMatchObject({ type: 'container', name: 'tapeline/notifier' });
    expect(components[0]).toMatchObject({ type: 'container', name: 'docker.io/library/node' });
    expect(components.find(({ name }) => name === 'nodemailer')).toEqual({
      'bom-ref': expect.stringMatching(/^nodemailer@\d/),
      type: 'library',
      name: 'nodemailer',
      version: expect.any(String),
      purl: expect.stringMatching(/^pkg:npm\/nodemailer@\d/),
      hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
      licenses: [{ license: { id: 'MIT-0' } }],
    });
    expect(components.find(({ group }) => group === '@opentelemetry')?.purl).toMatch(/^pkg:npm\/%40opentelemetry\/api@\d/);
    const refs = new Set([...components, metadata.component].map(component => component['bom-ref']));
    expect(refs.size).toBe(components.length + 1);
    expect(dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter(ref => !refs.has(ref))).toEqual([]);
  });

  it('of an image that is not there is refused with those that are', () => {
    expect(() => sbomOf('board')).toThrow('"board" is no image, expected one of: ingester, backfiller, stream-processor, live-board');
  });
});
