/** The seeded day on real processes that are killed, and read once more from its first record. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Alert } from '@tapeline/core/alerts';
import { createLogger } from '@tapeline/core/logging';
import { alertsTopic, feedTopic, topics } from '@tapeline/core/topics';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { describeWithServers } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';
import { replayOfLog } from './support/replay-of-log.ts';
import { alertLine, dayMs, expectedAlerts, secondRules, seededHour } from './support/seeded-day.ts';
import { appendToFeed } from './support/short-market.ts';

const program = 'standalone/src/main.ts';
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const partitions = 4;
const theDay = { fromMs: dayMs, toMs: dayMs + 86_400_000 };
const hours = Array.from({ length: 24 }, (_, hour) => hour);

function linesOf(alerts: Iterable<Alert>): readonly string[] {
  return [...alerts].map(alertLine).sort();
}

function byId(alerts: Iterable<Alert>): Readonly<Record<string, Alert>> {
  return Object.fromEntries([...alerts].map(alert => [alert.id, alert]));
}

/** Records of market-data.alerts: at least one of each alert. */
async function publishedAlerts(log: MarketLog): Promise<readonly Alert[]> {
  const published: Alert[] = [];
  for (const { partition, lowOffset, highWatermark: toOffset } of await log.offsets(alertsTopic.name)) {
    if (toOffset === lowOffset) continue;
    for await (const { records } of log.read({ topic: alertsTopic.name, partition, fromOffset: lowOffset, toOffset })) {
      for (const { value } of records) published.push(JSON.parse(Buffer.from(value ?? []).toString()) as Alert);
    }
  }
  return published;
}

describeWithServers('a day with known events on Kafka and Cassandra', (kafka, cassandra) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await testCluster({ kafka, cassandra });
    await cluster.log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
  }, 60_000);
  afterAll(async () => cluster.close(), 90_000);

  async function savedAll(store: MarketStore): Promise<boolean> {
    for (const { partition, highWatermark } of await cluster.log.offsets(feedTopic.name)) {
      const key = { consumerGroup: cluster.groupName('processors'), topic: feedTopic.name, partition };
      if ((await store.loadSnapshot(key))?.nextOffset !== highWatermark) return false;
    }
    return true;
  }

  it('gives each alert that is written out, though processors are killed, and the same in a rebuild', async () => {
    const env = { SNAPSHOT_INTERVAL_MS: '300', PROCESSOR_PEER_HOST: '127.0.0.1', PROCESSOR_PEER_PORT: '0', STORE_TICKS: 'false' };
    const start = () => cluster.startProcessor('processors', env);
    const processors: RunningProcess[] = [start(), start()];
    for (const hour of hours) {
      await appendToFeed(cluster.log, seededHour(hour));
      await sleep(200);
      // A cooldown, the noon with its new rules, the cut and the session are on the way.
      if (![5, 12, 13, 18].includes(hour)) continue;
      expect(await processors.shift()?.end('SIGKILL')).toBe('SIGKILL');
      processors.push(start());
    }
    await eventually('all is saved', () => savedAll(cluster.store), 120_000);
    const replayed = await replayOfLog(cluster.log);
    const stored = await cluster.store.alerts(theDay);
    expect(linesOf(stored)).toEqual(expectedAlerts);
    expect(byId(stored)).toEqual(byId(replayed.alerts));
    const published = await publishedAlerts(cluster.log);
    expect(linesOf(Object.values(byId(published)))).toEqual(expectedAlerts);
    expect(byId(published)).toEqual(byId(stored));
    for (const alert of published) expect(alert).toEqual(byId(stored)[alert.id]);

    const more = { KAFKA_GROUP: cluster.groupName('processors'), LOG_LEVEL: 'warn' };
    const rebuilt = await runProgram(program, { args: ['rebuild'], env: { ...cluster.env, ...more } });
    expect([rebuilt.status, rebuilt.stderr.trim().split('\n').at(-1)]).toEqual([0, expect.stringContaining('generation 2 serves')]);
    const second = openCassandraStore({
      contactPoints: cassandra.contactPoints,
      keyspace: `${cluster.env.CASSANDRA_KEYSPACE}_g2`,
      logger,
      registry: new Registry(),
    });
    try {
      expect(await second.alerts(theDay)).toEqual(stored);
    } finally {
      await second.close();
    }
    // A rebuild tells nobody anything.
    expect((await publishedAlerts(cluster.log)).length).toBe(published.length);
    for (const running of processors) expect(await running.end('SIGTERM')).toBe(0);
  }, 240_000);
});

describe('a day with known events in the one process', () => {
  const scratch = temporaryFolder('alerts');

  it('gives each alert that is written out, though it is killed, and follows its rules file', async () => {
    const dataDir = join(scratch, 'data');
    const file = join(scratch, 'rules.json');
    const log = await openEmbeddedLog({ directory: dataDir, logger });
    await log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
    for (const hour of hours) await appendToFeed(log, seededHour(hour));
    await log.close();
    writeFileSync(file, JSON.stringify({ rules: secondRules }));
    const env = {
      DATA_DIR: dataDir,
      HTTP_PORT: '0',
      LOG_LEVEL: 'warn',
      SNAPSHOT_INTERVAL_MS: '200',
      STORE_TICKS: 'false',
      ALERT_RULES_FILE: file,
    };
    const isUp = (running: RunningProcess) => running.stdout().includes('Tapeline is at');
    for (const afterMs of [0, 200, 600]) {
      const killed = startProgram(program, { args: ['start'], env });
      await eventually('it is up', () => isUp(killed));
      await sleep(afterMs);
      expect(await killed.end('SIGKILL')).toBe('SIGKILL');
    }
    const running = startProgram(program, { args: ['start'], env });
    await eventually('it is up', () => isUp(running));
    const alertsOf = async (rule: string): Promise<boolean> => {
      const store = openSqliteStore({ dataDir, logger, registry: new Registry(), readOnly: true });
      const { length } = (await store.alerts({ fromMs: 0, toMs: Date.now() + 3_600_000 })).filter(alert => alert.rule === rule);
      await store.close();
      return length > 0;
    };
    // Of the simulated market that goes on behind the day.
    const live = { name: 'live', condition: 'level', symbols: ['BTC/USD'], interval: '1s', above: 1 };
    writeFileSync(file, JSON.stringify({ rules: [...secondRules, { ...live, name: 'wrong', above: -1 }] }));
    await eventually('the fault is told', () => running.stderr().includes('so that') || running.stderr().includes('would fire once'));
    expect(running.stderr()).toContain('the former rules stay in force');
    writeFileSync(file, JSON.stringify({ rules: [...secondRules, live] }));
    await eventually('the new rule gives an alert', () => alertsOf('live'), 60_000);
    expect(await running.end('SIGINT')).toBe(0);

    const after = await openEmbeddedLog({ directory: dataDir, logger, readOnly: true });
    const store = openSqliteStore({ dataDir, logger, registry: new Registry(), readOnly: true });
    try {
      const stored = await store.alerts(theDay);
      expect(linesOf(stored)).toEqual(expectedAlerts);
      const published = (await publishedAlerts(after)).filter(({ timeMs }) => timeMs < theDay.toMs);
      expect(byId(published)).toEqual(byId(stored));
    } finally {
      await store.close();
      await after.close();
    }
  }, 180_000);
});
