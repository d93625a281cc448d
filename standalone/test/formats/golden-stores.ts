/** The files of a store, a log and an export, with the golden records in them: written, and read back as people do. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Bar } from '@tapeline/core/bars';
import { encodeBar } from '@tapeline/core/bars';
import { createLogger } from '@tapeline/core/logging';
import { encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';
import { barsTopic, feedTopic } from '@tapeline/core/topics';
import { Generations } from '@tapeline/database/generations';
import type { Gap, MarketStore, Snapshot, StoreBatch } from '@tapeline/database/market-store';
import { sqliteGenerations } from '@tapeline/database/sqlite/sqlite-generations';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { alertColumns, barColumns, gapColumns, tickColumns } from '@tapeline/visualization/export/export-columns';
import { type ParquetColumn, writeParquet } from '@tapeline/visualization/export/parquet-file';
import { Registry } from 'prom-client';
import { alerts, bars, feedRecords } from './golden-records.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

export const snapshotKey = { consumerGroup: 'stream-processor', topic: feedTopic.name, partition: 0 };
const begunMs = 1_730_714_400_000;
const gaps: readonly Gap[] = [
  { symbol: 'AAPL', fromMs: begunMs, toMs: begunMs + 5_000, reason: 'no pong', filled: false, versionUs: 8 },
  { symbol: 'BTC/USD', fromMs: begunMs, toMs: begunMs + 9_000, reason: 'mute', filled: true, versionUs: 9 },
];

/** The golden records as rows. */
export const rows: StoreBatch = {
  ticks: feedRecords.flatMap(record => (record.kind === 'tick' ? { tick: record, versionUs: record.receivedTimeMs * 1_000 } : [])),
  bars,
  latest: feedRecords.flatMap(record => {
    if (record.kind !== 'tick') return [];
    const { symbol, price, bid, ask, dayVolume, timeMs, receivedTimeMs } = record;
    const optional = bid === undefined || ask === undefined || dayVolume === undefined ? {} : { bid, ask, dayVolume };
    return { symbol, price, ...optional, timeMs, receivedTimeMs, versionUs: receivedTimeMs * 1_000 };
  }),
  gaps,
  instruments: feedRecords.flatMap(record => (record.kind === 'instrument' ? { instrument: record, versionUs: 5 } : [])),
  alerts,
};

export function openStore(dataDir: string): MarketStore {
  return openSqliteStore({ dataDir, logger, registry: new Registry() });
}

/** The log never forgets here: what is in it is of 2024. */
export function openLog(directory: string): Promise<MarketLog> {
  return openEmbeddedLog({ directory, logger, now: () => begunMs });
}

export async function writeStore(dataDir: string, snapshot: Snapshot): Promise<void> {
  const store = openStore(dataDir);
  await store.migrate();
  await store.write(rows);
  await store.saveSnapshot(snapshotKey, snapshot);
  await store.close();
  const generations = new Generations({ table: sqliteGenerations(dataDir), now: () => begunMs });
  await generations.begin(undefined, 1, 'a golden version');
}

export async function writeLog(directory: string, feed: readonly FeedRecord[]): Promise<void> {
  const log = await openLog(directory);
  await log.ensureTopics([feedTopic, barsTopic].map(({ name, retentionMs }) => ({ name, partitions: 1, retentionMs })));
  await log.append(feed.map(record => ({ topic: feedTopic.name, partition: 0, ...keyOf(record), value: encodeRecord(record) })));
  await log.append(bars.map(bar => ({ topic: barsTopic.name, partition: 0, key: bar.symbol, value: Buffer.from(encodeBar(bar)) })));
  await log.close();
}

function keyOf(record: FeedRecord): { readonly key?: string } {
  const key = recordKey(record);
  return key === undefined ? {} : { key };
}

/** A line for each record: offset, key, value. */
export async function linesOfLog(log: MarketLog, topic: string): Promise<readonly string[]> {
  const [partition] = await log.offsets(topic);
  const lines: string[] = [];
  for await (const { records } of log.read({ topic, partition: 0, fromOffset: 0, toOffset: partition?.highWatermark ?? 0 })) {
    for (const { offset, key, value } of records) lines.push(`${offset} ${key ? Buffer.from(key) : ''} ${value ? Buffer.from(value) : ''}`);
  }
  return lines;
}

/** Every row of every table, as its reader gives it. */
export async function rowsOfStore(store: MarketStore): Promise<Omit<StoreBatch, 'bars'> & { readonly bars: readonly Bar[] }> {
  const all = { fromMs: 0, toMs: 8_999_999_999_999 };
  const symbols = [...new Set(rows.ticks.map(({ tick }) => tick.symbol))];
  const found: Bar[] = [];
  for (const { symbol, interval } of bars) found.push(...(await store.bars({ ...all, symbol, interval })));
  const ticks = (await Promise.all(symbols.map(symbol => store.ticks({ ...all, symbol })))).flat();
  const instruments = await store.instruments();
  return { ticks, bars: found, latest: await store.latest(), gaps: await store.gaps(all), instruments, alerts: await store.alerts(all) };
}

/** What a file of SQLite is made of: the number of its schema, and the columns of each table in order. */
export function schemaOf(file: string): Readonly<Record<string, unknown>> {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
    const columns = tables.map(({ name }) => [
      String(name),
      database
        .prepare(`SELECT name, type, "notnull", pk FROM pragma_table_info('${String(name)}')`)
        .all()
        .map(column => Object.values(column).join(' ')),
    ]);
    return { ...database.prepare('PRAGMA user_version').get(), tables: Object.fromEntries(columns) };
  } finally {
    database.close();
  }
}

/** The columns and rows of each table of an export. */
export async function writeExport(folder: string): Promise<void> {
  const write = <Row>(name: string, columns: readonly ParquetColumn<Row>[], table: Iterable<Row>) =>
    writeParquet(join(folder, `${name}.parquet`), columns, pageOf([...table]));
  await write('bars', barColumns, bars);
  await write('ticks', tickColumns, rows.ticks);
  await write('gaps', gapColumns, gaps);
  await write('alerts', alertColumns, alerts);
}

async function* pageOf<Row>(page: readonly Row[]): AsyncGenerator<readonly Row[]> {
  yield page;
}

/** A golden file is opened as a copy, because whoever opens a file of SQLite writes to it. */
export function copied(file: string, folder: string, name: string): string {
  copyFileSync(file, join(folder, name));
  return join(folder, name);
}
