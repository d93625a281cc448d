import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { createLogger } from '@tapeline/core/logging';
import { barsTopic, feedTopic, topics } from '@tapeline/core/topics';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { describeWithServers } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { barName } from '../../bench/src/stored-bars.ts';
import { eventually } from '../../test/support/eventually.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';
import { replayOfLog } from './support/replay-of-log.ts';
import { appendToFeed, barsOf, beginMs, feed, secondsOf } from './support/short-market.ts';

const program = 'standalone/src/main.ts';
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const partitions = 4;
const symbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'MSFT', 'EUR/USD'];
const market = { symbols, ticksPerSecond: 50 };

describeWithServers('tapeline rebuild on Kafka and Cassandra', (kafka, cassandra) => {
  let cluster: TestCluster;
  let env: Readonly<Record<string, string>>;
  const started: RunningProcess[] = [];
  beforeAll(async () => {
    cluster = await testCluster({ kafka, cassandra });
    await cluster.log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? partitions })));
    env = { ...cluster.env, KAFKA_GROUP: cluster.groupName('processors'), SNAPSHOT_INTERVAL_MS: '500', LOG_LEVEL: 'warn' };
  }, 60_000);
  afterAll(async () => {
    for (const running of started) await running.end('SIGKILL');
    await cluster.close();
  }, 90_000);

  /** Waits until a store holds what a replay of the log gives; gives that. */
  async function caughtUp(store: MarketStore): Promise<Readonly<Record<string, Bar>>> {
    const replayed = Object.fromEntries((await replayOfLog(cluster.log)).bars);
    const count = Object.keys(replayed).length;
    await eventually('all bars', async () => Object.keys(await barsOf(store, symbols)).length === count);
    return replayed;
  }

  async function publishedBars(): Promise<ReadonlySet<string>> {
    const published = new Set<string>();
    for (const { partition, highWatermark: toOffset } of await cluster.log.offsets(barsTopic.name)) {
      if (toOffset === 0) continue;
      for await (const { records } of cluster.log.read({ topic: barsTopic.name, partition, fromOffset: 0, toOffset })) {
        for (const { value } of records) {
          const bar = JSON.parse(Buffer.from(value ?? []).toString());
          published.add(barName(bar));
        }
      }
    }
    return published;
  }

  /** How many closed one-second bars of a symbol the board's interface gives. */
  async function boardBars(url: string): Promise<number> {
    const range = `from=${beginMs}&to=${beginMs + 3_600_000}`;
    const { bars } = (await (await fetch(`${url}/api/bars?symbol=AAPL&interval=1s&${range}`)).json()) as { bars: Bar[] };
    return bars.filter(bar => bar.state === 'final').length;
  }

  it('is killed and resumed while two processors work, then they and the readers go over to it', async () => {
    const { log, store: first } = cluster;
    await appendToFeed(cluster.log, [
      { v: 1, kind: 'session', feed, session: 1, symbols, refused: [], timeMs: beginMs - 1 },
      ...secondsOf(market, 0, 120),
    ]);
    const processors = [1, 2].map(() => cluster.startProcessor('processors', { SNAPSHOT_INTERVAL_MS: '500' }));
    const board = startProgram('visualization/src/main.ts', { env });
    started.push(board);
    const ends = await log.offsets(feedTopic.name);
    await eventually('generation 1 has saved all', async () => {
      const keys = ends.map(({ partition }) => ({ consumerGroup: cluster.groupName('processors'), topic: feedTopic.name, partition }));
      const saved = await Promise.all(keys.map(key => first.loadSnapshot(key)));
      return ends.every(({ partition, highWatermark }) => saved[partition]?.nextOffset === highWatermark);
    });
    const url = await eventually('the board says where it is', () => /^http:\S+$/m.exec(board.stdout())?.[0]);
    expect(await boardBars(url)).toBe(117);

    const killed = startProgram(program, { args: ['rebuild'], env });
    started.push(killed);
    // The tables of the new generation are made before, one after the other: slow beside other tests that make theirs.
    const told = () => `the rebuild reads; it said ${killed.stderr()}`;
    await eventually(told, () => killed.stderr().includes('generation 2: 0 of '), 90_000);
    await sleep(400);
    await killed.end('SIGKILL');
    await appendToFeed(cluster.log, secondsOf(market, 120, 140));
    const before = await barsOf(first, symbols);
    const { status, stderr } = await runProgram(program, { args: ['rebuild'], env });
    expect([status, stderr.trim().split('\n').at(-1)]).toEqual([0, expect.stringContaining('generation 2 serves')]);
    await appendToFeed(cluster.log, secondsOf(market, 140, 160));

    const second = openCassandraStore({
      contactPoints: cassandra.contactPoints,
      keyspace: `${cluster.env.CASSANDRA_KEYSPACE}_g2`,
      logger,
      registry: new Registry(),
    });
    try {
      await caughtUp(second);
      await appendToFeed(cluster.log, secondsOf(market, 160, 200));
      const replayed = await caughtUp(second);
      expect(await barsOf(second, symbols)).toEqual(replayed);
      const left = await barsOf(first, symbols);
      expect(left).toMatchObject(before);
      expect(Object.keys(left).length).toBeLessThan(Object.keys(replayed).length);
      expect(replayed).toMatchObject(left);
      const published = await publishedBars();
      expect(Object.keys(replayed).filter(key => !published.has(key))).toEqual([]);

      await eventually('the board reads generation 2', async () => (await boardBars(url)) === 197);
      const range = ['--from', String(beginMs), '--to', String(beginMs + 3_600_000), '--interval', '1s', '--symbol', 'AAPL'];
      const exported = await runProgram(program, { args: ['export', ...range], env });
      expect(exported.stdout.trim().split('\n').length - 1).toBe(197);
      for (const running of [...processors, board]) expect(await running.end('SIGTERM')).toBe(0);
      const dropped = await runProgram(program, { args: ['generations', '--drop', '1'], env });
      expect(dropped.stdout).toMatch(/^1 +dropped .*\n2 +serving /m);
      expect(await barsOf(first, symbols)).toEqual({});
      expect(await barsOf(second, symbols)).toEqual(replayed);
    } finally {
      await second.close();
    }
  }, 300_000);
});
