/** Generations beside `market.sqlite`: generation N is `market-gN.sqlite`; the notes have a file of their own, for `market.sqlite` has one writer. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from '@tapeline/core/directories';
import { firstGeneration, type GenerationNote, type GenerationState, type GenerationTable } from '../generations.ts';
import { sqliteFailure } from './sqlite-failure.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS generations (
    generation INTEGER NOT NULL PRIMARY KEY, state TEXT NOT NULL, fold_version INTEGER NOT NULL, since INTEGER NOT NULL, by TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS serving (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO serving VALUES (1, ${firstGeneration});
`;

/** The file of the notes in a data directory. */
export const notesFile = 'generations.sqlite';

/** The file of a generation's tables in a data directory. */
export function sqliteFileOf(generation: number): string {
  return generation === firstGeneration ? 'market.sqlite' : `market-g${generation}.sqlite`;
}

export function sqliteGenerations(dataDir: string): GenerationTable {
  return new SqliteGenerations(dataDir);
}

class SqliteGenerations implements GenerationTable {
  readonly #dataDir: string;
  readonly #file: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#file = join(dataDir, notesFile);
  }

  async prepare(): Promise<void> {
    makeDirectory(this.#dataDir);
    this.#run(false, database => database.exec(schema));
  }

  async read(): Promise<{ readonly serving: number | undefined; readonly notes: readonly GenerationNote[] }> {
    if (!existsSync(this.#file)) return { serving: undefined, notes: [] };
    return this.#run(true, database => {
      const isPrepared = database.prepare("SELECT name FROM sqlite_master WHERE name = 'serving'").get() !== undefined;
      if (!isPrepared) return { serving: undefined, notes: [] };
      const serving = database.prepare('SELECT generation FROM serving').get()?.generation;
      const rows = database.prepare('SELECT * FROM generations ORDER BY generation').all();
      return { serving: serving === undefined ? undefined : Number(serving), notes: rows.map(noteOf) };
    });
  }

  async put({ generation, state, foldVersion, sinceMs, by }: GenerationNote): Promise<void> {
    await this.prepare();
    this.#run(false, database =>
      database.prepare('INSERT OR REPLACE INTO generations VALUES (?, ?, ?, ?, ?)').run(generation, state, foldVersion, sinceMs, by),
    );
  }

  async serve(generation: number, from: number): Promise<boolean> {
    return this.#run(
      false,
      database => database.prepare('UPDATE serving SET generation = ? WHERE generation = ?').run(generation, from).changes === 1,
    );
  }

  async remove(generation: number): Promise<void> {
    const file = join(this.#dataDir, sqliteFileOf(generation));
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  }

  async close(): Promise<void> {
    // Nothing stays open: it is looked at every few seconds and written once in a long while.
  }

  #run<T>(readOnly: boolean, work: (database: DatabaseSync) => T): T {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(this.#file, { readOnly, timeout: 5_000 });
      return work(database);
    } catch (error) {
      throw sqliteFailure(error, this.#file);
    } finally {
      database?.close();
    }
  }
}

function noteOf(row: Record<string, unknown>): GenerationNote {
  return {
    generation: Number(row.generation),
    state: String(row.state) as GenerationState,
    foldVersion: Number(row.fold_version),
    sinceMs: Number(row.since),
    by: String(row.by),
  };
}
