/**
 * The schema of `market.sqlite`, as numbered steps that only ever go forward; `PRAGMA user_version` says how many were taken.
 * A step that was released is never edited: a change is a further step.
 *
 * Columns are named as in Cassandra; times are milliseconds since the Unix epoch, `version_us` is the write time of the row.
 */
import type { DatabaseSync } from 'node:sqlite';
import { unusable } from './sqlite-failure.ts';

const migrations: readonly string[] = [
  `
  CREATE TABLE ticks (
    symbol TEXT NOT NULL, time INTEGER NOT NULL, session INTEGER NOT NULL, sequence INTEGER NOT NULL,
    feed TEXT NOT NULL, price REAL NOT NULL, bid REAL, ask REAL, day_volume REAL, size REAL,
    source_time INTEGER NOT NULL, received_time INTEGER NOT NULL, trading_day TEXT NOT NULL, trading_day_end INTEGER NOT NULL,
    version_us INTEGER NOT NULL,
    PRIMARY KEY (symbol, time, session, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE bars (
    symbol TEXT NOT NULL, interval TEXT NOT NULL, start INTEGER NOT NULL, end_time INTEGER NOT NULL,
    open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL, volume REAL, vwap REAL, vwap_kind TEXT,
    tick_count INTEGER NOT NULL, spread_mean REAL, state TEXT NOT NULL, flags TEXT NOT NULL, revision INTEGER NOT NULL,
    sma_20 REAL, ema_12 REAL, ema_26 REAL, macd REAL, macd_signal REAL, macd_histogram REAL, rsi_14 REAL,
    bollinger_upper REAL, bollinger_lower REAL, atr_14 REAL, momentum_10 REAL, volatility_20 REAL,
    version_us INTEGER NOT NULL,
    PRIMARY KEY (symbol, interval, start)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE latest (
    symbol TEXT NOT NULL PRIMARY KEY, price REAL NOT NULL, bid REAL, ask REAL, day_volume REAL,
    time INTEGER NOT NULL, received_time INTEGER NOT NULL,
    version_us INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE gaps (
    time INTEGER NOT NULL, symbol TEXT NOT NULL, reason TEXT NOT NULL, to_time INTEGER NOT NULL, filled INTEGER NOT NULL,
    version_us INTEGER NOT NULL,
    PRIMARY KEY (time, symbol, reason)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE instruments (
    symbol TEXT NOT NULL PRIMARY KEY, name TEXT, exchange TEXT, type TEXT, time_zone TEXT, sector TEXT, currency TEXT,
    received_time INTEGER NOT NULL,
    version_us INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE snapshots (
    consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL, format_version INTEGER NOT NULL, checksum TEXT NOT NULL, state BLOB NOT NULL,
    version_us INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
  ) STRICT;
  `,
  `
  ALTER TABLE instruments ADD COLUMN fifty_two_week_low REAL;
  ALTER TABLE instruments ADD COLUMN fifty_two_week_high REAL;
  `,
  `
  CREATE TABLE alerts (
    time INTEGER NOT NULL, symbol TEXT NOT NULL, id TEXT NOT NULL, rule TEXT NOT NULL, condition TEXT NOT NULL, severity TEXT NOT NULL,
    feed TEXT, bar_interval TEXT, value REAL, threshold REAL, message TEXT NOT NULL,
    version_us INTEGER NOT NULL,
    PRIMARY KEY (time, symbol, id)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** The number of the last step. */
export const sqliteSchemaVersion = migrations.length;

/**
 * Takes the steps that are missing, all in one transaction: a second process waits for the first and then finds nothing to do.
 * @throws PipelineError `data-dir.unusable` when the file is of a newer program.
 */
export function migrateSqlite(database: DatabaseSync, file: string): void {
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(schemaVersionOf(database, file))) database.exec(step);
    database.exec(`PRAGMA user_version = ${sqliteSchemaVersion}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/**
 * The step that the file is at; 0 for a new one.
 * @throws PipelineError `data-dir.unusable` when the file is of a newer program.
 */
export function schemaVersionOf(database: DatabaseSync, file: string): number {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version <= sqliteSchemaVersion) return version;
  throw unusable(file, `it has schema ${version}, this program knows up to ${sqliteSchemaVersion} (upgrade the program)`);
}
