import { expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import type { CassandraConnection, Statement } from '../src/cassandra/cassandra-connection.ts';
import { CassandraSnapshots } from '../src/cassandra/cassandra-snapshots.ts';
import { InFlight } from '../src/cassandra/in-flight.ts';
import { storeMetrics } from '../src/store-metrics.ts';
import { quiet } from './support/rows.ts';

const key = { consumerGroup: 'g', topic: 't', partition: 0 };
const snapshot = { nextOffset: 7, versionUs: 70, formatVersion: 3, state: new Uint8Array(600_000) };

/** A server that is overloaded: chunks that it takes are there, though the saving as a whole fails so often. */
function overloaded(failures: number) {
  const chunks = new Map<string, Buffer>();
  let left = failures;
  const execute = ({ query, params }: Statement) => {
    if (query.startsWith('INSERT') && query.includes('snapshot_chunks')) {
      const [id, chunk, data] = params as [string, number, Buffer];
      if (chunk === 2 && left > 0) {
        left -= 1;
        return Promise.reject(new PipelineError('store.unavailable', 'overloaded', { retriable: true }));
      }
      chunks.set(`${id}/${chunk}`, data);
    }
    return Promise.resolve({ rows: [] });
  };
  return { chunks, connection: { execute } as unknown as CassandraConnection };
}

it('leaves no chunks behind that an attempt wrote before it failed: the next one takes their place', async () => {
  const { chunks, connection } = overloaded(5);
  const { logger, registry } = quiet();
  const snapshots = new CassandraSnapshots({
    connection,
    keyspace: 'k',
    readOnly: false,
    inFlight: new InFlight(1),
    logger,
    metrics: storeMetrics(registry),
  });
  for (let attempt = 0; attempt < 5; attempt += 1) await expect(snapshots.save(key, snapshot)).rejects.toThrow('overloaded');
  await snapshots.save(key, snapshot);
  expect(chunks.size).toBe(3);
});
