import { expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import type { CassandraConnection, Statement } from '../src/cassandra/cassandra-connection.ts';
import { CassandraSnapshots } from '../src/cassandra/cassandra-snapshots.ts';
import { InFlight } from '../src/cassandra/in-flight.ts';
import { storeMetrics } from '../src/store-metrics.ts';
import { quiet } from './support/rows.ts';

const key = { consumerGroup: 'g', topic: 't', partition: 0 };
const snapshot = { nextOffset: 7, versionUs: 70, formatVersion: 3, state: new Uint8Array(600_000) };

/** A server whose answers get lost: what it was asked for is done all the same, but for the last chunk of three. */
function overloaded() {
  const chunks = new Map<string, Buffer>();
  let row: { pointer: unknown; version_us: unknown } | undefined;
  let losing = { of: '', left: 0 };
  const take: Readonly<Record<string, (params: readonly unknown[], isLost: boolean) => void>> = {
    'INSERT INTO k.snapshot_chunks': ([id, chunk, data], isLost) => {
      if (!isLost) chunks.set(`${id}/${chunk}`, data as Buffer);
    },
    'INSERT INTO k.snapshots': ([, , , pointer, version_us]) => {
      row = { pointer, version_us };
    },
    'DELETE FROM k.snapshot_chunks': ([, id]) => {
      for (const name of chunks.keys()) if (name.startsWith(`${id}/`)) chunks.delete(name);
    },
  };
  const execute = async ({ query, params }: Statement) => {
    const what = query.split(' ').slice(0, 3).join(' ');
    const isLost = what === losing.of && losing.left > 0 && (!what.endsWith('chunks') || what.startsWith('DELETE') || params[1] === 2);
    if (isLost) losing = { ...losing, left: losing.left - 1 };
    take[what]?.(params, isLost);
    if (isLost) throw new PipelineError('store.unavailable', 'overloaded', { retriable: true });
    return { rows: query.startsWith('SELECT') && row !== undefined ? [row] : [] };
  };
  const lose = (of: string, times: number) => {
    losing = { of, left: times };
  };
  return { chunks, lose, connection: { execute } as unknown as CassandraConnection };
}

function snapshotsOn(connection: CassandraConnection): CassandraSnapshots {
  const { logger, registry } = quiet();
  return new CassandraSnapshots({
    connection,
    keyspace: 'k',
    readOnly: false,
    inFlight: new InFlight(1),
    logger,
    metrics: storeMetrics(registry),
  });
}

it('leaves no chunks behind that an attempt wrote before it failed: the next one takes their place', async () => {
  const { chunks, lose, connection } = overloaded();
  const snapshots = snapshotsOn(connection);
  lose('INSERT INTO k.snapshot_chunks', 5);
  for (let attempt = 0; attempt < 5; attempt += 1) await expect(snapshots.save(key, snapshot)).rejects.toThrow('overloaded');
  await snapshots.save(key, snapshot);
  expect(chunks.size).toBe(3);
});

it.each(['INSERT INTO k.snapshots', 'DELETE FROM k.snapshot_chunks'])(
  'leaves no chunks of the former one behind when the answer to %s is lost',
  async query => {
    const { chunks, lose, connection } = overloaded();
    const snapshots = snapshotsOn(connection);
    await snapshots.save(key, snapshot);
    const next = { ...snapshot, nextOffset: 8, versionUs: 80 };
    lose(query, 1);
    await expect(snapshots.save(key, next)).rejects.toThrow('overloaded');
    await snapshots.save(key, next);
    expect([...chunks.keys()].map(name => name.split(' ')[1])).toEqual(['80', '80', '80']);
  },
);

it('that is replaced each time before it is read whole is no damaged one: it is read again later', async () => {
  let reads = 0;
  const pointerOf = (id: number) => ({
    pointer: { snapshot_id: `${id}`, next_offset: id, chunks: 1, checksum: '', format_version: 3 },
    version_us: id,
  });
  const connection = {
    execute: async () => {
      reads += 1;
      return { rows: [pointerOf(reads)] };
    },
    // Its chunks are gone.
    async *pages() {},
  };
  const snapshots = snapshotsOn(connection as unknown as CassandraConnection);
  await expect(snapshots.load(key)).rejects.toMatchObject({ code: 'store.unavailable', retriable: true });
});
