import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic, topics } from '@tapeline/core/topics';
import { describeSkipped, describeWithServers } from '@tapeline/services/for-tests';
import { eventually } from '../../test/support/eventually.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import type { RunningProcess } from './support/processes.ts';
import { replayOfLog } from './support/replay-of-log.ts';
import { appendToFeed, barsOf, beginMs, feed, secondsOf } from './support/short-market.ts';

const partitions = 4;
const symbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'MSFT', 'EUR/USD'];
const market = { symbols, ticksPerSecond: 10 };
const rule = { condition: 'level', name: 'high', symbols: '*', interval: '1s', above: 105 };

/** A folder with the sources and packages of a former version whose snapshots have format 3: how to make it is in docs/upgrade.md. */
const former = process.env.TAPELINE_FORMER;
const name = 'processors of a former version beside those of this one';

if (former === undefined) {
  describeSkipped(name, 'TAPELINE_FORMER names no folder of a former version (docs/upgrade.md)');
} else {
  describeWithServers(name, (kafka, cassandra) => {
    let cluster: TestCluster;
    let seconds = 0;
    beforeAll(async () => {
      cluster = await testCluster({ kafka, cassandra });
      await cluster.log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? partitions })));
      await appendToFeed(cluster.log, [{ v: 1, kind: 'session', feed, session: 1, symbols, refused: [], timeMs: beginMs - 1 }]);
    }, 60_000);
    afterAll(() => cluster.close(), 90_000);

    function start(program?: string): RunningProcess {
      return cluster.startProcessor('processors', { SNAPSHOT_INTERVAL_MS: '500' }, program);
    }

    function startFormer(): RunningProcess {
      return start(resolve(former ?? '', 'stream-processing/src/main.ts'));
    }

    async function working(running: RunningProcess): Promise<void> {
      await eventually('it has a partition', () => (running.stdout() + running.stderr()).includes('partition assigned'), 60_000);
    }

    /** The market goes on for so long. */
    async function pass(length: number): Promise<void> {
      await appendToFeed(cluster.log, secondsOf(market, seconds, seconds + length));
      seconds += length;
    }

    /** Waits until the store has as many bars as a replay of the log, which must be the same ones. */
    async function expectBarsOfReplay(): Promise<void> {
      const replayed = Object.fromEntries((await replayOfLog(cluster.log)).bars);
      const count = Object.keys(replayed).length;
      await eventually('all bars', async () => Object.keys(await barsOf(cluster.store, symbols)).length === count, 60_000);
      expect(await barsOf(cluster.store, symbols)).toEqual(replayed);
    }

    /** The market goes on until the snapshot of every partition has this format. */
    async function snapshotsHaveFormat(format: number): Promise<void> {
      await eventually(
        `snapshots of format ${format}`,
        async () => {
          await pass(1);
          await sleep(600);
          const keys = Array.from({ length: partitions }, (_, partition) => ({
            consumerGroup: cluster.groupName('processors'),
            topic: feedTopic.name,
            partition,
          }));
          const saved = await Promise.all(keys.map(key => cluster.store.loadSnapshot(key)));
          return saved.every(snapshot => snapshot?.formatVersion === format);
        },
        60_000,
      );
    }

    it('share the partitions, go on from the snapshots of each other, and give the bars of a replay', async () => {
      await pass(60);
      const [old, today] = [startFormer(), start()];
      await Promise.all([working(old), working(today)]);
      await pass(60);
      await expectBarsOfReplay();
      await today.end('SIGKILL');
      await pass(40);
      await expectBarsOfReplay();
      const next = start();
      await working(next);
      await pass(20);
      expect(await old.end('SIGTERM')).toBe(0);
      await pass(20);
      await expectBarsOfReplay();
      await snapshotsHaveFormat(3);
      expect(await next.end('SIGTERM')).toBe(0);
    }, 240_000);

    it('refuse snapshots with rules, and go on from those of this one when the rules were taken away', async () => {
      const rules = (of: readonly (typeof rule)[]): FeedRecord => ({
        ...{ v: 1, kind: 'alert-rules', rules: [...of], receivedTimeMs: beginMs + seconds * 1_000 },
      });
      const today = start();
      await appendToFeed(cluster.log, [rules([rule])]);
      await snapshotsHaveFormat(4);
      expect(await today.end('SIGTERM')).toBe(0);
      const refusing = startFormer();
      expect(await refusing.exit).toBe(1);
      expect(refusing.stdout() + refusing.stderr()).toContain('the snapshot has format 4, this fold reads 3');
      const again = start();
      await appendToFeed(cluster.log, [rules([])]);
      await snapshotsHaveFormat(3);
      expect(await again.end('SIGTERM')).toBe(0);
      const old = startFormer();
      await working(old);
      await pass(20);
      await expectBarsOfReplay();
      expect((await replayOfLog(cluster.log)).alerts).not.toEqual([]);
      expect(await old.end('SIGTERM')).toBe(0);
    }, 240_000);
  });
}
