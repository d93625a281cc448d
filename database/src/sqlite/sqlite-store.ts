/** The store in one file, `market.sqlite`: one writing process, any number of reading ones. */
import { join } from 'node:path';
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { firstGeneration } from '../generations.ts';
import {
  type BarTotals,
  defaultRangeLimit,
  type Gap,
  type InstrumentRow,
  type LatestPrice,
  type MarketStore,
  type RangeQuery,
  type Snapshot,
  type SnapshotKey,
  type StoreBatch,
  type TickRow,
} from '../market-store.ts';
import { newestOfEachKey } from '../store-batch.ts';
import { measuredWrite, type StoreMetrics, storeMetrics } from '../store-metrics.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { sqliteFileOf } from './sqlite-generations.ts';
import { loadSqliteSnapshot, saveSqliteSnapshot } from './sqlite-snapshots.ts';
import {
  alertTable,
  barTable,
  boundValuesOf,
  gapTable,
  instrumentTable,
  latestTable,
  rowsOf,
  type SqliteTable,
  tickTable,
} from './sqlite-tables.ts';

export interface SqliteStoreOptions {
  /** Folder of `market.sqlite`; made when it is missing. */
  readonly dataDir: string;
  /** @default 1 */
  readonly generation?: number;
  /** Opens for reading only, beside a process that writes. @default false */
  readonly readOnly?: boolean;
  /** Stores raw ticks beside the bars. @default true */
  readonly ticks?: boolean;
  readonly logger: Logger;
  readonly registry: Registry;
}

const barTotals = `SELECT count(*) AS bars, coalesce(sum(revision), 0) AS revisions FROM ${barTable.name}
  WHERE symbol = ? AND interval = ? AND start >= ? AND start < ?`;

/** Opens the file at the first call: what is wrong with the folder is told by `migrate`, `ready` or the first write. */
export function openSqliteStore(options: SqliteStoreOptions): MarketStore {
  return new SqliteStore(options);
}

class SqliteStore implements MarketStore {
  readonly #database: SqliteDatabase;
  readonly #ticks: boolean;
  readonly #logger: Logger;
  readonly #metrics: StoreMetrics;

  constructor({ dataDir, generation = firstGeneration, readOnly = false, ticks = true, logger, registry }: SqliteStoreOptions) {
    this.#database = new SqliteDatabase(join(dataDir, sqliteFileOf(generation)), readOnly);
    this.#ticks = ticks;
    this.#logger = logger;
    this.#metrics = storeMetrics(registry);
  }

  async migrate(): Promise<void> {
    await this.#database.migrate();
  }

  async ready(): Promise<void> {
    this.#database.ready();
  }

  async write(batch: StoreBatch): Promise<void> {
    const { ticks, bars, latest, gaps, instruments, alerts } = newestOfEachKey(batch);
    await measuredWrite(this.#metrics, () =>
      this.#database.transaction(() => {
        this.#upsert(tickTable, this.#ticks ? ticks : []);
        this.#upsert(barTable, bars);
        this.#upsert(latestTable, latest);
        this.#upsert(gapTable, gaps);
        this.#upsert(instrumentTable, instruments);
        this.#upsert(alertTable, alerts);
      }),
    );
  }

  async saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    if (saveSqliteSnapshot(this.#database, key, snapshot)) return;
    this.#metrics.snapshotsSuperseded.inc();
    this.#logger.debug({ ...key, nextOffset: snapshot.nextOffset }, 'snapshot not saved: one at least as new is there');
  }

  async loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return loadSqliteSnapshot(this.#database, key);
  }

  async bars(query: RangeQuery & { readonly symbol: string; readonly interval: Bar['interval'] }): Promise<readonly Bar[]> {
    const sql = `${barTable.select} WHERE symbol = ? AND interval = ? AND start >= ? AND start < ? ${ordered(query, ['start'])} LIMIT ?`;
    return rowsOf(barTable, this.#database.all(sql, query.symbol, query.interval, ...rangeOf(query)));
  }

  async barTotals({ symbol, interval, fromMs, toMs }: Parameters<MarketStore['barTotals']>[0]): Promise<BarTotals> {
    const [totals] = this.#database.all(barTotals, symbol, interval, fromMs, toMs);
    return { bars: Number(totals?.bars), revisions: Number(totals?.revisions) };
  }

  async ticks(query: RangeQuery & { readonly symbol: string }): Promise<readonly TickRow[]> {
    const order = ordered(query, ['time', 'session', 'sequence']);
    const sql = `${tickTable.select} WHERE symbol = ? AND time >= ? AND time < ? ${order} LIMIT ?`;
    return rowsOf(tickTable, this.#database.all(sql, query.symbol, ...rangeOf(query)));
  }

  async latest(): Promise<readonly LatestPrice[]> {
    return rowsOf(latestTable, this.#database.all(`${latestTable.select} ORDER BY symbol`));
  }

  async gaps(query: RangeQuery): Promise<readonly Gap[]> {
    const sql = `${gapTable.select} WHERE time >= ? AND time < ? ${ordered(query, ['time', 'symbol', 'reason'])} LIMIT ?`;
    return rowsOf(gapTable, this.#database.all(sql, ...rangeOf(query)));
  }

  async alerts(query: RangeQuery): Promise<readonly Alert[]> {
    const sql = `${alertTable.select} WHERE time >= ? AND time < ? ${ordered(query, ['time', 'symbol', 'id'])} LIMIT ?`;
    return rowsOf(alertTable, this.#database.all(sql, ...rangeOf(query)));
  }

  async instruments(): Promise<readonly InstrumentRow[]> {
    return rowsOf(instrumentTable, this.#database.all(`${instrumentTable.select} ORDER BY symbol`));
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #upsert<Row>(table: SqliteTable<Row>, rows: readonly Row[]): void {
    if (rows.length === 0) return;
    for (const row of rows) this.#database.statement(table.upsertOf(row)).run(...boundValuesOf(table, row));
    this.#metrics.rowsWritten.inc({ table: table.name }, rows.length);
  }
}

function ordered({ order = 'ascending' }: RangeQuery, columns: readonly string[]): string {
  const direction = order === 'ascending' ? 'ASC' : 'DESC';
  return `ORDER BY ${columns.map(column => `${column} ${direction}`).join(', ')}`;
}

function rangeOf({ fromMs, toMs, limit = defaultRangeLimit }: RangeQuery): [number, number, number] {
  return [fromMs, toMs, limit];
}
