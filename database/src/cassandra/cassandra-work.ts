/** Queues and shared values of jobs on Cassandra: a partition for each queue, a row with a version for each value. */
import type { WorkCell, WorkItem, WorkItems, WorkStore } from '../work-store.ts';
import { CassandraConnection, type CassandraConnectionOptions } from './cassandra-connection.ts';
import { inOrder } from './in-order.ts';
import { requireSchema } from './migrator.ts';

export interface CassandraWorkOptions extends CassandraConnectionOptions {
  readonly keyspace: string;
  /** Items that are asked for at once. @default 5,000 */
  readonly pageItems?: number;
}

/** Connects at the first call. */
export function openCassandraWork(options: CassandraWorkOptions): WorkStore {
  const connection = new CassandraConnection(options);
  const { keyspace, pageItems = 5_000 } = options;
  let schemaSeen = false;
  const usable = async () => {
    if (!schemaSeen) await requireSchema(connection, keyspace);
    schemaSeen = true;
  };
  return {
    items: queue => new CassandraItems({ connection, keyspace, usable }, queue, pageItems),
    cell: id => new CassandraCell({ connection, keyspace, usable }, id),
    close: () => connection.close(),
  };
}

interface Tables {
  readonly connection: CassandraConnection;
  readonly keyspace: string;
  /** @throws PipelineError `store.schema-missing` with the remedy. */
  readonly usable: () => Promise<void>;
}

class CassandraItems implements WorkItems {
  readonly #tables: Tables;
  readonly #queue: string;
  readonly #pageItems: number;

  constructor(tables: Tables, queue: string, pageItems: number) {
    this.#tables = tables;
    this.#queue = queue;
    this.#pageItems = pageItems;
  }

  async all(): Promise<readonly WorkItem[]> {
    await this.#tables.usable();
    const statement = { query: `SELECT id, body FROM ${this.#table} WHERE queue = ?`, params: [this.#queue] };
    const items: WorkItem[] = [];
    for await (const page of this.#tables.connection.pages(statement, this.#pageItems)) {
      for (const { id, body } of page) items.push({ id: String(id), place: `${this.#table} ${this.#queue}/${id}`, text: String(body) });
    }
    return items;
  }

  async put(id: string, text: string): Promise<void> {
    await this.#tables.usable();
    const query = `UPDATE ${this.#table} SET body = ? WHERE queue = ? AND id = ? ${inOrder('body')}`;
    await this.#tables.connection.execute({ query, params: [text, this.#queue, id] });
  }

  async remove(id: string): Promise<void> {
    await this.#tables.usable();
    const query = `DELETE FROM ${this.#table} WHERE queue = ? AND id = ? IF EXISTS`;
    await this.#tables.connection.execute({ query, params: [this.#queue, id] });
  }

  get #table(): string {
    return `${this.#tables.keyspace}.work_items`;
  }
}

/** A conditional update whose outcome is not known (a timeout) is an error: whoever reads again sees what became of it. */
class CassandraCell implements WorkCell {
  readonly #tables: Tables;
  readonly #id: string;

  constructor(tables: Tables, id: string) {
    this.#tables = tables;
    this.#id = id;
  }

  async read(): Promise<{ readonly version: number; readonly text: string | undefined }> {
    await this.#tables.usable();
    const query = `SELECT version, body FROM ${this.#table} WHERE id = ?`;
    const { rows } = await this.#tables.connection.execute({ query, params: [this.#id] });
    const [row] = rows;
    return row === undefined ? { version: 0, text: undefined } : { version: Number(row.version), text: String(row.body) };
  }

  async replace(version: number, text: string): Promise<boolean> {
    await this.#tables.usable();
    const { connection } = this.#tables;
    const result =
      version === 0
        ? await connection.executeOnce(`INSERT INTO ${this.#table} (id, version, body) VALUES (?, ?, ?) IF NOT EXISTS`, [this.#id, 1, text])
        : await connection.executeOnce(`UPDATE ${this.#table} SET version = ?, body = ? WHERE id = ? IF version = ?`, [
            version + 1,
            text,
            this.#id,
            version,
          ]);
    return result.wasApplied();
  }

  get #table(): string {
    return `${this.#tables.keyspace}.work_cells`;
  }
}
