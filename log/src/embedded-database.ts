/**
 * The file behind the embedded log: how it is opened, its schema, and how durable a commit is.
 *
 * Records are keyed (topic, partition, offset), as the contract reads them; a partition's next offset is kept apart, so that it
 * goes on when retention has deleted every record. Pages that retention frees are used again; the file does not shrink.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from '@tapeline/core/directories';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { lockForWriting } from './embedded-lock.ts';
import { sqliteFailure } from './sqlite-failure.ts';

/**
 * - `process`: an append survives `kill -9` (the operating system has it); a power cut may take the last of them, never a part of one
 * - `power`: an append is on the disk, at the price of an `fsync` for each group of appends
 */
export type Durability = 'process' | 'power';

export interface EmbeddedDatabaseOptions {
  readonly directory: string;
  readonly readOnly: boolean;
  readonly durability: Durability;
  readonly maxBytes: number | undefined;
}

export interface EmbeddedDatabase {
  readonly connection: DatabaseSync;
  /** Closes the file, then frees the writer's lock. */
  close(): void;
}

/** 2: tombstones. A file of version 1 is brought up by its next writer. */
const schemaVersion = 2;
const pageBytes = 4_096;

const schema = `
  CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    retention_ms INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS partitions (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    low_offset INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS records (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    append_time_ms INTEGER NOT NULL,
    key BLOB,
    value BLOB NOT NULL,
    tombstone INTEGER,
    PRIMARY KEY (topic, partition, offset)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS group_offsets (
    consumer_group TEXT NOT NULL,
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * Opens `log.sqlite` in the directory, creating both unless it is to be read only.
 * @throws PipelineError `data-dir.unusable` with the remedy.
 */
export function openDatabase(options: EmbeddedDatabaseOptions): EmbeddedDatabase {
  if (options.readOnly) return openForReading(options);
  const { directory } = options;
  makeDataDirectory(directory);
  const unlock = lockForWriting(directory);
  try {
    const connection = openForWriting(options);
    return {
      connection,
      close: () => {
        connection.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw sqliteFailure(error, directory);
  }
}

function openForWriting({ directory, durability, maxBytes }: EmbeddedDatabaseOptions): DatabaseSync {
  const connection = new DatabaseSync(join(directory, 'log.sqlite'), { timeout: 5_000 });
  try {
    connection.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL`);
    connection.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
    refuseNewer(connection, directory);
    const upgrade = userVersion(connection) === 1 ? 'ALTER TABLE records ADD COLUMN tombstone INTEGER;' : '';
    connection.exec(`BEGIN IMMEDIATE; ${upgrade} ${schema} COMMIT`);
    if (maxBytes !== undefined) connection.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function openForReading({ directory }: EmbeddedDatabaseOptions): EmbeddedDatabase {
  const file = join(directory, 'log.sqlite');
  if (!existsSync(file)) {
    throw new PipelineError('data-dir.unusable', `data directory ${directory} holds no log, expected the file log.sqlite: check DATA_DIR`, {
      retriable: false,
      fields: { directory },
    });
  }
  try {
    const connection = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    refuseNewer(connection, directory);
    return { connection, close: () => connection.close() };
  } catch (error) {
    throw sqliteFailure(error, directory);
  }
}

function refuseNewer(connection: DatabaseSync, directory: string): void {
  const version = userVersion(connection);
  if (typeof version === 'number' && version <= schemaVersion) return;
  throw new PipelineError(
    'data-dir.unusable',
    `the log in ${directory} has format ${String(version)}, this program knows up to ${schemaVersion}: upgrade it, or set DATA_DIR to another folder`,
    { retriable: false, fields: { directory } },
  );
}

function userVersion(connection: DatabaseSync): unknown {
  return connection.prepare('PRAGMA user_version').get()?.user_version;
}

function makeDataDirectory(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw new PipelineError(
      'data-dir.unusable',
      `data directory ${directory} cannot be made: ${reasonOf(error)}: make it writable, or set DATA_DIR to another folder`,
      { retriable: false, cause: error, fields: { directory } },
    );
  }
}
