/** The statements of `snapshots` and `snapshot_chunks`; every write time is the version of a snapshot. */
import type { SnapshotKey } from '../market-store.ts';
import type { CassandraConnection, Statement } from './cassandra-connection.ts';

export interface Pointer {
  readonly snapshotId: string;
  readonly nextOffset: number;
  readonly versionUs: number;
  readonly formatVersion: number;
  readonly chunks: number;
  readonly checksum: string;
}

type StoredRow = Readonly<Record<string, unknown>>;

const chunksOfPage = 4;

export class SnapshotTables {
  readonly #connection: CassandraConnection;
  readonly #keyspace: string;

  constructor(connection: CassandraConnection, keyspace: string) {
    this.#connection = connection;
    this.#keyspace = keyspace;
  }

  async pointer(key: SnapshotKey): Promise<Pointer | undefined> {
    const query = `SELECT pointer, WRITETIME(pointer) AS version_us FROM ${this.#keyspace}.snapshots WHERE consumer_group = ? AND topic = ? AND partition = ?`;
    const { rows } = await this.#connection.execute({ query, params: [key.consumerGroup, key.topic, key.partition] });
    return rows[0] === undefined ? undefined : pointerOf(rows[0]);
  }

  async pointers(): Promise<readonly { readonly key: SnapshotKey; readonly pointer: Pointer }[]> {
    const query = `SELECT consumer_group, topic, partition, pointer, WRITETIME(pointer) AS version_us FROM ${this.#keyspace}.snapshots`;
    const rows = await this.#all({ query, params: [] });
    return rows.map(row => ({
      key: { consumerGroup: String(row.consumer_group), topic: String(row.topic), partition: Number(row.partition) },
      pointer: pointerOf(row),
    }));
  }

  async point(key: SnapshotKey, { snapshotId, nextOffset, versionUs, formatVersion, chunks, checksum }: Pointer): Promise<void> {
    const query = `INSERT INTO ${this.#keyspace}.snapshots (consumer_group, topic, partition, pointer) VALUES (?, ?, ?, ?) USING TIMESTAMP ?`;
    const pointer = { next_offset: nextOffset, snapshot_id: snapshotId, chunks, checksum, format_version: formatVersion };
    await this.#connection.execute({ query, params: [key.consumerGroup, key.topic, key.partition, pointer, versionUs] });
  }

  async writeChunk(snapshotId: string, chunk: number, data: Buffer, versionUs: number): Promise<void> {
    const query = `INSERT INTO ${this.#keyspace}.snapshot_chunks (snapshot_id, chunk, data) VALUES (?, ?, ?) USING TIMESTAMP ?`;
    await this.#connection.execute({ query, params: [snapshotId, chunk, data, versionUs] });
  }

  /** Data of the chunks that are there, in order. */
  async chunks(snapshotId: string): Promise<readonly Buffer[]> {
    const query = `SELECT data FROM ${this.#keyspace}.snapshot_chunks WHERE snapshot_id = ?`;
    return (await this.#all({ query, params: [snapshotId] }, chunksOfPage)).map(row => row.data as Buffer);
  }

  /** Ids of all chunks in the keyspace. */
  async snapshotIds(): Promise<readonly string[]> {
    const rows = await this.#all({ query: `SELECT DISTINCT snapshot_id FROM ${this.#keyspace}.snapshot_chunks`, params: [] });
    return rows.map(row => String(row.snapshot_id));
  }

  /** `versionUs` is at least the version that the chunks were written with. */
  async removeChunks(snapshotId: string, versionUs: number): Promise<void> {
    const query = `DELETE FROM ${this.#keyspace}.snapshot_chunks USING TIMESTAMP ? WHERE snapshot_id = ?`;
    await this.#connection.execute({ query, params: [versionUs, snapshotId] });
  }

  async #all(statement: Statement, pageRows = 1_000): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    for await (const page of this.#connection.pages(statement, pageRows)) rows.push(...page);
    return rows;
  }
}

function pointerOf(row: StoredRow): Pointer {
  const pointer = row.pointer as StoredRow;
  return {
    snapshotId: String(pointer.snapshot_id),
    nextOffset: Number(pointer.next_offset),
    versionUs: Number(row.version_us),
    formatVersion: Number(pointer.format_version),
    chunks: Number(pointer.chunks),
    checksum: String(pointer.checksum),
  };
}
