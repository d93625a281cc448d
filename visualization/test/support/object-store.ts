/**
 * An S3-compatible object store on loopback, over a folder: the npm package s3rver as a process of its own. It is fetched once, by the lock in
 * `fixtures/object-store`, into the cache of the project (TAPELINE_CACHE_DIR).
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readEnvironment } from '@tapeline/services/environment';
import { exclusively } from '@tapeline/services/exclusive';

/** What the store knows. It knows the key and takes its signature for right. */
export const storeKey = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;

export interface ObjectStore {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const manifests = fileURLToPath(new URL('../fixtures/object-store/', import.meta.url));
const startingMs = 20_000;

const program = `
const [directory, bucket] = process.argv.slice(1);
const S3rver = require('s3rver');
const store = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{ name: bucket }] });
store.run().then(({ port }) => process.stdout.write(port + '\\n'));
`;

/** Starts it with one bucket, its objects in `directory`. */
export async function startObjectStore(directory: string, bucket: string): Promise<ObjectStore> {
  const cwd = await installed();
  const child = spawn(process.execPath, ['-e', program, directory, bucket], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const [port] = await Promise.race([
      once(child.stdout, 'data', { signal: AbortSignal.timeout(startingMs) }),
      ended.then(() => Promise.reject(new Error('the object store ended before it listened'))),
    ]);
    return { endpoint: `http://127.0.0.1:${String(port).trim()}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The folder with the packages; it gets its name when it is whole. */
async function installed(): Promise<string> {
  const cache = readEnvironment().cacheDirectory;
  const lock = await readFile(join(manifests, 'package-lock.json'));
  const folder = join(cache, `object-store-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  await exclusively(join(cache, 'object-store.lock'), async () => {
    if (existsSync(folder)) return;
    const partial = await mkdtemp(`${folder}-partial-`);
    try {
      for (const name of ['package.json', 'package-lock.json']) await copyFile(join(manifests, name), join(partial, name));
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: partial });
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
  return folder;
}
