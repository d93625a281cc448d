/** Makes a peer that runs on Java: its jars by Maven into the cache, its classes by javac beside them, once for each version. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { readEnvironment } from '@tapeline/services/environment';
import { jarFolder } from '@tapeline/services/jar-cache';
import { findJava, type JavaNeed } from '@tapeline/services/java';
import type { Logger } from 'pino';

export interface JvmPeer {
  /** The folder in `bench/peers`. */
  readonly folder: 'kafka-streams' | 'flink' | 'spark';
  readonly version: string;
  readonly mainClass: string;
  /** @default 1,024 */
  readonly heapMb?: number;
}

export interface JvmCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const run = promisify(execFile);
const peersFolder = fileURLToPath(new URL('../peers/', import.meta.url));

/** Reflection of Flink and Spark into the JDK, which it forbids since 17. */
const opened = ['lang', 'lang.invoke', 'lang.reflect', 'io', 'net', 'nio', 'time', 'util', 'util.concurrent', 'util.concurrent.atomic'];
const openings = [
  ...opened.map(name => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
  ...['nio.ch', 'nio.cs', 'security.action', 'util.calendar'].map(name => `--add-opens=java.base/sun.${name}=ALL-UNNAMED`),
  '--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED',
  '-Djdk.reflect.useDirectMethodHandle=false',
];

/** @throws PipelineError `services.unavailable`: no JDK, no Maven, no download, with the remedy. */
export async function prepareJvmPeer(peer: JvmPeer, logger: Logger): Promise<JvmCommand> {
  const { folder, version, mainClass, heapMb = 1_024 } = peer;
  const name = `bench-${folder}-${version}`;
  const environment = readEnvironment();
  const need: JavaNeed = { server: `the peer ${folder}`, minimum: 17, maximum: 21, variable: 'KAFKA_BROKERS' };
  try {
    const java = await findJava(need, environment);
    const jars = await jarFolder({ name, pomFile: join(peersFolder, folder, 'pom.xml'), need, environment, logger });
    const classes = await compiled(name, folder, {
      javac: join(dirname(java.executable), 'javac'),
      jars,
      cache: environment.cacheDirectory,
    });
    const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-XX:+PerfDisableSharedMem'];
    const heap = [`-Xms${heapMb}m`, `-Xmx${heapMb}m`];
    return { command: java.executable, args: [...heap, ...quiet, ...openings, '-cp', `${classes}:${join(jars, '*')}`, mainClass] };
  } catch (error) {
    const remedy = 'install a JDK 17 and Maven (debian: apt-get install openjdk-17-jdk-headless maven), or leave it out: --peers kafkajs';
    throw new PipelineError('services.unavailable', `the peer ${folder} cannot be made: ${reasonOf(error)}\n${remedy}`, {
      retriable: false,
      cause: error,
    });
  }
}

/** The folder with the classes, made anew when a source or the jars are others. */
async function compiled(name: string, folder: string, parts: { javac: string; jars: string; cache: string }): Promise<string> {
  const folders = [join(peersFolder, 'jvm'), join(peersFolder, folder)];
  const names = await Promise.all(folders.map(async path => (await readdir(path)).map(file => join(path, file))));
  const sources = names.flat().filter(path => path.endsWith('.java'));
  const texts = await Promise.all([...sources, join(parts.jars, 'pom.xml')].map(path => readFile(path)));
  const print = createHash('sha256');
  for (const text of texts) print.update(text);
  const target = join(parts.cache, `${name}-classes-${print.digest('hex').slice(0, 12)}`);
  if (await exists(target)) return target;
  await mkdir(parts.cache, { recursive: true });
  const partial = await mkdtemp(`${target}-partial-`);
  try {
    await run(parts.javac, ['-nowarn', '-d', partial, '-cp', join(parts.jars, '*'), ...sources], { maxBuffer: 16 * 1_048_576 });
    await rename(partial, target);
  } catch (error) {
    if (!(await exists(target))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
