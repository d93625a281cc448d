/**
 * This file finds a Java that can run the servers, and the Maven that fetches them.
 *
 * A wrong Java is worse than none: Cassandra 5 started on Java 21 or later dies with a security manager's stack trace. So each
 * candidate is asked for its version before it is used.
 */
import { execFile } from 'node:child_process';
import { access, constants, readdir, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { PipelineError } from '@tapeline/core/errors';
import type { Environment } from './environment.ts';

const run = promisify(execFile);

/** Where operating systems put their Javas, one folder for each. */
const JVM_FOLDERS = ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines'];

export interface Java {
  readonly executable: string;
  /** The feature release: 17 of 17.0.15. */
  readonly version: number;
}

export interface JavaNeed {
  /** The server in words, for the message: `kafka 4.3.1`. */
  readonly server: string;
  readonly minimum: number;
  /** @default no upper bound */
  readonly maximum?: number;
  /** The variable that names servers started elsewhere. */
  readonly variable: 'KAFKA_BROKERS' | 'CASSANDRA_CONTACT_POINTS';
}

/** The feature release in what `java -version` prints: `"17.0.15"` is 17, `"1.8.0_402"` is 8. */
export function parseJavaVersion(text: string): number | undefined {
  const found = /version "(\d+)(?:\.(\d+))?/.exec(text);
  if (found === null) return undefined;
  const [, first, second] = found;
  return first === '1' ? Number(second) : Number(first);
}

/**
 * The first Java that fits, looked for in `JAVA_HOME`, the system's folders and `PATH`.
 *
 * @throws PipelineError `services.unavailable`, saying what was found and how to get what is missing
 */
export async function findJava(need: JavaNeed, environment: Environment, jvmFolders: readonly string[] = JVM_FOLDERS): Promise<Java> {
  const seen: string[] = [];
  for (const executable of await javaCandidates(environment, jvmFolders)) {
    const version = await javaVersion(executable);
    if (version === undefined) continue;
    if (version >= need.minimum && version <= (need.maximum ?? version)) return { executable, version };
    seen.push(`java ${version} at ${executable}`);
  }
  const wanted = need.maximum === need.minimum ? `java ${need.minimum}` : `java ${need.minimum} or later`;
  const found = seen.length === 0 ? 'no java' : seen.join(', ');
  throw unavailable(`${need.server} needs ${wanted}, found ${found} in JAVA_HOME, ${jvmFolders.join(', ')} and PATH`, need.variable);
}

/**
 * Maven's program in `MAVEN_HOME` or on `PATH`.
 *
 * @throws PipelineError `services.unavailable`
 */
export async function findMaven(server: string, variable: JavaNeed['variable'], environment: Environment): Promise<string> {
  const folders = [...(environment.mavenHome === undefined ? [] : [join(environment.mavenHome, 'bin')]), ...pathFolders(environment)];
  for (const folder of folders) {
    const executable = join(folder, 'mvn');
    if (await isExecutable(executable)) return executable;
  }
  throw unavailable(`${server} is not in the cache yet and maven, which fetches it, was not found in MAVEN_HOME and PATH`, variable);
}

function unavailable(what: string, variable: string): PipelineError {
  const remedy =
    `install it (debian: apt-get install openjdk-17-jre-headless maven), ` +
    `or use docker (docker compose up --wait), or name running servers by ${variable}`;
  return new PipelineError('services.unavailable', `${what}; ${remedy}`, { retriable: false });
}

/** Every `java` there may be, likely ones first, each once. */
async function javaCandidates(environment: Environment, jvmFolders: readonly string[]): Promise<readonly string[]> {
  const home = environment.javaHome === undefined ? [] : [join(environment.javaHome, 'bin', 'java')];
  const installed = (await Promise.all(jvmFolders.map(installedJavas))).flat();
  const onPath = pathFolders(environment).map(folder => join(folder, 'java'));
  const byFile = new Map<string, string>();
  for (const path of [...home, ...installed, ...onPath]) {
    if (!(await isExecutable(path))) continue;
    const file = await realpath(path);
    // The path as found is what gets run: version managers put links there that look at the name they were called by.
    if (!byFile.has(file)) byFile.set(file, path);
  }
  return [...byFile.values()];
}

async function installedJavas(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const likelyFirst = names.toSorted((a, b) => Number(b.includes('17')) - Number(a.includes('17')) || a.localeCompare(b));
  return likelyFirst.flatMap(name => [join(folder, name, 'bin', 'java'), join(folder, name, 'Contents', 'Home', 'bin', 'java')]);
}

function pathFolders(environment: Environment): readonly string[] {
  return (environment.path ?? '').split(delimiter).filter(folder => folder !== '');
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function javaVersion(executable: string): Promise<number | undefined> {
  const answer = await run(executable, ['-version'], { timeout: 20_000 }).catch(() => undefined);
  return answer === undefined ? undefined : parseJavaVersion(answer.stderr + answer.stdout);
}
