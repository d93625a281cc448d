/** The statements of the embedded log: all its SQL that reads and writes topics, records and committed offsets. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { LogRecord, PartitionOffsets } from './market-log.ts';

export interface TopicRow {
  readonly id: number;
  readonly name: string;
  readonly retentionMs: number | undefined;
  readonly partitions: readonly PartitionOffsets[];
}

export interface NewRecord {
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
  /** A text is kept as its UTF-8 bytes. */
  readonly key: string | Uint8Array | undefined;
  /** `undefined` for a tombstone. */
  readonly value: Uint8Array | undefined;
}

/** At most so much in one batch: what one reader holds in memory, and how long it keeps the event loop. */
const batchBytes = 1_048_576;
const batchRecords = 5_000;

export class EmbeddedRecords {
  readonly #connection: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    this.#statements = prepare(connection);
  }

  /** Runs `work` in one transaction: all of it is durable, or nothing. */
  transaction(work: () => void): void {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#connection.exec('COMMIT');
    } finally {
      // A full disk rolls back by itself; anything else leaves the transaction open.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    }
  }

  topics(): readonly TopicRow[] {
    return this.#statements.topics.all().map(row => {
      const id = integer(row.id);
      return {
        id,
        name: String(row.name),
        retentionMs: row.retention_ms === null ? undefined : integer(row.retention_ms),
        partitions: this.#statements.partitions.all(id).map(asOffsets),
      };
    });
  }

  createTopic(name: string, partitions: number, retentionMs: number | undefined): void {
    const { lastInsertRowid } = this.#statements.insertTopic.run(name, retentionMs ?? null);
    for (let partition = 0; partition < partitions; partition += 1) this.#statements.insertPartition.run(lastInsertRowid, partition);
  }

  offsets(topicId: number, partition: number): PartitionOffsets | undefined {
    const row = this.#statements.partition.get(topicId, partition);
    return row === undefined ? undefined : asOffsets(row);
  }

  insert(record: NewRecord, appendTimeMs: number): void {
    const { topicId, partition, offset, key, value } = record;
    const hasKey = key === undefined ? 0 : 1;
    this.#statements.insertRecord.run(topicId, partition, offset, appendTimeMs, hasKey, key ?? null, value ?? null, value ? null : 1);
  }

  moveNextOffset(topicId: number, partition: number, nextOffset: number): void {
    this.#statements.moveNext.run(nextOffset, topicId, partition);
  }

  /** When the newest record of all partitions was appended; `undefined` where there is none. */
  newestAppendTimeMs(): number | undefined {
    const times = this.#statements.newest.all().flatMap(row => (row.append_time_ms === null ? [] : [integer(row.append_time_ms)]));
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Records from `fromOffset` on, before `toOffset`, as many as fit a batch. */
  read(topicId: number, partition: number, fromOffset: number, toOffset: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const row of this.#statements.read.iterate(topicId, partition, fromOffset, toOffset, batchRecords)) {
      const record = asRecord(row);
      records.push(record);
      bytes += (record.value?.length ?? 0) + (record.key?.length ?? 0);
      if (bytes >= batchBytes) break;
    }
    return records;
  }

  /**
   * Deletes the oldest records of a partition, those appended before `beforeMs`, at most `limit` of them.
   * Gives how many; the partition's low offset moves along.
   */
  deleteOldest(topicId: number, partition: number, beforeMs: number, limit: number): number {
    let lowOffset: number | undefined;
    let count = 0;
    for (const row of this.#statements.oldest.iterate(topicId, partition, limit)) {
      if (integer(row.append_time_ms) >= beforeMs) break;
      lowOffset = integer(row.offset) + 1;
      count += 1;
    }
    if (lowOffset === undefined) return 0;
    this.#statements.deleteBefore.run(topicId, partition, lowOffset);
    this.#statements.moveLow.run(lowOffset, topicId, partition);
    return count;
  }

  committedOffset(group: string, topicId: number, partition: number): number | undefined {
    const row = this.#statements.committed.get(group, topicId, partition);
    return row === undefined ? undefined : integer(row.next_offset);
  }

  commit(group: string, topicId: number, partition: number, nextOffset: number): void {
    this.#statements.commit.run(group, topicId, partition, nextOffset);
  }
}

function prepare(connection: DatabaseSync) {
  const hasTombstones = connection
    .prepare('PRAGMA table_info(records)')
    .all()
    .some(({ name }) => name === 'tombstone');
  return {
    topics: connection.prepare('SELECT id, name, retention_ms FROM topics ORDER BY id'),
    partitions: connection.prepare('SELECT partition, low_offset, next_offset FROM partitions WHERE topic = ? ORDER BY partition'),
    partition: connection.prepare('SELECT partition, low_offset, next_offset FROM partitions WHERE topic = ? AND partition = ?'),
    insertTopic: connection.prepare('INSERT INTO topics (name, retention_ms) VALUES (?, ?)'),
    insertPartition: connection.prepare('INSERT INTO partitions (topic, partition, low_offset, next_offset) VALUES (?, ?, 0, 0)'),
    // SQLite takes an empty array for NULL, and a text for a text: the log keeps bytes.
    insertRecord: connection.prepare(
      // Only a log that is read alone can be of a time before tombstones.
      hasTombstones
        ? `INSERT INTO records (topic, partition, offset, append_time_ms, key, value, tombstone)
           VALUES (?, ?, ?, ?, iif(?, CAST(coalesce(?, x'') AS BLOB), NULL), coalesce(?, x''), ?)`
        : 'SELECT ?',
    ),
    moveNext: connection.prepare('UPDATE partitions SET next_offset = ? WHERE topic = ? AND partition = ?'),
    moveLow: connection.prepare('UPDATE partitions SET low_offset = ? WHERE topic = ? AND partition = ?'),
    read: connection.prepare(
      `SELECT offset, key, ${hasTombstones ? 'iif(tombstone, NULL, value)' : 'value'} AS value FROM records WHERE topic = ? AND partition = ? AND offset >= ? AND offset < ? ORDER BY offset LIMIT ?`,
    ),
    oldest: connection.prepare('SELECT offset, append_time_ms FROM records WHERE topic = ? AND partition = ? ORDER BY offset LIMIT ?'),
    newest: connection.prepare(
      `SELECT (SELECT append_time_ms FROM records r WHERE r.topic = p.topic AND r.partition = p.partition ORDER BY offset DESC LIMIT 1)
         AS append_time_ms FROM partitions p`,
    ),
    deleteBefore: connection.prepare('DELETE FROM records WHERE topic = ? AND partition = ? AND offset < ?'),
    committed: connection.prepare('SELECT next_offset FROM group_offsets WHERE consumer_group = ? AND topic = ? AND partition = ?'),
    commit: connection.prepare(
      'INSERT INTO group_offsets (consumer_group, topic, partition, next_offset) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset',
    ),
  };
}

type Row = Record<string, SQLOutputValue>;

function asOffsets(row: Row): PartitionOffsets {
  return { partition: integer(row.partition), lowOffset: integer(row.low_offset), highWatermark: integer(row.next_offset) };
}

function asRecord(row: Row): LogRecord {
  return { offset: integer(row.offset), key: bytesOf(row.key), value: bytesOf(row.value) };
}

function bytesOf(value: SQLOutputValue | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function integer(value: SQLOutputValue | undefined): number {
  if (typeof value === 'number') return value;
  throw new TypeError(`a column of the log holds ${typeof value}, expected a number`);
}
