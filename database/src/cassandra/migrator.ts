/**
 * Runs the migrations once each, in order, though two Jobs may start at once and the server may start later than they do.
 *
 * `schema_migrations` holds what ran; its static column holds the lock, taken by a lightweight transaction, with an expiry in case the
 * owner dies, and renewed while it works.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing, reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import type { CassandraConnection } from './cassandra-connection.ts';
import { isInvalid, schemaMissing, unavailable } from './cassandra-failure.ts';
import { type Migration, migrations, schemaVersion } from './migrations.ts';

export interface MigratorOptions {
  readonly connection: CassandraConnection;
  readonly keyspace: string;
  /** Copies of each row, when the keyspace is created here. */
  readonly replicationFactor: number;
  /** How long to wait for the server, and for another Job. */
  readonly deadlineMs: number;
  readonly logger: Logger;
}

const scope = 'market-store';
/** Whoever finds the lock of a process that died waits so long; a live owner renews it. */
const lockSeconds = 20;
const renewMs = 5_000;
const schemaChangeTimeoutMs = 60_000;
const firstPauseMs = 100;
const longestPauseMs = 3_000;

/** @throws PipelineError the last failure, once the deadline has passed. */
export async function migrate(options: MigratorOptions): Promise<void> {
  const endMs = performance.now() + options.deadlineMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      await migrateOnce(options);
      return;
    } catch (error) {
      const isOver = performance.now() + pauseMs > endMs;
      if (isOver || !isPassing(error)) throw error;
      options.logger.warn({ reason: reasonOf(error), pauseMs }, 'migrations wait, trying again');
    }
    await sleep(pauseMs);
  }
}

/** @throws PipelineError `store.schema-missing` when a migration that this code needs did not run. */
export async function requireSchema(connection: CassandraConnection, keyspace: string): Promise<void> {
  if (!(await hasNotes(connection, keyspace))) throw schemaMissing(keyspace, 'has no tables of Tapeline');
  if (!(await isComplete(connection, keyspace))) throw schemaMissing(keyspace, `has not had migration ${schemaVersion}`);
}

async function hasNotes(connection: CassandraConnection, keyspace: string): Promise<boolean> {
  const query = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?';
  return (await connection.execute({ query, params: [keyspace, 'schema_migrations'] })).rowLength > 0;
}

async function isComplete(connection: CassandraConnection, keyspace: string): Promise<boolean> {
  try {
    return (await hasNotes(connection, keyspace)) && (await appliedVersions(connection, keyspace)).has(schemaVersion);
  } catch (error) {
    // While another Job makes the table, it is listed before it can be asked.
    if (isInvalid(error)) return false;
    throw error;
  }
}

async function migrateOnce(options: MigratorOptions): Promise<void> {
  const { connection, keyspace } = options;
  // Whoever may write the tables may not make any, though they be there.
  if (await isComplete(connection, keyspace)) return;
  await createKeyspace(options);
  await changeSchema(
    connection,
    `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_migrations (
      scope text, version int, name text, applied timestamp, lock_owner text static,
      PRIMARY KEY ((scope), version))`,
  );
  const owner = randomUUID();
  await lock(connection, keyspace, owner, undefined);
  try {
    await applyMissing(options, owner);
  } finally {
    await connection.executeOnce(`UPDATE ${keyspace}.schema_migrations SET lock_owner = null WHERE scope = ? IF lock_owner = ?`, [
      scope,
      owner,
    ]);
  }
}

async function applyMissing({ connection, keyspace, logger }: MigratorOptions, owner: string): Promise<void> {
  const applied = await appliedVersions(connection, keyspace);
  for (const migration of migrations.filter(({ version }) => !applied.has(version))) {
    await apply(connection, keyspace, migration, owner);
    logger.info({ version: migration.version, name: migration.name, keyspace }, 'migration applied');
  }
}

async function apply(connection: CassandraConnection, keyspace: string, migration: Migration, owner: string): Promise<void> {
  for (const statement of migration.statements(keyspace)) {
    await lock(connection, keyspace, owner, owner);
    // A renewal that fails is found out before the next statement.
    const renewing = setInterval(() => void lock(connection, keyspace, owner, owner).catch(() => undefined), renewMs);
    await changeSchema(connection, statement).finally(() => clearInterval(renewing));
  }
  const query = `INSERT INTO ${keyspace}.schema_migrations (scope, version, name, applied) VALUES (?, ?, ?, toTimestamp(now()))`;
  await connection.execute({ query, params: [scope, migration.version, migration.name] });
}

/** Leaves a keyspace that exists as it is: whoever made it decided about its replicas. */
async function createKeyspace({ connection, keyspace, replicationFactor }: MigratorOptions): Promise<void> {
  const query = 'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?';
  const { rowLength } = await connection.execute({ query, params: [keyspace] });
  if (rowLength > 0) return;
  const dataCenter = (await connection.dataCenter()).replaceAll("'", "''");
  await changeSchema(
    connection,
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCenter}': ${replicationFactor}}`,
  );
}

/** The driver waits until the nodes agree; when they do not in its time, the whole attempt is made again. */
async function changeSchema(connection: CassandraConnection, statement: string): Promise<void> {
  await connection.executeOnce(statement, [], { readTimeout: schemaChangeTimeoutMs });
  if (!(await connection.schemaInAgreement())) throw unavailable('the nodes of Cassandra do not agree about the schema yet');
}

/** Takes the lock, or renews it when `former` is its owner already. */
async function lock(connection: CassandraConnection, keyspace: string, owner: string, former: string | undefined): Promise<void> {
  const condition = former === undefined ? 'null' : '?';
  const cql = `UPDATE ${keyspace}.schema_migrations USING TTL ${lockSeconds} SET lock_owner = ? WHERE scope = ? IF lock_owner = ${condition}`;
  const result = await connection.executeOnce(cql, former === undefined ? [owner, scope] : [owner, scope, former]);
  if (!result.wasApplied()) throw unavailable('another Job runs the migrations');
}

async function appliedVersions(connection: CassandraConnection, keyspace: string): Promise<ReadonlySet<number>> {
  const { rows } = await connection.execute({
    query: `SELECT version FROM ${keyspace}.schema_migrations WHERE scope = ?`,
    params: [scope],
  });
  return new Set(rows.map(row => Number(row.version)));
}
