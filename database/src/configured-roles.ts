/** Makes the roles of the configured Cassandra and lets logins be members of them: what an administrator does once. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '@tapeline/core/configuration';
import { isPassing, PipelineError, reasonOf, usageError } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { CassandraConnection, type CassandraConnectionOptions } from './cassandra/cassandra-connection.ts';
import { admit, giveRights, isMigrator, keyspacesOf, type Login, makeRoles, type Role } from './cassandra/roles.ts';
import { cassandraOptions } from './configured-store.ts';

const deadlineMs = 120_000;
const pauseMs = 2_000;

/** The login that a folder describes, as a mounted Secret does: file `username`, and `password` where the login is to be made. */
export function loginIn(folder: string, role: Role): Login {
  try {
    const username = readFileSync(join(folder, 'username'), 'utf8').trim();
    const passwordFile = join(folder, 'password');
    if (username === '') throw new Error('it is empty');
    return { role, username, ...(existsSync(passwordFile) ? { password: readFileSync(passwordFile, 'utf8').trim() } : {}) };
  } catch (cause) {
    const message = `--${role} must be a folder with a file username (and password), was "${folder}" (${reasonOf(cause)}): correct its path or permissions`;
    throw usageError(message, cause);
  }
}

/**
 * Waits up to two minutes for Cassandra, and for logins that somebody else makes.
 * @throws PipelineError `store.unavailable`, `configuration.invalid`; the reason of a signal that aborts the wait.
 */
export async function setUpRoles(
  configuration: Configuration,
  logins: readonly Login[],
  logger: Logger,
  signal?: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await setUpOnce(configuration, logins, logger);
    } catch (error) {
      if (!isPassing(error) || performance.now() + pauseMs > endMs) throw error;
      logger.warn({ reason: reasonOf(error), pauseMs }, 'roles wait, trying again');
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

/** After a migration: gives the roles their rights to every generation, where this login is the one that does so. */
export async function giveRightsAsMigrator(configuration: Configuration, logger: Logger): Promise<void> {
  const { CASSANDRA_USERNAME: username, CASSANDRA_KEYSPACE: keyspace, CASSANDRA_CONTACT_POINTS: contactPoints } = configuration;
  if (contactPoints === undefined || username === undefined) return;
  await connected({ ...cassandraOptions(configuration, contactPoints), logger }, async connection => {
    const options = { connection, keyspace };
    if (!(await isMigrator(options, username))) return;
    const keyspaces = await keyspacesOf(options);
    for (const made of keyspaces) await giveRights(options, made);
    logger.info({ keyspaces }, 'the roles have their rights');
  });
}

async function setUpOnce(configuration: Configuration, logins: readonly Login[], logger: Logger): Promise<void> {
  const { CASSANDRA_KEYSPACE: keyspace, CASSANDRA_CONTACT_POINTS: contactPoints } = configuration;
  if (contactPoints === undefined) {
    const message =
      'only Cassandra has roles, and CASSANDRA_CONTACT_POINTS is not set: set it, with CASSANDRA_USERNAME of an administrator';
    throw new PipelineError('configuration.invalid', message, { retriable: false });
  }
  await connected({ ...cassandraOptions(configuration, contactPoints), logger }, async connection => {
    const options = { connection, keyspace };
    await makeRoles(options);
    for (const made of await keyspacesOf(options)) await giveRights(options, made);
    for (const login of logins) {
      await admit(options, login);
      logger.info({ login: login.username, role: `${keyspace}_${login.role}` }, 'the login is a member of its role');
    }
  });
}

async function connected(options: CassandraConnectionOptions, work: (connection: CassandraConnection) => Promise<void>): Promise<void> {
  const connection = new CassandraConnection(options);
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}
