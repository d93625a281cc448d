import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { createLogger } from '@tapeline/core/logging';
import { feedTopic, topics } from '@tapeline/core/topics';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { describeWithServers } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';
import { replayOfLog } from './support/replay-of-log.ts';
import { appendToFeed, barsOf, beginMs, feed, secondsOf } from './support/short-market.ts';

const program = 'standalone/src/main.ts';
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const symbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'MSFT', 'EUR/USD', 'NVDA', 'XAU/USD'];
const market = { symbols, ticksPerSecond: 4 };

/** Versions count what stands in a partition, so they alone differ between two numbers of partitions. */
function withoutVersions(bars: Readonly<Record<string, Bar>>): Readonly<Record<string, Omit<Bar, 'versionUs'>>> {
  return Object.fromEntries(Object.entries(bars).map(([key, { versionUs, ...bar }]) => [key, bar]));
}

describeWithServers('another number of partitions on Kafka and Cassandra', (kafka, cassandra) => {
  let cluster: TestCluster;
  let wide: MarketLog;
  const started: RunningProcess[] = [];
  beforeAll(async () => {
    cluster = await testCluster({ kafka, cassandra });
    await cluster.log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? 4 })));
    wide = prefixedLog(await openKafkaLog({ brokers: kafka.brokers, clientId: 'test', logger }), `${cluster.env.KAFKA_TOPIC_PREFIX}wide.`);
  }, 60_000);
  afterAll(async () => {
    for (const running of started) await running.end('SIGKILL');
    await wide.close();
    await cluster.close();
  }, 90_000);

  it('is a copy that follows the log, is killed and goes on, and a rebuild from it, with the same bars', async () => {
    const env = { ...cluster.env, KAFKA_GROUP: cluster.groupName('processors'), LOG_LEVEL: 'warn' };
    await appendToFeed(cluster.log, [
      { v: 1, kind: 'session', feed, session: 1, symbols, refused: [], timeMs: beginMs - 1 },
      ...secondsOf(market, 0, 240),
    ]);
    const args = ['repartition', '--partitions', '6', '--to', `${cluster.env.KAFKA_TOPIC_PREFIX}wide.`];
    const killed = startProgram(program, { args, env });
    started.push(killed);
    await eventually('it has written', async () => {
      const ranges = await wide.offsets(feedTopic.name).catch(() => []);
      return ranges.some(({ highWatermark }) => highWatermark > 0);
    });
    await killed.end('SIGKILL');
    const copying = startProgram(program, { args, env });
    started.push(copying);
    await appendToFeed(cluster.log, secondsOf(market, 240, 300));
    expect([await copying.exit, copying.stderr()]).toEqual([0, expect.stringContaining('tapeline rebuild --whole')]);
    const wideEnv = { ...env, KAFKA_TOPIC_PREFIX: `${cluster.env.KAFKA_TOPIC_PREFIX}wide.`, KAFKA_FEED_PARTITIONS: '6' };
    const first = await runProgram(program, { args: ['rebuild', '--whole', '--no-switch'], env: wideEnv });
    expect([first.status, first.stderr]).toEqual([0, expect.stringContaining('generation 2 is ready')]);
    await appendToFeed(cluster.log, secondsOf(market, 300, 310));
    expect((await runProgram(program, { args, env })).status).toBe(0);
    const bars = Object.fromEntries((await replayOfLog(cluster.log)).bars);
    expect(withoutVersions(Object.fromEntries((await replayOfLog(wide)).bars))).toEqual(withoutVersions(bars));

    const rebuilt = await runProgram(program, { args: ['rebuild', '--whole'], env: wideEnv });
    expect([rebuilt.status, rebuilt.stderr]).toEqual([0, expect.stringContaining('generation 2 serves')]);
    const second = openCassandraStore({
      contactPoints: cassandra.contactPoints,
      keyspace: `${cluster.env.CASSANDRA_KEYSPACE}_g2`,
      logger,
      registry: new Registry(),
    });
    try {
      expect(withoutVersions(await barsOf(second, symbols))).toEqual(withoutVersions(bars));
      const processor = cluster.startProcessor('processors', wideEnv);
      await appendToFeed(wide, secondsOf(market, 310, 330));
      const replayed = Object.fromEntries((await replayOfLog(wide)).bars);
      expect(Object.keys(replayed).length).toBeGreaterThan(Object.keys(bars).length);
      await eventually('it goes on', async () => Object.keys(await barsOf(second, symbols)).length === Object.keys(replayed).length);
      expect(await barsOf(second, symbols)).toEqual(replayed);
      expect(await processor.end('SIGTERM')).toBe(0);
    } finally {
      await second.close();
    }
  }, 180_000);
});
