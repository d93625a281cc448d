/** Opens the store that the settings ask for: Cassandra as soon as contact points are named, SQLite in `DATA_DIR` otherwise. */
import { type Configuration, fileOf } from '@tapeline/core/configuration';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { openCassandraStore } from './cassandra/cassandra-store.ts';
import type { MarketStore } from './market-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';

export interface ConfiguredStoreOptions {
  readonly logger: Logger;
  readonly registry: Registry;
  /** For a reader beside the process that writes. @default false */
  readonly readOnly?: boolean;
}

/** Opens it; the first call connects. @throws PipelineError `configuration.invalid` when the certificate cannot be read. */
export function openConfiguredStore(configuration: Configuration, options: ConfiguredStoreOptions): MarketStore {
  const { CASSANDRA_CONTACT_POINTS: contactPoints, STORE_TICKS: ticks } = configuration;
  if (contactPoints === undefined) return openSqliteStore({ ...options, dataDir: configuration.DATA_DIR, ticks });
  const { CASSANDRA_USERNAME: username, CASSANDRA_PASSWORD: password, CASSANDRA_LOCAL_DATACENTER: localDataCenter } = configuration;
  const days = configuration.CASSANDRA_TICK_RETENTION_DAYS;
  const ca = fileOf(configuration, 'CASSANDRA_CA_FILE');
  return openCassandraStore({
    ...options,
    contactPoints,
    keyspace: configuration.CASSANDRA_KEYSPACE,
    replicationFactor: configuration.CASSANDRA_REPLICATION_FACTOR,
    ticks,
    ...(localDataCenter === undefined ? {} : { localDataCenter }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(days === undefined ? {} : { tickRetentionMs: days * 86_400_000 }),
    ...(configuration.CASSANDRA_TLS ? { ssl: ca === undefined ? {} : { ca } } : {}),
  });
}
