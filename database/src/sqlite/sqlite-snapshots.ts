/** Snapshots in `market.sqlite`: one row for each partition, state included, replaced in one transaction by a newer one only. */
import type { Snapshot, SnapshotKey } from '../market-store.ts';
import { checksumOf, snapshotInvalid } from '../snapshot-checksum.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

const save = `INSERT INTO snapshots (consumer_group, topic, partition, next_offset, format_version, checksum, state, version_us)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
    format_version = excluded.format_version, checksum = excluded.checksum, state = excluded.state, version_us = excluded.version_us
  WHERE (excluded.version_us, excluded.next_offset) > (snapshots.version_us, snapshots.next_offset)`;

const load = 'SELECT * FROM snapshots WHERE consumer_group = ? AND topic = ? AND partition = ?';

/** @returns false when a snapshot at least as far was there already. */
export function saveSqliteSnapshot(database: SqliteDatabase, key: SnapshotKey, snapshot: Snapshot): boolean {
  let saved = false;
  database.transaction(() => {
    const { nextOffset, formatVersion, state, versionUs } = snapshot;
    const values = [key.consumerGroup, key.topic, key.partition, nextOffset, formatVersion, checksumOf(state), state, versionUs];
    saved = database.statement(save).run(...values).changes === 1;
  });
  return saved;
}

/** @throws PipelineError `snapshot.invalid` when the state is not what was saved. */
export function loadSqliteSnapshot(database: SqliteDatabase, key: SnapshotKey): Snapshot | undefined {
  const [row] = database.all(load, key.consumerGroup, key.topic, key.partition);
  if (row === undefined) return undefined;
  const state = row.state as Uint8Array;
  if (checksumOf(state) !== row.checksum) throw snapshotInvalid(key, 'its checksum differs');
  return { nextOffset: Number(row.next_offset), versionUs: Number(row.version_us), formatVersion: Number(row.format_version), state };
}
