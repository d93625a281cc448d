/** Generations beside a keyspace: generation N is `<keyspace>_gN`; the notes are a table of the keyspace itself, made by the first rebuild. */
import { PipelineError } from '@tapeline/core/errors';
import { firstGeneration, type GenerationNote, type GenerationState, type GenerationTable } from '../generations.ts';
import { CassandraConnection, type CassandraConnectionOptions } from './cassandra-connection.ts';
import { unavailable } from './cassandra-failure.ts';
import { inOrder } from './in-order.ts';
import { requireSchema } from './migrator.ts';

const scope = 'market-store';
const schemaChangeTimeoutMs = 60_000;
const longestName = 48;
const ownAffairs: ReadonlySet<string> = new Set(['generations', 'schema_migrations', 'work_items', 'work_cells']);

/** The keyspace of a generation's tables. @throws PipelineError `configuration.invalid` when its name is too long for Cassandra. */
export function keyspaceOf(keyspace: string, generation: number): string {
  if (generation === firstGeneration) return keyspace;
  const name = `${keyspace}_g${generation}`;
  if (name.length <= longestName) return name;
  throw new PipelineError(
    'configuration.invalid',
    `CASSANDRA_KEYSPACE must leave room for a generation, was ${keyspace}: ${name} is longer than ${longestName} characters; take a shorter name`,
    { retriable: false },
  );
}

export function cassandraGenerations(options: CassandraConnectionOptions & { readonly keyspace: string }): GenerationTable {
  return new CassandraGenerations(options);
}

class CassandraGenerations implements GenerationTable {
  readonly #connection: CassandraConnection;
  readonly #keyspace: string;
  #isPrepared = false;

  constructor(options: CassandraConnectionOptions & { readonly keyspace: string }) {
    this.#connection = new CassandraConnection(options);
    this.#keyspace = options.keyspace;
  }

  async prepare(): Promise<void> {
    await requireSchema(this.#connection, this.#keyspace);
    // Whoever may write the notes may not make their table, though it be there.
    if (!(await this.#exists())) {
      await this.#changeSchema(
        `CREATE TABLE IF NOT EXISTS ${this.#keyspace}.generations (
          scope text, generation int, state text, fold_version int, since timestamp, changed_by text, serving int static,
          PRIMARY KEY ((scope), generation))`,
      );
    }
    // Whoever made the table may have been ended before it noted this.
    if ((await this.read()).serving !== undefined) return;
    await this.#connection.executeOnce(`UPDATE ${this.#keyspace}.generations SET serving = ? WHERE scope = ? IF serving = null`, [
      firstGeneration,
      scope,
    ]);
  }

  async read(): Promise<{ readonly serving: number | undefined; readonly notes: readonly GenerationNote[] }> {
    if (!(await this.#exists())) return { serving: undefined, notes: [] };
    const { rows } = await this.#connection.execute({
      query: `SELECT generation, state, fold_version, since, changed_by, serving FROM ${this.#keyspace}.generations WHERE scope = ?`,
      params: [scope],
    });
    const serving = rows[0]?.serving ?? undefined;
    // With the static column alone there is one row, without a generation.
    const notes = rows.filter(row => row.generation !== null).map(noteOf);
    return { serving: serving === undefined ? undefined : Number(serving), notes };
  }

  async put({ generation, state, foldVersion, sinceMs, by }: GenerationNote): Promise<void> {
    const query = `UPDATE ${this.#keyspace}.generations SET state = ?, fold_version = ?, since = ?, changed_by = ? WHERE scope = ? AND generation = ? ${inOrder('state')}`;
    await this.#connection.execute({ query, params: [state, foldVersion, new Date(sinceMs), by, scope, generation] });
  }

  async serve(generation: number, from: number): Promise<boolean> {
    const query = `UPDATE ${this.#keyspace}.generations SET serving = ? WHERE scope = ? IF serving = ?`;
    return (await this.#connection.executeOnce(query, [generation, scope, from])).wasApplied();
  }

  /** The keyspace of generation 1 holds the notes, too: it is emptied. */
  async remove(generation: number): Promise<void> {
    if (generation !== firstGeneration) {
      await this.#changeSchema(`DROP KEYSPACE IF EXISTS ${keyspaceOf(this.#keyspace, generation)}`);
      return;
    }
    const query = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
    const { rows } = await this.#connection.execute({ query, params: [this.#keyspace] });
    const names = rows.map(row => String(row.table_name)).filter(name => !ownAffairs.has(name));
    for (const name of names) await this.#changeSchema(`TRUNCATE ${this.#keyspace}.${name}`);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #exists(): Promise<boolean> {
    if (this.#isPrepared) return true;
    const query = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?';
    const { rowLength } = await this.#connection.execute({ query, params: [this.#keyspace, 'generations'] });
    this.#isPrepared = rowLength > 0;
    return this.#isPrepared;
  }

  async #changeSchema(statement: string): Promise<void> {
    await this.#connection.executeOnce(statement, [], { readTimeout: schemaChangeTimeoutMs });
    if (!(await this.#connection.schemaInAgreement())) throw unavailable('the nodes of Cassandra do not agree about the schema yet');
  }
}

function noteOf(row: Readonly<Record<string, unknown>>): GenerationNote {
  return {
    generation: Number(row.generation),
    state: String(row.state) as GenerationState,
    foldVersion: Number(row.fold_version),
    sinceMs: (row.since as Date).getTime(),
    by: String(row.changed_by),
  };
}
