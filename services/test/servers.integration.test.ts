import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import cassandraDriver from 'cassandra-driver';
import kafkajs from 'kafkajs';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { startCassandra } from '../src/cassandra.ts';
import { readEnvironment } from '../src/environment.ts';
import { describeUnless } from '../src/for-tests.ts';
import { findJava } from '../src/java.ts';
import { startKafka } from '../src/kafka.ts';

const { Kafka, logLevel } = kafkajs;
/** Answered writes since the last marker are lost with the process. */
const COMMIT_LOG_MARKER_MS = 100;
const TIMEOUT_MS = 240_000;

async function missingJava(): Promise<PipelineError | undefined> {
  const need = { server: 'cassandra', minimum: 17, maximum: 17, variable: 'CASSANDRA_CONTACT_POINTS' } as const;
  return await findJava(need, readEnvironment()).then(
    () => undefined,
    error => {
      if (error instanceof PipelineError) return error;
      throw error;
    },
  );
}

async function withAdmin<T>(brokers: readonly string[], use: (admin: kafkajs.Admin) => Promise<T>, retries = 5): Promise<T> {
  const client = new Kafka({ brokers: [...brokers], connectionTimeout: 15_000, logLevel: logLevel.NOTHING, retry: { retries } });
  const admin = client.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

async function query(contactPoints: readonly string[], statements: readonly string[]): Promise<cassandraDriver.types.Row | undefined> {
  const client = new cassandraDriver.Client({ contactPoints: [...contactPoints], localDataCenter: 'datacenter1' });
  try {
    let last: cassandraDriver.types.ResultSet | undefined;
    for (const statement of statements) last = await client.execute(statement);
    return last?.first();
  } finally {
    await client.shutdown();
  }
}

describeUnless(await missingJava(), 'the servers', () => {
  describe('kafka', () => {
    it(
      'answers, keeps its topics over kill -9, refuses a second start and stops',
      async () => {
        const folder = temporaryFolder('services');
        const kafka = await startKafka({ brokers: 1, directory: folder, heapMb: 256 });
        try {
          await withAdmin(kafka.brokers, async admin => {
            expect((await admin.describeCluster()).brokers).toHaveLength(1);
            await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 2 }], waitForLeaders: true });
          });
          await expect(startKafka({ brokers: 1, directory: folder })).rejects.toThrow(
            `kafka node 1 runs already as pid ${kafka.nodes[0]?.pid}`,
          );
          await kafka.nodes[0]?.kill('SIGKILL');
          await expect(withAdmin(kafka.brokers, async () => undefined, 0)).rejects.toThrow();
          await kafka.nodes[0]?.start();
          expect(await withAdmin(kafka.brokers, async admin => await admin.listTopics())).toEqual(['kept']);
          await expect(
            withAdmin(kafka.brokers, async admin => await admin.fetchTopicMetadata({ topics: ['never-made'] }), 0),
          ).rejects.toThrow('This server does not host this topic-partition');
        } finally {
          await kafka.stop();
        }
        expect(kafka.nodes[0]?.pid).toBeUndefined();
      },
      TIMEOUT_MS,
    );
  });

  describe('cassandra', () => {
    it(
      'answers, keeps what was written before the last marker of its commit log over kill -9, and stops',
      async () => {
        const folder = temporaryFolder('services');
        const cassandra = await startCassandra({ directory: folder, heapMb: 512 });
        try {
          const version = await query(cassandra.contactPoints, ['SELECT release_version FROM system.local']);
          expect(version?.release_version).toBe('5.0.9');
          await query(cassandra.contactPoints, [
            "CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            'CREATE TABLE kept.prices (symbol text PRIMARY KEY, price double)',
            "INSERT INTO kept.prices (symbol, price) VALUES ('BTC/USD', 91234.5)",
          ]);
          await sleep(COMMIT_LOG_MARKER_MS * 5);
          await cassandra.nodes[0]?.kill('SIGKILL');
          await cassandra.nodes[0]?.start();
          const row = await query(cassandra.contactPoints, ["SELECT price FROM kept.prices WHERE symbol = 'BTC/USD'"]);
          expect(row?.price).toBe(91234.5);
        } finally {
          await cassandra.stop();
        }
        expect(cassandra.nodes[0]?.pid).toBeUndefined();
      },
      TIMEOUT_MS,
    );
  });
});
