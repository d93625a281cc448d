/**
 * This file fetches a server's jars with Maven, once for each version, into a cache that several processes may share.
 *
 * Jars arrive in a folder of their own that is renamed when it is complete, so a folder under its final name is always whole.
 */
import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';
import { exclusively } from './exclusive.ts';
import { findMaven, type JavaNeed } from './java.ts';

const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
/** A first download is 44 MB for Kafka and 67 MB for Cassandra; this is for a slow line. */
const DOWNLOAD_DEADLINE_MS = 15 * 60_000;

export interface JarCacheOptions {
  /** `kafka-4.3.1`: the folder's name in the cache. */
  readonly name: string;
  readonly pomFile: string;
  readonly need: JavaNeed;
  readonly environment: Environment;
  /** @default environment.cacheDirectory */
  readonly cacheDirectory?: string | undefined;
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The folder with the jars of one server; downloads them when the cache lacks them or has those of another pom.
 *
 * @throws PipelineError `services.unavailable`: without Maven, or retriable when the download fails
 */
export async function jarFolder(options: JarCacheOptions): Promise<string> {
  const cache = options.cacheDirectory ?? options.environment.cacheDirectory;
  const folder = join(cache, options.name);
  if (await isComplete(folder, options.pomFile)) return folder;
  await makeCache(cache);
  const onWait = () => options.logger?.info({ folder }, `${options.name}: waiting for another process that fetches it`);
  const fetch = async () => {
    if (!(await isComplete(folder, options.pomFile))) await download(cache, folder, options);
  };
  await exclusively(join(cache, `${options.name}.lock`), fetch, { onWait, signal: options.signal });
  return folder;
}

async function makeCache(cache: string): Promise<void> {
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
  } catch (error) {
    const message = `the cache folder ${cache} cannot be written: ${reasonOf(error)}; name another one by TAPELINE_CACHE_DIR`;
    throw new PipelineError('services.unavailable', message, { retriable: false, cause: error });
  }
}

/** A folder is complete when it is there, for it is renamed last; it is current when it was made from the same pom. */
async function isComplete(folder: string, pomFile: string): Promise<boolean> {
  const [wanted, cached] = await Promise.all([readFile(pomFile), readFile(join(folder, 'pom.xml')).catch(() => undefined)]);
  return cached?.equals(wanted) ?? false;
}

async function download(cache: string, folder: string, options: JarCacheOptions): Promise<void> {
  const maven = await findMaven(options.need.server, options.need.variable, options.environment);
  options.logger?.info({ folder }, `${options.name}: fetching it with maven into ${folder} (first start only)`);
  await removeLeftovers(cache, options.name);
  const partial = await mkdtemp(join(cache, partialPrefix(options.name)));
  try {
    await runMaven(maven, partial, options);
    await writeFile(join(partial, 'pom.xml'), await readFile(options.pomFile));
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  options.logger?.info({ folder }, `${options.name}: fetched`);
}

function partialPrefix(name: string): string {
  return `.${name}-partial-`;
}

/** What a killed process left half fetched; whoever holds the lock is the only one that fetches. */
async function removeLeftovers(cache: string, name: string): Promise<void> {
  const leftovers = (await readdir(cache)).filter(entry => entry.startsWith(partialPrefix(name)));
  await Promise.all(leftovers.map(entry => rm(join(cache, entry), { recursive: true, force: true })));
}

async function runMaven(maven: string, outputDirectory: string, options: JarCacheOptions): Promise<void> {
  const args = ['-q', '-B', '-f', options.pomFile, COPY_GOAL, '-DincludeScope=runtime', `-DoutputDirectory=${outputDirectory}`];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const limits = { timeout: DOWNLOAD_DEADLINE_MS, maxBuffer: 64 * 1024 * 1024, signal: options.signal };
  execFile(maven, args, { ...limits, env: options.environment.all }, (error, stdout, stderr) => {
    if (error === null) return resolve();
    if (options.signal?.aborted === true) return reject(options.signal.reason);
    const said = `${stdout}${stderr}`.trim().split('\n').slice(0, 12).join('\n') || reasonOf(error);
    const remedy = `check the network and maven's settings, then try again, or name running servers by ${options.need.variable}`;
    const message = `${options.name} could not be fetched by ${maven}; ${remedy}; maven said:\n${said}`;
    reject(new PipelineError('services.unavailable', message, { retriable: true, cause: error }));
  });
  await promise;
}
