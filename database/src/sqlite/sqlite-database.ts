/**
 * The connection to `market.sqlite`: opened at the first call, its statements prepared once, its errors told as ours.
 *
 * WAL with `synchronous = NORMAL`: what was committed survives `kill -9`. A power cut may take the last transactions, snapshots
 * with them, because both are in this one file and in this order; what is missing is read from the log again, whose records are on
 * the disk before anybody reads them.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from '@tapeline/core/directories';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { isSqliteBusy } from '@tapeline/core/system-errors';
import { sqliteFailure, unusable } from './sqlite-failure.ts';
import { migrateSqlite, schemaVersionOf, sqliteSchemaVersion } from './sqlite-migrations.ts';

const busyTimeoutMs = 5_000;
const migrationAttempts = 100;

export class SqliteDatabase {
  readonly #file: string;
  readonly #readOnly: boolean;
  readonly #statements = new Map<string, StatementSync>();
  #connection: DatabaseSync | undefined;
  #schemaSeen = false;
  #closed = false;

  constructor(file: string, readOnly: boolean) {
    this.#file = file;
    this.#readOnly = readOnly;
  }

  /** Runs the migrations; tries again while another process runs them. */
  async migrate(): Promise<void> {
    if (this.#readOnly) throw unusable(this.#file, 'it was opened for reading only and cannot be migrated');
    for (let attempt = 1; ; attempt += 1) {
      try {
        migrateSqlite(this.#open(), this.#file);
        return;
      } catch (error) {
        if (!isSqliteBusy(error) || attempt === migrationAttempts) throw sqliteFailure(error, this.#file);
      }
      await sleep(50);
    }
  }

  /** @throws PipelineError `store.schema-missing` with the remedy. */
  ready(): void {
    this.#guarded(() => this.#usable());
  }

  /** Runs a query that only reads. */
  all(sql: string, ...values: readonly (string | number)[]): Record<string, unknown>[] {
    return this.#guarded(() => {
      this.#usable();
      return this.statement(sql).all(...values);
    });
  }

  /** Runs `work` in one transaction: all of it is kept, or nothing. */
  transaction(work: () => void): void {
    this.#guarded(() => {
      const connection = this.#usable();
      connection.exec('BEGIN IMMEDIATE');
      try {
        work();
        connection.exec('COMMIT');
      } catch (error) {
        // A full disk makes SQLite roll back on its own.
        if (connection.isTransaction) connection.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** The prepared statement of this text; there are as many as the code has texts. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#open().prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  close(): void {
    this.#closed = true;
    this.#statements.clear();
    this.#connection?.close();
    this.#connection = undefined;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw sqliteFailure(error, this.#file);
    }
  }

  #usable(): DatabaseSync {
    const connection = this.#open();
    if (this.#schemaSeen) return connection;
    const version = schemaVersionOf(connection, this.#file);
    if (version < sqliteSchemaVersion) throw this.#schemaMissing(`has schema ${version}, expected ${sqliteSchemaVersion}`);
    this.#schemaSeen = true;
    return connection;
  }

  #open(): DatabaseSync {
    if (this.#connection !== undefined) return this.#connection;
    if (this.#closed) throw new TypeError('the store was used after it had been closed');
    if (this.#readOnly && !existsSync(this.#file)) throw this.#schemaMissing('is not there yet');
    if (!this.#readOnly) this.#makeFolder();
    const connection = new DatabaseSync(this.#file, { readOnly: this.#readOnly, timeout: busyTimeoutMs });
    if (!this.#readOnly) connection.exec('PRAGMA synchronous = NORMAL');
    this.#connection = connection;
    return connection;
  }

  #makeFolder(): void {
    try {
      makeDirectory(dirname(this.#file));
    } catch (error) {
      throw unusable(this.#file, `its folder cannot be made (${reasonOf(error)})`, error);
    }
  }

  #schemaMissing(what: string): PipelineError {
    return new PipelineError(
      'store.schema-missing',
      `the store ${this.#file} ${what}: start Tapeline with this DATA_DIR once, which migrates it`,
      {
        retriable: true,
        fields: { file: this.#file },
      },
    );
  }
}
