import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import type { Tick } from '@tapeline/core/records';
import { shardOf } from '@tapeline/core/shards';
import { topics } from '@tapeline/core/topics';
import { openConfiguredFeeds } from '@tapeline/ingestion/configured-feed';
import { type Ingesters, runIngesters } from '@tapeline/ingestion/ingesters';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { foldedLog, recordsOfPartition } from './support/folded-log.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const partitions = 4;
const symbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'MSFT', 'EUR/USD'];

let folder: string;
let log: MarketLog;
let simulator: Simulator;
beforeEach(async () => {
  folder = temporaryFolder('shards');
  log = await openEmbeddedLog({ directory: folder, logger });
  await log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
  simulator = await startSimulator({ seed: 5, logger, market: { instruments: [...symbols, 'NVDA'], ticksPerSecond: 200 } });
});
afterEach(async () => {
  await simulator.close();
  await log.close();
});

const ticks = async (): Promise<Tick[]> =>
  (await Promise.all([0, 1, 2, 3].map(partition => recordsOfPartition(log, partition)))).flat().filter(record => record.kind === 'tick');

/** Runs with so many shards until `done`, then stops. */
async function run(shards: number, done: (ingesters: Ingesters) => Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  const registry = new Registry();
  const path = join(folder, 'symbols.txt');
  const configuration = readConfiguration({ TWELVE_DATA_URL: simulator.url, SYMBOLS_FILE: path, TWELVE_DATA_SHARDS: String(shards) });
  const ingesters = runIngesters({
    feeds: openConfiguredFeeds(configuration, { logger, registry }),
    log,
    logger,
    registry,
    signal: stop.signal,
  });
  try {
    await ingesters.subscribed;
    await done(ingesters);
  } finally {
    stop.abort();
    await ingesters.finished;
  }
}

/** Waits until each of these symbols has had a tick after now. */
async function traded(wanted: readonly string[]): Promise<void> {
  const sinceMs = Date.now();
  await eventually('a tick of each symbol', async () => {
    const fresh = new Set((await ticks()).filter(tick => tick.receivedTimeMs > sinceMs).map(tick => tick.symbol));
    return wanted.every(symbol => fresh.has(symbol));
  });
}

const write = (list: readonly string[]) => writeFile(join(folder, 'symbols.txt'), list.join('\n'));

describe('a feed of several shards', () => {
  it('gives each symbol to one shard, and each symbol one gap when the number of shards changes, and no other', async () => {
    await write(symbols);
    for (const shards of [1, 2, 1]) await run(shards, () => traded(symbols));
    const all = await ticks();
    const feeds = new Map(symbols.map(symbol => [symbol, new Set(all.filter(tick => tick.symbol === symbol).map(tick => tick.feed))]));
    for (const symbol of symbols) expect(feeds.get(symbol)).toEqual(new Set(['twelve-data/0', `twelve-data/${shardOf(symbol, 2)}`]));
    expect(new Set([...feeds.values()].flatMap(each => [...each]))).toEqual(new Set(['twelve-data/0', 'twelve-data/1']));
    const { gaps, deadLetters } = await foldedLog(log);
    expect(deadLetters).toEqual([]);
    for (const symbol of symbols) {
      const own = gaps.filter(gap => gap.symbol === symbol);
      expect(own).toHaveLength(2);
      for (const { fromMs, toMs } of own) {
        expect(all.filter(tick => tick.symbol === symbol && tick.receivedTimeMs > fromMs && tick.receivedTimeMs < toMs)).toEqual([]);
        expect(all.some(tick => tick.receivedTimeMs === fromMs)).toBe(true);
      }
    }
    expect(simulator.connections.map(({ symbols: asked }) => asked.length)).toHaveLength(4);
  }, 60_000);

  it('follows its list on the open connections: no gap for what stays, a begin for what comes, an end for what goes', async () => {
    await write(symbols);
    let changedMs = 0;
    await run(2, async () => {
      await traded(symbols);
      changedMs = Date.now();
      await write([...symbols.filter(symbol => symbol !== 'MSFT'), 'NVDA']);
      await traded(['NVDA']);
      await traded(symbols.filter(symbol => symbol !== 'MSFT'));
      await eventually('a bar of the new symbol', async () => (await foldedLog(log)).bars.some(bar => bar.symbol === 'NVDA'));
    });
    expect(simulator.connections).toHaveLength(2);
    const all = await ticks();
    const { bars, gaps, deadLetters } = await foldedLog(log);
    expect([gaps, deadLetters]).toEqual([[], []]);
    const first = bars.filter(bar => bar.symbol === 'NVDA').sort((a, b) => a.startMs - b.startMs)[0];
    expect(first?.startMs).toBeGreaterThan(changedMs - 1_000);
    // A price that a busy machine let come late gives a bar out again.
    const partial = bars.filter(bar => bar.symbol === 'NVDA' && bar.flags.includes('partial'));
    expect(new Set(partial.map(({ interval, startMs }) => `${interval} ${startMs}`)).size).toBeLessThanOrEqual(1);
    const left = (await recordsOfPartition(log, 0)).find(
      record => record.kind === 'session' && record.feed === `twelve-data/${shardOf('MSFT', 2)}` && record.timeMs >= changedMs,
    );
    expect(left).toMatchObject({ kind: 'session', session: 1, symbols: expect.not.arrayContaining(['MSFT']) });
    const leftMs = left?.kind === 'session' ? left.timeMs : 0;
    expect(all.some(tick => tick.symbol === 'MSFT' && tick.receivedTimeMs > leftMs)).toBe(false);
    expect(all.some(tick => tick.symbol === 'BTC/USD' && tick.receivedTimeMs > leftMs)).toBe(true);
  }, 60_000);
});
