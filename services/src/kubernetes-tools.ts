/**
 * This file finds the programs of a real Kubernetes (`shared/tools/k8s`) and unpacks them, once for all tests, into the cache.
 *
 * They are no part of this repository: a checkout without them skips the tests that need an API server, and says so.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { type Environment, readEnvironment } from './environment.ts';
import { exclusively } from './exclusive.ts';

const run = promisify(execFile);
const besideTheProject = fileURLToPath(new URL('../../../shared', import.meta.url));
const needed = ['kubectl', 'xz', 'openssl', 'curl', 'ss'] as const;

export interface KubernetesTools {
  /** Folder with control-plane.sh, node.sh, make-image.py and the others. */
  readonly scripts: string;
  /** Folder with etcd, kube-apiserver, helm, kubeconform …; the scripts want it in `BIN`. Holds `provider-mirror` too. */
  readonly bin: string;
}

/** What to say when the shared folder is not there; undefined when it is. */
export function absentSharedTools(environment: Environment = readEnvironment()): PipelineError | undefined {
  const scripts = scriptsOf(environment);
  if (existsSync(join(scripts, 'control-plane.sh'))) return undefined;
  return absentFromShared(scripts);
}

/** What to say when the shared folder lacks that path. It is no part of this repository, so tests are forgiven that they do not run. */
export function absentFromShared(path: string): PipelineError {
  const message = `${path} is absent; name the shared folder by TAPELINE_SHARED`;
  return new PipelineError('services.unavailable', message, { retriable: false, fields: { isForgiven: true } });
}

/** Why there can be no control plane on this machine; undefined when there can. */
export function missingKubernetesTools(environment: Environment = readEnvironment()): PipelineError | undefined {
  const absentFolder = absentSharedTools(environment);
  if (absentFolder !== undefined) return absentFolder;
  const folders = (environment.path ?? '').split(delimiter);
  const absent = needed.filter(name => !folders.some(folder => existsSync(join(folder, name))));
  return absent.length === 0 ? undefined : unavailable(`${absent.join(', ')} not found in PATH, needed for a control plane; install it`);
}

/**
 * Unpacks what is not unpacked yet: 340 MB in some 5 s, shared by all processes of this machine.
 *
 * @throws PipelineError `services.unavailable` with what is missing
 */
export async function kubernetesTools(environment: Environment = readEnvironment()): Promise<KubernetesTools> {
  const missing = missingKubernetesTools(environment);
  if (missing !== undefined) throw missing;
  const scripts = scriptsOf(environment);
  const cache = environment.cacheDirectory;
  const name = `kubernetes-${await fingerprint(scripts)}`;
  const bin = join(cache, name);
  // The folder gets its name when it is whole, so whoever finds it may use it.
  if (!existsSync(bin)) {
    await mkdir(cache, { recursive: true });
    await exclusively(join(cache, 'kubernetes.lock'), async () => (existsSync(bin) ? undefined : await unpack(scripts, bin)));
  }
  return { scripts, bin };
}

function scriptsOf(environment: Environment): string {
  return join(environment.sharedDirectory ?? besideTheProject, 'tools', 'k8s');
}

/** Changes with the binaries, and not with the clock of the machine that they were copied to. */
async function fingerprint(scripts: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(scripts, 'unpack.sh')));
  const prebuilt = join(scripts, 'prebuilt');
  for (const name of (await readdir(prebuilt)).sort()) hash.update(`${name} ${(await stat(join(prebuilt, name))).size}\n`);
  return hash.digest('hex').slice(0, 12);
}

async function unpack(scripts: string, bin: string): Promise<void> {
  const partial = await mkdtemp(`${bin}-partial-`);
  try {
    await run(join(scripts, 'unpack.sh'), [partial]);
    await rename(partial, bin);
  } catch (error) {
    throw unavailable(`the programs of Kubernetes could not be unpacked into ${bin}: ${reasonOf(error)}`);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function unavailable(message: string): PipelineError {
  return new PipelineError('services.unavailable', message, { retriable: false });
}
