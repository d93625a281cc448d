/**
 * This file reads what the launcher needs from the process's environment: where Java, Maven, the cache and the shared tools are.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Environment {
  readonly javaHome: string | undefined;
  readonly mavenHome: string | undefined;
  readonly path: string | undefined;
  /** Folder that holds one folder of jars for each server and version. */
  readonly cacheDirectory: string;
  /** Folder with tools that are no part of this repository; undefined when nobody named it. */
  readonly sharedDirectory: string | undefined;
  /** All of it, for Maven, which has proxies and settings of its own. */
  readonly all: Readonly<Record<string, string | undefined>>;
}

/**
 * `TAPELINE_CACHE_DIR`, or `tapeline` in `XDG_CACHE_HOME` or `~/.cache`, holds the cache.
 *
 * @param variables @default process.env
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const caches = nonEmpty(variables.XDG_CACHE_HOME) ?? join(nonEmpty(variables.HOME) ?? homedir(), '.cache');
  return {
    javaHome: nonEmpty(variables.JAVA_HOME),
    mavenHome: nonEmpty(variables.MAVEN_HOME),
    path: nonEmpty(variables.PATH),
    cacheDirectory: join(nonEmpty(variables.TAPELINE_CACHE_DIR) ?? join(caches, 'tapeline'), 'services'),
    sharedDirectory: nonEmpty(variables.TAPELINE_SHARED),
    all: variables,
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
