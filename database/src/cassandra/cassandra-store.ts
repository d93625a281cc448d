/** The store on Cassandra: each row with its version as write time, whatever the order in which writes arrive. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import { reasonOf } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type {
  BarTotals,
  Gap,
  InstrumentRow,
  LatestPrice,
  MarketStore,
  RangeQuery,
  Snapshot,
  SnapshotKey,
  StoreBatch,
  TickRow,
} from '../market-store.ts';
import { storeMetrics } from '../store-metrics.ts';
import { CassandraConnection, type CassandraConnectionOptions } from './cassandra-connection.ts';
import { CassandraReader } from './cassandra-reader.ts';
import { CassandraSnapshots } from './cassandra-snapshots.ts';
import { cassandraWriter } from './cassandra-writer.ts';
import { InFlight } from './in-flight.ts';
import { migrate, requireSchema } from './migrator.ts';

export interface CassandraStoreOptions extends CassandraConnectionOptions {
  /** @default 'market_data' */
  readonly keyspace?: string;
  /** Copies of each row, when the migrations create the keyspace. @default 1 */
  readonly replicationFactor?: number;
  /** For a reader, which may have no right to write: it leaves what dead owners left. @default false */
  readonly readOnly?: boolean;
  /** Stores raw ticks beside the bars. @default true */
  readonly ticks?: boolean;
  /** Ticks expire so long after their `timeMs`. @default they are kept */
  readonly tickRetentionMs?: number;
  /** How long `migrate` waits for the server, and for another Job. @default 120,000 */
  readonly migrationDeadlineMs?: number;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Chunks of snapshots; rows have a bound of their own. */
const maxChunksInFlight = 4;

/** Connects at the first call: a server that is away is told by that call, and a later one tries again. */
export function openCassandraStore(options: CassandraStoreOptions): MarketStore {
  return new CassandraStore(options);
}

class CassandraStore implements MarketStore {
  readonly #options: CassandraStoreOptions;
  readonly #keyspace: string;
  readonly #connection: CassandraConnection;
  readonly #reader: CassandraReader;
  readonly #snapshots: CassandraSnapshots;
  readonly #write: (batch: StoreBatch) => Promise<void>;
  #schemaSeen = false;

  constructor(options: CassandraStoreOptions) {
    const { keyspace = 'market_data', readOnly = false, ticks = true, tickRetentionMs, logger, registry } = options;
    if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) throw new TypeError(`keyspace must be a lower-case name, was ${keyspace}`);
    const inFlight = new InFlight(maxChunksInFlight);
    const metrics = storeMetrics(registry);
    const connection = new CassandraConnection(options);
    this.#options = options;
    this.#keyspace = keyspace;
    this.#connection = connection;
    this.#reader = new CassandraReader(connection, keyspace);
    this.#snapshots = new CassandraSnapshots({ connection, keyspace, readOnly, inFlight, logger, metrics });
    this.#write = cassandraWriter({ connection, keyspace, ticks, tickRetentionMs, metrics });
  }

  async migrate(): Promise<void> {
    const { replicationFactor = 1, migrationDeadlineMs: deadlineMs = 120_000, logger } = this.#options;
    await migrate({ connection: this.#connection, keyspace: this.#keyspace, replicationFactor, deadlineMs, logger });
  }

  async ready(): Promise<void> {
    await requireSchema(this.#connection, this.#keyspace);
    this.#schemaSeen = true;
  }

  async write(batch: StoreBatch): Promise<void> {
    await this.#usable();
    await this.#write(batch);
  }

  async saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    await this.#usable();
    await this.#snapshots.save(key, snapshot);
  }

  async loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    await this.#usable();
    return this.#snapshots.load(key);
  }

  async bars(query: RangeQuery & { readonly symbol: string; readonly interval: Interval }): Promise<readonly Bar[]> {
    await this.#usable();
    return this.#reader.bars(query);
  }

  async barTotals(query: Parameters<MarketStore['barTotals']>[0]): Promise<BarTotals> {
    await this.#usable();
    return this.#reader.barTotals(query);
  }

  async ticks(query: RangeQuery & { readonly symbol: string }): Promise<readonly TickRow[]> {
    await this.#usable();
    return this.#reader.ticks(query);
  }

  async latest(): Promise<readonly LatestPrice[]> {
    await this.#usable();
    return this.#reader.latest();
  }

  async gaps(query: RangeQuery): Promise<readonly Gap[]> {
    await this.#usable();
    return this.#reader.gaps(query);
  }

  async alerts(query: RangeQuery): Promise<readonly Alert[]> {
    await this.#usable();
    return this.#reader.alerts(query);
  }

  async instruments(): Promise<readonly InstrumentRow[]> {
    await this.#usable();
    return this.#reader.instruments();
  }

  async close(): Promise<void> {
    await this.#connection
      .close()
      .catch(error => this.#options.logger.warn({ reason: reasonOf(error) }, 'connection to Cassandra not closed cleanly'));
  }

  /** Checked once: tables do not go away under a running process. */
  async #usable(): Promise<void> {
    if (!this.#schemaSeen) await this.ready();
  }
}
