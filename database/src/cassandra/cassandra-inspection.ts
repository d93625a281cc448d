/** Looks at Cassandra for whoever checks a deployment: it asks, and changes nothing. */
import { PipelineError } from '@tapeline/core/errors';
import { CassandraConnection, type CassandraConnectionOptions } from './cassandra-connection.ts';
import { schemaVersion } from './migrations.ts';

export interface ServerFacts {
  readonly releaseVersion: string;
  readonly dataCenter: string;
  /** Nodes of that data centre, whether they are up or not. */
  readonly nodes: number;
}

export interface KeyspaceFacts {
  /** Copies by data centre; `replication_factor` for a strategy that knows none. */
  readonly replicas: ReadonlyMap<string, number>;
  /** Of the last migration that ran here; 0 before the first. */
  readonly schema: number;
  /** Of the last migration that this program knows. */
  readonly expectedSchema: number;
}

export class CassandraInspection {
  readonly #options: CassandraConnectionOptions;
  readonly #connection: CassandraConnection;

  constructor(options: CassandraConnectionOptions) {
    this.#options = options;
    this.#connection = new CassandraConnection(options);
  }

  /** @throws PipelineError `store.unavailable`; `configuration.invalid` for an unknown data centre. */
  async server(): Promise<ServerFacts> {
    const [local] = await this.#rows('SELECT release_version, data_center FROM system.local');
    const peers = await this.#rows('SELECT data_center FROM system.peers');
    const dataCenter = await this.#connection.dataCenter();
    const all = [local, ...peers];
    return {
      releaseVersion: String(local?.release_version),
      dataCenter,
      nodes: all.filter(row => row?.data_center === dataCenter).length,
    };
  }

  /** @returns `undefined` for a keyspace that is not there. @throws PipelineError `store.unavailable`. */
  async keyspace(name: string): Promise<KeyspaceFacts | undefined> {
    const [row] = await this.#rows('SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [name]);
    if (row === undefined) return undefined;
    const replication = Object.entries(row.replication as Readonly<Record<string, string>>).filter(([key]) => key !== 'class');
    const tables = await this.#rows('SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [name]);
    const hasNotes = tables.some(table => table.table_name === 'schema_migrations');
    const applied = hasNotes ? await this.#rows(`SELECT version FROM ${name}.schema_migrations WHERE scope = 'market-store'`) : [];
    return {
      replicas: new Map(replication.map(([dataCenter, copies]) => [dataCenter, Number(copies)])),
      schema: Math.max(0, ...applied.map(({ version }) => Number(version))),
      expectedSchema: schemaVersion,
    };
  }

  /** Cassandra's clock against this machine's, in milliseconds: above 0 when Cassandra's is ahead; it may be wrong by `plusMinusMs`. */
  async clock(): Promise<{ readonly aheadMs: number; readonly plusMinusMs: number }> {
    const askedMs = Date.now();
    const [row] = await this.#rows('SELECT toTimestamp(now()) AS now FROM system.local');
    const answeredMs = Date.now();
    return { aheadMs: Number(row?.now) - (askedMs + answeredMs) / 2, plusMinusMs: (answeredMs - askedMs) / 2 + 1 };
  }

  /** True for a role that may do everything; `undefined` when nobody logs in, or when it may not be seen. */
  async isSuperuser(): Promise<boolean | undefined> {
    const { username } = this.#options;
    if (username === undefined) return undefined;
    try {
      const roles = await this.#rows(`LIST ROLES OF '${username.replaceAll("'", "''")}'`);
      return roles.some(role => role.super === true);
    } catch (error) {
      if (error instanceof PipelineError && !error.retriable) return undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #rows(query: string, params: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { rows } = await this.#connection.executeOnce(query, params);
    return rows;
  }
}
