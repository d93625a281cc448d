import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { createLogger } from '@tapeline/core/logging';
import { describeWithServers } from '@tapeline/services/for-tests';
import { startSimulator } from '@tapeline/simulator/simulator';
import { eventually } from '../../test/support/eventually.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import { novemberMinutes } from './support/november-2024.ts';
import { type RunningProcess, runProgram } from './support/processes.ts';

const recording = fileURLToPath(new URL('../../core/test/fixtures/twelvedata-2024-11-part1.jsonl', import.meta.url));
const november = { fromMs: Date.UTC(2024, 10, 1), toMs: Date.UTC(2024, 11, 1), limit: 100_000 };
const symbols = ['BTC/USD', 'ETH/BTC'];

/** As `tapeline replay` prints it, without the columns that are the same in every line (interval) or absent (vwap). */
function lineOf(bar: Bar): string {
  const { symbol, startMs, open, high, low, close, volume, tickCount, flags, revision } = bar;
  return [symbol, startMs, open, high, low, close, volume ?? '', tickCount, flags.join('|'), revision].join(',');
}

async function minutesIn({ store }: TestCluster): Promise<string[]> {
  const bars = await Promise.all(symbols.map(symbol => store.bars({ symbol, interval: '1m', ...november })));
  const byTime = (a: Bar, b: Bar): number => a.startMs - b.startMs || (a.symbol < b.symbol ? -1 : 1);
  return bars.flat().sort(byTime).map(lineOf);
}

async function ticksIn({ store }: TestCluster): Promise<number[]> {
  return Promise.all(symbols.map(async symbol => (await store.ticks({ symbol, ...november })).length));
}

/** Plays the recording over a real socket into the log, and calls `meanwhile` while it plays. */
async function play(cluster: TestCluster, meanwhile: () => Promise<void> = async () => undefined): Promise<RunningProcess> {
  const logger = createLogger({ name: 'simulator', level: 'silent', secrets: [] });
  const simulator = await startSimulator({ seed: 1, recording: { path: recording, speed: 'max' }, sayTime: true, logger });
  try {
    const ingester = cluster.startIngester({
      TWELVE_DATA_URL: simulator.url,
      TWELVE_DATA_API_KEY: 'a-key',
      SYMBOLS: 'BTC/USD,AAPL,ETH/BTC',
      FEED_CLOCK: 'feed',
    });
    await meanwhile();
    await simulator.whenPlayed();
    await eventually('the last minute is closed', async () => (await minutesIn(cluster)).length === 31, 60_000);
    expect([await ingester.end('SIGTERM'), ingester.stderr()]).toEqual([0, expect.not.stringContaining('a-key')]);
    return ingester;
  } finally {
    await simulator.close();
  }
}

describeWithServers(
  'the recording of November 2024, over a socket, through Kafka with 4 partitions and two processors, into Cassandra',
  (kafka, cassandra) => {
    let quiet: TestCluster;
    let killed: TestCluster;
    beforeAll(async () => {
      quiet = await testCluster({ kafka, cassandra });
      killed = await testCluster({ kafka, cassandra });
    }, 120_000);
    afterAll(async () => {
      await quiet?.close();
      await killed?.close();
    }, 60_000);

    it('gives exactly 207 tick rows and the 31 one-minute bars written out here, which are those of `tapeline replay`', async () => {
      const processors = [quiet.startProcessor('first'), quiet.startProcessor('first')];
      await play(quiet);
      for (const processor of processors) expect([await processor.end('SIGTERM'), processor.stderr()]).toEqual([0, expect.any(String)]);
      expect(await minutesIn(quiet)).toEqual(novemberMinutes);
      expect(await ticksIn(quiet)).toEqual([179, 28]);

      const replay = await runProgram('standalone/src/main.ts', { args: ['replay', recording, '--interval', '1m', '--format', 'csv'] });
      const [head, ...lines] = replay.stdout.trim().split('\n');
      expect([replay.status, head]).toEqual([0, 'symbol,interval,startMs,open,high,low,close,volume,vwap,tickCount,flags,revision']);
      expect(lines.map(line => line.replace(',1m,', ',').replace(/^((?:[^,]*,){7})[^,]*,/, '$1'))).toEqual(novemberMinutes);
    }, 180_000);

    it('changes no cell and no write time when the same log is processed a second time', async () => {
      const before = await quiet.cells();
      expect(before.length).toBeGreaterThan(400);
      await processAgain(quiet, 'second');
      expect(await quiet.cells()).toEqual(before);
    }, 120_000);

    it('gives the same cells and write times when a processor is killed in the middle', async () => {
      const victim = killed.startProcessor('first', { SNAPSHOT_INTERVAL_MS: '100' });
      const survivor = killed.startProcessor('first', { SNAPSHOT_INTERVAL_MS: '100' });
      await play(killed, async () => {
        await eventually(
          'a part of the ticks is stored',
          async () => (await ticksIn(killed)).reduce((sum, count) => sum + count) > 60,
          60_000,
        );
        expect(await victim.end('SIGKILL')).toBe('SIGKILL');
      });
      expect(await survivor.end('SIGTERM')).toBe(0);
      expect(await minutesIn(killed)).toEqual(novemberMinutes);
      expect(await ticksIn(killed)).toEqual([179, 28]);
      const before = await killed.cells();
      await processAgain(killed, 'second');
      expect(await killed.cells()).toEqual(before);
    }, 180_000);
  },
);

/** Another group reads the same log from its beginning, and is stopped when it has read all of it. */
async function processAgain(cluster: TestCluster, group: string): Promise<void> {
  const processor = cluster.startProcessor(group, { SNAPSHOT_INTERVAL_MS: '100' });
  const ends = (await cluster.log.offsets('market-data.feed')).map(({ highWatermark }) => highWatermark);
  await eventually('the log is processed again', async () => (await lagOf(processor, ends)) === 0, 60_000);
  expect(await processor.end('SIGTERM')).toBe(0);
}

/** Records that the processor has not processed, by its own metrics. */
async function lagOf(processor: RunningProcess, ends: readonly number[]): Promise<number | undefined> {
  const url = /probes and metrics are at (http:[^"]+)"/.exec(processor.stderr())?.[1];
  if (url === undefined) return undefined;
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const read = Number(/^tapeline_stream_processor_records_total (\d+)/m.exec(metrics)?.[1] ?? 0);
  return ends.reduce((sum, end) => sum + end) - read;
}
