/** The stages as processes of their own on a real Kafka and a real Cassandra, with topics and a keyspace of this test's own. */
import { createLogger } from '@tapeline/core/logging';
import { feedTopic } from '@tapeline/core/topics';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import type { TestCassandra, TestKafka } from '@tapeline/services/for-tests';
import cassandra from 'cassandra-driver';
import kafkajs from 'kafkajs';
import { Registry } from 'prom-client';
import { eventually } from '../../../test/support/eventually.ts';
import { type RunningProcess, startProgram } from './processes.ts';

export interface TestCluster {
  readonly store: MarketStore;
  readonly log: MarketLog;
  /** What its programs are started with. */
  readonly env: Readonly<Record<'KAFKA_BROKERS' | 'KAFKA_TOPIC_PREFIX' | 'CASSANDRA_CONTACT_POINTS' | 'CASSANDRA_KEYSPACE', string>>;
  startIngester(env: Readonly<Record<string, string>>): RunningProcess;
  startBackfiller(env: Readonly<Record<string, string>>): RunningProcess;
  startNotifier(env: Readonly<Record<string, string>>): RunningProcess;
  startDailyJob(name: 'history' | 'instruments', env: Readonly<Record<string, string>>): RunningProcess;
  /** `program` is another one than people run only where a test puts a fault into it. */
  startProcessor(group: string, env?: Readonly<Record<string, string>>, program?: string): RunningProcess;
  /** Of a group that `startProcessor` was given: the offset of each partition of market-data.feed that has one. */
  committedOffsets(group: string): Promise<ReadonlyMap<number, number>>;
  /** The group's name on Kafka, and in the keys of its snapshots. */
  groupName(group: string): string;
  /** Every cell of every table but the snapshots', with the write time of each regular one; a line each, in order. */
  cells(): Promise<readonly string[]>;
  close(): Promise<void>;
  /** As `close`, but the keyspace stays: for servers that go themselves. */
  disconnect(): Promise<void>;
}

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
let clusters = 0;

export async function testCluster(servers: { readonly kafka: TestKafka; readonly cassandra: TestCassandra }): Promise<TestCluster> {
  clusters += 1;
  const own = `t${process.pid}_${clusters}_${Date.now().toString(36)}`;
  const keyspace = `test_${own}`;
  const prefix = `test-${own.replaceAll('_', '-')}.`;
  const env = {
    KAFKA_BROKERS: servers.kafka.brokers.join(','),
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_FEED_PARTITIONS: '4',
    CASSANDRA_CONTACT_POINTS: servers.cassandra.contactPoints.join(','),
    CASSANDRA_KEYSPACE: keyspace,
    HTTP_PORT: '0',
    LOG_LEVEL: 'info',
  };
  const store = openCassandraStore({ contactPoints: servers.cassandra.contactPoints, keyspace, logger, registry: new Registry() });
  await store.migrate();
  const log = prefixedLog(await openKafkaLog({ brokers: servers.kafka.brokers, clientId: 'test', logger }), prefix);
  const client = new cassandra.Client({
    contactPoints: [...servers.cassandra.contactPoints],
    localDataCenter: servers.cassandra.localDataCenter,
    keyspace,
    socketOptions: { readTimeout: 60_000 },
  });
  await client.connect();
  const admin = new kafkajs.Kafka({ brokers: [...servers.kafka.brokers], clientId: 'test', logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const processes: RunningProcess[] = [];
  const started = (path: string, more: Readonly<Record<string, string>>): RunningProcess => {
    const running = startProgram(path, { env: { ...env, ...more } });
    processes.push(running);
    return running;
  };
  const disconnect = async (): Promise<void> => {
    await Promise.all([client.shutdown(), store.close(), log.close(), admin.disconnect()]);
  };
  return {
    store,
    log,
    env,
    disconnect,
    startIngester: more => started('ingestion/src/main.ts', more),
    startBackfiller: more => started('ingestion/src/backfill/main.ts', more),
    startNotifier: more => started('stream-processing/src/notifier/main.ts', more),
    startDailyJob: (name, more) => started(`ingestion/src/${name}/main.ts`, more),
    startProcessor: (group, more = {}, program = 'stream-processing/src/main.ts') =>
      started(program, { KAFKA_GROUP: `${prefix}${group}`, ...more }),
    committedOffsets: async group => {
      const [topic] = await admin.fetchOffsets({ groupId: `${prefix}${group}`, topics: [`${prefix}${feedTopic.name}`] });
      const offsets = (topic?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)] as const);
      return new Map(offsets.filter(([, offset]) => offset >= 0));
    },
    groupName: group => `${prefix}${group}`,
    cells: () => cellsOf(client, keyspace),
    close: async () => {
      for (const running of processes) await running.end('SIGKILL');
      // A test may have killed the server a moment ago, and this client has not found it again yet. What stays behind disturbs nobody.
      await eventually('the keyspace is dropped', () => dropped(client, keyspace), 60_000).catch(() => undefined);
      await disconnect();
    },
  };
}

async function dropped(client: cassandra.Client, keyspace: string): Promise<boolean> {
  return client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`).then(
    () => true,
    () => false,
  );
}

const ownAffairs = ['snapshots', 'snapshot_chunks', 'schema_migrations', 'work_'];

async function cellsOf(client: cassandra.Client, keyspace: string): Promise<string[]> {
  const { rows: columns } = await client.execute(
    'SELECT table_name, column_name, kind FROM system_schema.columns WHERE keyspace_name = ?',
    [keyspace],
    { prepare: true },
  );
  const tables = new Map<string, { keys: string[]; values: string[] }>();
  for (const { table_name: table, column_name: column, kind } of columns) {
    if (ownAffairs.some(name => String(table).startsWith(name))) continue;
    const known = tables.get(table) ?? { keys: [], values: [] };
    tables.set(table, known);
    (kind === 'regular' ? known.values : known.keys).push(column);
  }
  const cells: string[] = [];
  for (const [table, { keys, values }] of [...tables].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const selected = [...keys, ...values.flatMap(column => [column, `writetime(${column}) AS wt_${column}`])];
    const result = await client.execute(`SELECT ${selected.join(', ')} FROM ${table}`, [], { prepare: true, fetchSize: 100_000 });
    cells.push(...result.rows.map(row => `${table} ${JSON.stringify(row)}`));
  }
  return cells.sort();
}
