/**
 * Which packages of package-lock.json run in production, and in which image: the base of the SBOM and of docs/licences.md.
 *
 * `npm sbom --omit dev` leaves out what a development package needs as well (nodemailer, yaml), so the lock is walked here;
 * a test holds the walk to `npm ls`.
 */
import { readFileSync } from 'node:fs';

export interface ProductionPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package's manifest says; `undefined` where it says none. */
  readonly licence: string | undefined;
  /** `sha512-…` in base64 of the tarball; absent where another package carries this one inside. */
  readonly integrity: string | undefined;
  /** `name@version` of what it needs, sorted. */
  readonly dependsOn: readonly string[];
}

export interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The `packages` of a package-lock.json of version 3, by their places (`node_modules/ws`, `core`). */
export type Lock = Readonly<Record<string, LockEntry>>;

/** The lock of this repository. */
export function readLock(): Lock {
  return (JSON.parse(readText('package-lock.json')) as { packages: Lock }).packages;
}

/** The workspaces whose packages each image of the Dockerfile holds, by the image's name. */
export function imagesOf(dockerfile: string = readText('Dockerfile')): ReadonlyMap<string, readonly string[]> {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const installs = new Map<string, readonly string[]>();
  const images = new Map<string, readonly string[]>();
  for (const stage of stages) {
    const name = /^\S+ AS (\S+)/.exec(stage)?.[1];
    const workspaces = [...stage.matchAll(/--workspace=(\S+)/g)].map(match => match[1] as string);
    if (name !== undefined && workspaces.length > 0) installs.set(name, workspaces);
    const installed = installs.get(/COPY --from=(\S+) \S*node_modules/.exec(stage)?.[1] ?? '');
    if (name !== undefined && installed !== undefined) images.set(name, installed);
  }
  return images;
}

/** What `npm ci --omit=dev` installs for these workspaces, sorted by name; each version of a package once. */
export function packagesOf(lock: Lock, workspaces: readonly string[]): readonly ProductionPackage[] {
  const places = new Set(workspaces);
  const found = new Map<string, ProductionPackage>();
  // A set is walked in order, also what is added meanwhile.
  for (const place of places) {
    const entry = lock[place];
    if (entry === undefined) throw new Error(`package-lock.json has no "${place}": name a workspace of package.json`);
    for (const needed of neededBy(lock, place)) places.add(needed);
    if (!place.includes('node_modules/')) continue;
    const { version = '', license: licence, integrity } = entry;
    found.set(idOf(lock, place), { name: nameOf(lock, place), version, licence, integrity, dependsOn: dependenciesOf(lock, place) });
  }
  return [...found.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

/** `name@version` of what the package or workspace at `place` needs itself, sorted. */
export function dependenciesOf(lock: Lock, place: string): readonly string[] {
  return neededBy(lock, place)
    .map(needed => idOf(lock, needed))
    .toSorted();
}

/** Peers count where they are installed; what only development needs does not. */
function neededBy(lock: Lock, place: string): readonly string[] {
  const { dependencies, optionalDependencies, peerDependencies } = lock[place] ?? {};
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    .map(name => placeOf(lock, place, name))
    .filter(needed => needed !== undefined && !lock[needed]?.dev) as string[];
}

/** The place that Node finds `name` at, from the package at `place`; `undefined` for an optional one that is not installed. */
function placeOf(lock: Lock, place: string, name: string): string | undefined {
  for (let folder = place; ; folder = parentOf(folder)) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const entry = lock[candidate];
    if (entry !== undefined) return entry.link ? entry.resolved : candidate;
    if (folder === '') return undefined;
  }
}

/** `a/node_modules/b` is below `a`; what stands alone is below the root. */
function parentOf(folder: string): string {
  const cut = folder.lastIndexOf('/node_modules/');
  return cut < 0 ? '' : folder.slice(0, cut);
}

function idOf(lock: Lock, place: string): string {
  return `${nameOf(lock, place)}@${lock[place]?.version}`;
}

function nameOf(lock: Lock, place: string): string {
  return lock[place]?.name ?? (place.split('node_modules/').at(-1) as string);
}

function readText(name: string): string {
  return readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
}
