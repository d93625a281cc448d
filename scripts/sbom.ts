/**
 * Writes what the images hold as a CycloneDX 1.5 SBOM: `npm run sbom -- sbom.json` for all images together,
 * `npm run sbom -- sbom.json ingester` for one of them.
 *
 * It names the base image and not what is in it: that is a scanner's work, on the built image. The same lock gives the same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { reasonOf } from '@tapeline/core/errors';
import { dependenciesOf, imagesOf, type Lock, type ProductionPackage, packagesOf, readLock } from './production-packages.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly type: 'library' | 'container';
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly object[];
}

export interface Sbom {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.5';
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** @throws Error when the Dockerfile has no image of this name. */
export function sbomOf(image: string | undefined, lock: Lock = readLock(), dockerfile: string = readDockerfile()): Sbom {
  const images = imagesOf(dockerfile);
  const workspaces = image === undefined ? [...new Set([...images.values()].flat())] : images.get(image);
  if (workspaces === undefined) throw new Error(`"${image}" is no image, expected one of: ${[...images.keys()].join(', ')}`);
  const packages = packagesOf(lock, workspaces);
  const version = lock['']?.version ?? '';
  const name = image === undefined ? 'tapeline' : `tapeline/${image}`;
  const base = baseOf(dockerfile);
  const direct = [...new Set(workspaces.flatMap(workspace => dependenciesOf(lock, workspace)))].toSorted();
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { 'bom-ref': `${name}@${version}`, type: 'container', name, version, licenses: licencesOf('Apache-2.0') } },
    components: [base, ...packages.map(componentOf)],
    dependencies: [
      { ref: `${name}@${version}`, dependsOn: [base['bom-ref'], ...direct] },
      ...packages.map(each => ({ ref: idOf(each), dependsOn: each.dependsOn })),
    ],
  };
}

function componentOf(each: ProductionPackage): Component {
  const { name, version, licence, integrity } = each;
  const [group, short] = name.startsWith('@') ? (name.split('/') as [string, string]) : [undefined, name];
  const path = group === undefined ? name : `%40${group.slice(1)}/${short}`;
  return {
    'bom-ref': idOf(each),
    type: 'library',
    ...(group === undefined ? {} : { group }),
    name: short,
    version,
    purl: `pkg:npm/${path}@${version}`,
    ...(integrity?.startsWith('sha512-') ? { hashes: [{ alg: 'SHA-512', content: hexOf(integrity.slice('sha512-'.length)) }] } : {}),
    ...(licence === undefined ? {} : { licenses: licencesOf(licence) }),
  };
}

function baseOf(dockerfile: string): Component {
  const [, name, version] = /^ARG NODE_IMAGE=(\S+):(\S+)$/m.exec(dockerfile) ?? [];
  if (name === undefined || version === undefined) throw new Error('the Dockerfile names no NODE_IMAGE: write ARG NODE_IMAGE=<name>:<tag>');
  return { 'bom-ref': `${name}:${version}`, type: 'container', name, version };
}

/** Identifiers of SPDX have no spaces; what has some is an expression or a name of its own. */
function licencesOf(licence: string): readonly object[] {
  if (/ (OR|AND|WITH) /.test(licence)) return [{ expression: licence }];
  return [{ license: licence.includes(' ') ? { name: licence } : { id: licence } }];
}

function idOf({ name, version }: ProductionPackage): string {
  return `${name}@${version}`;
}

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function readDockerfile(): string {
  return readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8');
}

if (import.meta.main) {
  const [file, image] = process.argv.slice(2);
  const help = 'sbom: writes what the images hold as a CycloneDX 1.5 SBOM, of all together or of one: npm run sbom -- sbom.json [image]\n';
  try {
    if (file === '--help' || file === '-h') process.stdout.write(help);
    else if (file === undefined || file.startsWith('-'))
      throw new Error('a file to write to is missing: npm run sbom -- sbom.json [image]');
    else writeFileSync(file, `${JSON.stringify(sbomOf(image), undefined, 2)}\n`);
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exitCode = 1;
  }
}
