/**
 * Rights by role: each keyspace of Tapeline has four roles that nobody logs in as, and logins are members of one of them. So a password is
 * changed, a login added, without a right being given again; and a generation that is made later gets its grants by the role's name.
 *
 * | role | may |
 * | --- | --- |
 * | `<keyspace>_migrator` | create, alter and drop the keyspaces of Tapeline and all in them; give rights to them |
 * | `<keyspace>_writer` | read all tables, write those of the flow: processors, and rebuilds into tables that the migrator made |
 * | `<keyspace>_worker` | read all tables, write the queues and notes of jobs: backfiller, daily jobs, notifier |
 * | `<keyspace>_reader` | read all tables: board, export, Grafana |
 *
 * `TRUNCATE` is a kind of `MODIFY` to Cassandra: a writer can empty the tables that it writes, and no other.
 */
import { PipelineError } from '@tapeline/core/errors';
import type { CassandraConnection } from './cassandra-connection.ts';

export const roles = ['migrator', 'writer', 'worker', 'reader'] as const;
export type Role = (typeof roles)[number];

export interface Login {
  readonly role: Role;
  readonly username: string;
  /** Made, or changed to it. @default the login is there already, and its password stays */
  readonly password?: string;
}

/** Tables in which jobs keep what they have to do. */
const ofJobs: ReadonlySet<string> = new Set(['work_items', 'work_cells']);
/** What the migrator notes. */
const ofMigrations: ReadonlySet<string> = new Set(['schema_migrations']);
const rightsTimeoutMs = 60_000;

export interface RightsOptions {
  readonly connection: CassandraConnection;
  /** As `CASSANDRA_KEYSPACE` names it: it is in the roles' names. */
  readonly keyspace: string;
}

/** Makes the four roles, as an administrator; they are there for what is migrated next. */
export async function makeRoles({ connection, keyspace }: RightsOptions): Promise<void> {
  for (const role of roles) await change(connection, `CREATE ROLE IF NOT EXISTS ${roleName(keyspace, role)}`);
  // Whoever makes a keyspace may do everything in it, so this is all that a migrator needs at first.
  await change(connection, `GRANT CREATE ON ALL KEYSPACES TO ${roleName(keyspace, 'migrator')}`);
}

/**
 * Gives the roles their rights to what is in `of`, the keyspace of a generation. Repeatable; tables that came since get theirs.
 * @throws PipelineError `store.unavailable` for a login that may not give them.
 */
export async function giveRights({ connection, keyspace }: RightsOptions, of: string): Promise<void> {
  const query = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
  const { rows } = await connection.execute({ query, params: [of] });
  const tables = rows.map(row => String(row.table_name));
  await change(connection, `GRANT ALL PERMISSIONS ON KEYSPACE ${of} TO ${roleName(keyspace, 'migrator')}`);
  for (const role of ['writer', 'worker', 'reader'] as const) {
    await change(connection, `GRANT SELECT ON KEYSPACE ${of} TO ${roleName(keyspace, role)}`);
  }
  for (const table of tables.filter(name => !ofMigrations.has(name))) {
    const role = ofJobs.has(table) ? 'worker' : 'writer';
    await change(connection, `GRANT MODIFY ON TABLE ${of}.${table} TO ${roleName(keyspace, role)}`);
  }
}

/** The keyspaces of all generations that are there; none before the first migration. */
export async function keyspacesOf({ connection, keyspace }: RightsOptions): Promise<readonly string[]> {
  const { rows } = await connection.executeOnce('SELECT keyspace_name FROM system_schema.keyspaces');
  const names = rows.map(row => String(row.keyspace_name));
  return names.filter(name => name === keyspace || (name.startsWith(`${keyspace}_g`) && /^\d+$/.test(name.slice(keyspace.length + 2))));
}

/** True when this login is a migrator: rights are given then; else there are no roles, or an administrator gives them. */
export async function isMigrator({ connection, keyspace }: RightsOptions, username: string): Promise<boolean> {
  const { rows } = await connection.executeOnce(`LIST ROLES OF ${identifier(username)}`);
  return rows.some(row => row.role === `${keyspace}_migrator`);
}

/** Makes the login where it brings a password, and makes it a member of its role and of no other of the four. */
export async function admit({ connection, keyspace }: RightsOptions, { role, username, password }: Login): Promise<void> {
  const login = identifier(username);
  const { rows } = await connection.executeOnce('LIST ROLES');
  const isThere = rows.some(row => row.role === username);
  if (password !== undefined) {
    // Cassandra lets a password be changed every five seconds, so one that was just made is left alone.
    await change(connection, `${isThere ? 'ALTER' : 'CREATE'} ROLE ${login} WITH PASSWORD = ${literal(password)} AND LOGIN = true`);
  } else if (!isThere) {
    const message = `login ${username} does not exist in Cassandra: create it, or put its password into the folder`;
    throw new PipelineError('store.unavailable', message, { retriable: true });
  }
  const { rows: has } = await connection.executeOnce(`LIST ROLES OF ${login} NORECURSIVE`);
  for (const other of roles.filter(name => name !== role && has.some(row => row.role === `${keyspace}_${name}`))) {
    await change(connection, `REVOKE ${roleName(keyspace, other)} FROM ${login}`);
  }
  if (has.some(row => row.role === `${keyspace}_${role}`)) return;
  await change(connection, `GRANT ${roleName(keyspace, role)} TO ${login}`);
}

/** Makes another superuser, for whoever is one. */
export async function makeSuperuser(connection: CassandraConnection, { username, password }: Omit<Login, 'role'>): Promise<void> {
  const as = `WITH PASSWORD = ${literal(password ?? '')} AND LOGIN = true AND SUPERUSER = true`;
  await change(connection, `CREATE ROLE IF NOT EXISTS ${identifier(username)} ${as}`);
}

/** Takes from the superuser whose password everybody knows what it may do, and its login. */
export async function retireDefaultSuperuser(connection: CassandraConnection): Promise<void> {
  await change(connection, 'ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false');
}

function roleName(keyspace: string, role: Role): string {
  return identifier(`${keyspace}_${role}`);
}

/** Case is kept, and nothing in it ends it. */
function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function change(connection: CassandraConnection, statement: string): Promise<void> {
  await connection.executeOnce(statement, [], { readTimeout: rightsTimeoutMs });
}
