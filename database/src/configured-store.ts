/** Opens the store that the settings ask for: Cassandra as soon as contact points are named, SQLite in `DATA_DIR` otherwise. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Configuration, fileOf } from '@tapeline/core/configuration';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { cassandraGenerations, keyspaceOf } from './cassandra/cassandra-generations.ts';
import { CassandraInspection } from './cassandra/cassandra-inspection.ts';
import { openCassandraStore } from './cassandra/cassandra-store.ts';
import { openCassandraWork } from './cassandra/cassandra-work.ts';
import { firstGeneration, Generations } from './generations.ts';
import type { MarketStore } from './market-store.ts';
import { ServingStore } from './serving-store.ts';
import { notesFile, sqliteFileOf, sqliteGenerations } from './sqlite/sqlite-generations.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { WorkStore } from './work-store.ts';

export interface ConfiguredStoreOptions {
  readonly logger: Logger;
  readonly registry: Registry;
  /** For a reader beside the process that writes. @default false */
  readonly readOnly?: boolean;
  /** @default 1: the keyspace or file as the settings name it */
  readonly generation?: number;
}

/** Opens it; the first call connects. @throws PipelineError `configuration.invalid` when the certificate cannot be read. */
export function openConfiguredStore(configuration: Configuration, options: ConfiguredStoreOptions): MarketStore {
  const { CASSANDRA_CONTACT_POINTS: contactPoints, STORE_TICKS: ticks } = configuration;
  const { generation = firstGeneration, ...rest } = options;
  if (contactPoints === undefined) return openSqliteStore({ ...rest, dataDir: configuration.DATA_DIR, ticks, generation });
  const days = configuration.CASSANDRA_TICK_RETENTION_DAYS;
  return openCassandraStore({
    ...rest,
    ...cassandraOptions(configuration, contactPoints),
    keyspace: keyspaceOf(configuration.CASSANDRA_KEYSPACE, generation),
    replicationFactor: configuration.CASSANDRA_REPLICATION_FACTOR,
    ticks,
    ...(days === undefined ? {} : { tickRetentionMs: days * 86_400_000 }),
  });
}

/** False where SQLite is to hold the tables of the store, and nothing was ever started with this `DATA_DIR`. */
export function hasTables({ CASSANDRA_CONTACT_POINTS: contactPoints, DATA_DIR: folder }: Configuration): boolean {
  const files = [sqliteFileOf(firstGeneration), notesFile];
  return contactPoints !== undefined || files.some(name => existsSync(join(folder, name)));
}

/** The notes about generations of the configured store. */
export function openConfiguredGenerations(configuration: Configuration, logger: Logger): Generations {
  const { CASSANDRA_CONTACT_POINTS: contactPoints, CASSANDRA_KEYSPACE: keyspace } = configuration;
  if (contactPoints === undefined) return new Generations({ table: sqliteGenerations(configuration.DATA_DIR) });
  return new Generations({ table: cassandraGenerations({ ...cassandraOptions(configuration, contactPoints), keyspace, logger }) });
}

/** Where jobs keep their queues and what they share, on Cassandra; `undefined` without it: they have folders of their own then. */
export function openConfiguredWork(configuration: Configuration, logger: Logger): WorkStore | undefined {
  const { CASSANDRA_CONTACT_POINTS: contactPoints, CASSANDRA_KEYSPACE: keyspace } = configuration;
  return contactPoints && openCassandraWork({ ...cassandraOptions(configuration, contactPoints), keyspace, logger });
}

/** A look at the configured Cassandra; `undefined` without one. */
export function configuredCassandraInspection(configuration: Configuration, logger: Logger): CassandraInspection | undefined {
  const { CASSANDRA_CONTACT_POINTS: contactPoints } = configuration;
  return contactPoints && new CassandraInspection({ ...cassandraOptions(configuration, contactPoints), logger });
}

/** The store of the generation that serves, followed through each switch: for readers. */
export function openServingStore(configuration: Configuration, options: Omit<ConfiguredStoreOptions, 'generation'>): ServingStore {
  const { logger } = options;
  const generations = openConfiguredGenerations(configuration, logger);
  return new ServingStore({ generations, logger, open: generation => openConfiguredStore(configuration, { ...options, generation }) });
}

/** How the settings say that Cassandra is reached. @throws PipelineError `configuration.invalid` when the certificate cannot be read. */
export function cassandraOptions(configuration: Configuration, contactPoints: readonly string[]) {
  const { CASSANDRA_USERNAME: username, CASSANDRA_PASSWORD: password, CASSANDRA_LOCAL_DATACENTER: localDataCenter } = configuration;
  const ca = fileOf(configuration, 'CASSANDRA_CA_FILE');
  return {
    contactPoints,
    ...(localDataCenter === undefined ? {} : { localDataCenter }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(configuration.CASSANDRA_TLS ? { ssl: ca === undefined ? {} : { ca } } : {}),
  };
}
