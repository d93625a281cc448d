/**
 * Writes docs/licences.md from package-lock.json: `npm run licences`. A test fails when it is stale, or when a licence is one
 * that nobody has looked at.
 */
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '@tapeline/core/command-line';
import { imagesOf, type Lock, packagesOf, readLock } from './production-packages.ts';

/** Licences that ask for no more than their notice, which each package brings along in its folder. */
const allowedLicences: readonly string[] = ['0BSD', 'Apache-2.0', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0', 'Unlicense'];

/** Packages with another licence, and why they may stay. */
const exceptions: Readonly<Record<string, { readonly licence: string; readonly reason: string }>> = {
  argparse: { licence: 'PSF-2.0', reason: "Python's licence, as free as MIT: keep its notice, say what was changed (nothing)" },
  '@cdktf/provider-helm': { licence: 'MPL-2.0', reason: 'used as it is, by whoever deploys; in no image' },
  '@cdktf/provider-kubernetes': { licence: 'MPL-2.0', reason: 'likewise' },
  cdktf: { licence: 'MPL-2.0', reason: 'likewise' },
  jsonify: { licence: 'Public Domain', reason: 'free of all conditions; inside of cdktf, in no image' },
};

export interface LicenceRow {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly usedBy: string;
}

/** Every production package with the images that hold it; where none does, who else uses it. */
export function licenceRows(lock: Lock = readLock()): readonly LicenceRow[] {
  const rows = new Map<string, LicenceRow>();
  for (const [image, workspaces] of imagesOf()) {
    for (const row of rowsOf(lock, image, workspaces)) {
      const known = rows.get(idOf(row));
      rows.set(idOf(row), known === undefined ? row : { ...row, usedBy: `${known.usedBy}, ${image}` });
    }
  }
  const others = [...rowsOf(lock, 'npm start', ['standalone']), ...rowsOf(lock, 'an operator', ['services', 'infrastructure'])];
  for (const row of others) if (!rows.has(idOf(row))) rows.set(idOf(row), row);
  return [...rows.values()].toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** Packages whose licence is neither allowed nor explained, as sentences with the remedy. */
export function licenceFaults(rows: readonly LicenceRow[]): readonly string[] {
  return rows
    .filter(({ name, licence }) => !allowedLicences.includes(licence) && exceptions[name]?.licence !== licence)
    .map(
      ({ name, version, licence }) =>
        `${name} ${version} has the licence ${licence}: allow or explain it in scripts/licences.ts, or do without`,
    );
}

/** The whole document. */
export function licencesDocument(rows: readonly LicenceRow[] = licenceRows()): string {
  const counts = Map.groupBy(rows, ({ licence }) => licence);
  return `# Licences

The production packages of package-lock.json, and the images of the [Dockerfile](../Dockerfile) that hold them, each with its own notice in its folder. \`npm start\` uses these too; the few
that are in no image are named after who runs them: \`npm start\`, or an operator (\`services\`, \`infrastructure\`). The fold's engine is compiled by AssemblyScript (Apache-2.0), and holds a part of its
library. The base image (Node.js, Debian) has licences of its own, which a scanner lists from the built image. Tapeline itself is [Apache-2.0](../LICENSE).

Made by \`npm run licences\`; a test fails when it is stale, or when a package has a licence that nobody has looked at.

Allowed without a word: ${allowedLicences.join(', ')}. All others are looked at one by one:

| package | licence | why it may stay |
| --- | --- | --- |
${Object.entries(exceptions)
  .map(([name, { licence, reason }]) => `| ${name} | ${licence} | ${reason} |`)
  .join('\n')}

| licence | packages |
| --- | --: |
${[...counts.entries()]
  .toSorted(([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1))
  .map(([licence, each]) => `| ${licence} | ${each.length} |`)
  .join('\n')}

| package | version | licence | used by |
| --- | --- | --- | --- |
${rows.map(({ name, version, licence, usedBy }) => `| ${name} | ${version} | ${licence} | ${usedBy} |`).join('\n')}
`;
}

function rowsOf(lock: Lock, usedBy: string, workspaces: readonly string[]): readonly LicenceRow[] {
  return packagesOf(lock, workspaces).map(({ name, version, licence = 'none given' }) => ({ name, version, licence, usedBy }));
}

function idOf({ name, version }: LicenceRow): string {
  return `${name}@${version}`;
}

if (import.meta.main) {
  const help = 'licences: writes docs/licences.md from package-lock.json.\n';
  process.exitCode = await runCommandLine({ help }, async () => {
    writeFileSync(new URL('../docs/licences.md', import.meta.url), licencesDocument());
    return 0;
  });
}
