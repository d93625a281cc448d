import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { readConfiguration } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { pause } from '@tapeline/core/pause';
import type { FeedRecord } from '@tapeline/core/records';
import { topics } from '@tapeline/core/topics';
import { openConfiguredFeeds } from '@tapeline/ingestion/configured-feed';
import { type Ingesters, runIngesters } from '@tapeline/ingestion/ingesters';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { type FinnhubServer, type FinnhubTrade, startFinnhubServer } from '@tapeline/simulator/finnhub/finnhub-server';
import { startYahooServer } from '@tapeline/simulator/yahoo/yahoo-server';
import { Registry } from 'prom-client';
import { accepted, startVendor } from '../../ingestion/test/support/vendor-server.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { foldedLog, recordsOfPartition } from './support/folded-log.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const partitions = 4;
const binance = ['BINANCE:BTCUSDT', 'BINANCE:ETHUSDT'] as const;

/** A price as the account of a feed has it: in which second it belongs, and in which order. */
interface Entry {
  readonly symbol: string;
  readonly price: number;
  readonly size?: number;
  readonly orderMs: number;
}

let folder: string;
let log: MarketLog;
beforeEach(async () => {
  folder = temporaryFolder('feeds');
  log = await openEmbeddedLog({ directory: folder, logger });
  await log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
});
afterEach(async () => {
  await log.close();
});

async function allRecords(): Promise<readonly FeedRecord[]> {
  return (await Promise.all([0, 1, 2, 3].map(partition => recordsOfPartition(log, partition)))).flat();
}

/** The second bars of the whole log. */
async function barsOfLog(): Promise<Bar[]> {
  const { bars } = await foldedLog(log);
  return bars.toSorted((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.startMs - b.startMs));
}

/** What the account says that the bars are, reckoned in the plainest way. */
function barsOf(account: readonly Entry[]): unknown[] {
  const windows = Map.groupBy(account, ({ symbol, orderMs }) => `${symbol} ${Math.floor(orderMs / 1_000) * 1_000}`);
  const bars = [...windows].map(([name, entries]) => {
    const inOrder = entries.toSorted((a, b) => a.orderMs - b.orderMs);
    const prices = inOrder.map(({ price }) => price);
    const sizes = inOrder.flatMap(({ size }) => size ?? []);
    const volume = sizes.reduce((sum, size) => sum + size, 0);
    const turnover = inOrder.reduce((sum, { price, size = 0 }) => sum + price * size, 0);
    const [symbol = '', startMs] = name.split(' ');
    return {
      symbol,
      startMs: Number(startMs),
      ohlc: [prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)],
      tickCount: entries.length,
      ...(sizes.length === 0 ? {} : { volume, vwap: turnover / volume, vwapKind: 'exact' }),
    };
  });
  return bars.sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.startMs - b.startMs));
}

/** A bar of the fold with the fields that an account has; sums may differ in the last bits, for they were added in another order. */
function comparable({ symbol, startMs, open, high, low, close, tickCount, volume, vwap, vwapKind }: Bar): unknown {
  const sums =
    volume === undefined || vwap === undefined ? {} : { volume: expect.closeTo(volume, 9), vwap: expect.closeTo(vwap, 6), vwapKind };
  return { symbol, startMs, ohlc: [open, high, low, close], tickCount, ...sums };
}

function received(ingesters: Ingesters, feed: string): number {
  return ingesters.states().find(state => state.feed === feed)?.ticks.accepted ?? 0;
}

/** Three trades of one message, the oldest last. */
function tradesAt(nowMs: number, round: number): FinnhubTrade[] {
  return [2, 1, 0].map(step => ({
    s: binance[(round + step) % 2] ?? '',
    p: 100 + ((round * 7 + step * 3) % 11) / 10,
    t: nowMs - 40 + step * 7,
    v: ((round + step) % 5) / 4 + 0.25,
    c: null,
  }));
}

async function tradeFor(rounds: number, finnhub: FinnhubServer, tellTwelveData: (round: number) => void): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    finnhub.trade(...tradesAt(Date.now(), round));
    tellTwelveData(round);
    await pause(40);
  }
}

describe('two feeds at once into one log', () => {
  it('give the bars that their own accounts say, each feed with its own sessions', async () => {
    const account: Entry[] = [];
    let tell: (round: number) => void = () => undefined;
    const twelveData = await startVendor({
      connected: socket => {
        tell = round => {
          // A whole minute would not yet say that stamps are of seconds.
          const second = Math.floor(Date.now() / 1_000) - 1;
          if (second % 60 === 0) return;
          const price = 200 + (round % 13) / 8;
          account.push({ symbol: 'BTC/USD', price, orderMs: second * 1_000 + 999 });
          socket.send(JSON.stringify({ event: 'price', symbol: 'BTC/USD', type: 'Digital Currency', timestamp: second, price }));
        };
      },
      subscribed: symbols => [accepted(...symbols)],
    });
    const finnhub = await startFinnhubServer({ apiKey: 'f-key' });
    const stop = new AbortController();
    const registry = new Registry();
    const configuration = readConfiguration({
      FEEDS: 'twelve-data,finnhub',
      TWELVE_DATA_URL: twelveData.url,
      SYMBOLS: 'BTC/USD',
      FINNHUB_URL: finnhub.url,
      FINNHUB_API_KEY: 'f-key',
      FINNHUB_SYMBOLS: binance.join(','),
    });
    const feeds = openConfiguredFeeds(configuration, { logger, registry });
    const ingesters = runIngesters({ feeds, log, logger, registry, signal: stop.signal });
    const settled = async () =>
      received(ingesters, 'finnhub/0') === finnhub.account.length && received(ingesters, 'twelve-data/0') === account.length;
    try {
      expect(ingesters.check()).toBe('twelve-data/0: the feed has not subscribed yet; finnhub/0: the feed has not subscribed yet');
      await ingesters.subscribed;
      await eventually('both Finnhub symbols', async () => finnhub.connections[0]?.symbols.length === 2);
      await tradeFor(40, finnhub, round => tell(round));
      await eventually('all is in the log', settled);
      finnhub.dropConnections();
      await eventually('a second connection', async () => finnhub.connections[1]?.symbols.length === 2);
      await tradeFor(40, finnhub, round => tell(round));
      await eventually('all is in the log', settled);
      expect(ingesters.check()).toBeUndefined();
      expect(await registry.getSingleMetricAsString('tapeline_ingester_connected')).toMatch(
        /\{feed="twelve-data\/0"\} 1\n.*\{feed="finnhub\/0"\} 1/,
      );
      await pause(1_700);
    } finally {
      stop.abort();
      await ingesters.finished;
      await finnhub.close();
      await twelveData.close();
    }
    expect(finnhub.account).toHaveLength(240);
    account.push(...finnhub.account.map(({ s, p, t, v }) => ({ symbol: s, price: p, size: v, orderMs: t })));
    const bars = await barsOfLog();
    expect(barsOf(account)).toEqual(bars.map(comparable));
    expect(ingesters.states().map(({ feed, session, ticks }) => [feed, session, ticks.received - ticks.accepted])).toEqual([
      ['twelve-data/0', 1, 0],
      ['finnhub/0', 2, 0],
    ]);
    expect(bars.some(({ symbol, flags }) => symbol !== 'BTC/USD' && flags.includes('gap'))).toBe(true);
    expect(bars.some(({ symbol, flags }) => symbol === 'BTC/USD' && flags.includes('gap'))).toBe(false);
  }, 60_000);

  it('go on when one of them fails for good', async () => {
    const finnhub = await startFinnhubServer({ apiKey: 'right' });
    const yahoo = await startYahooServer();
    // So old that the first look at it is no change, however late that look comes.
    yahoo.quote({ symbol: 'BTC-USD', regularMarketPrice: 4, regularMarketTime: Math.floor(Date.now() / 1_000) - 3_600 });
    const stop = new AbortController();
    const registry = new Registry();
    const configuration = readConfiguration({
      FEEDS: 'finnhub,yahoo',
      FINNHUB_URL: finnhub.url,
      FINNHUB_API_KEY: 'wrong',
      FINNHUB_SYMBOLS: 'AAPL',
      YAHOO_URL: yahoo.url,
      YAHOO_SYMBOLS: 'BTC-USD',
      YAHOO_POLL_INTERVAL_MS: '1000',
    });
    const ingesters = runIngesters({
      feeds: openConfiguredFeeds(configuration, { logger, registry }),
      log,
      logger,
      registry,
      signal: stop.signal,
    });
    try {
      await eventually('the end of one', async () => ingesters.check() === 'finnhub/0: the feed has ended');
      await eventually('a poll of the other', async () => yahoo.requests.length > 0);
      yahoo.quote({ symbol: 'BTC-USD', regularMarketPrice: 5, regularMarketTime: Math.floor(Date.now() / 1_000) });
      const before = yahoo.requests.length;
      await eventually('polls of the other', async () => yahoo.requests.length > before + 1);
      expect(ingesters.check()).toBe('finnhub/0: the feed has ended');
    } finally {
      stop.abort();
      await expect(ingesters.finished).rejects.toMatchObject({ code: 'feed.key-refused' });
      await finnhub.close();
      await yahoo.close();
    }
    const ticks = (await allRecords()).filter(record => record.kind === 'tick');
    expect(ticks).toMatchObject([{ feed: 'yahoo/0', symbol: 'BTC-USD', price: 5 }]);
  }, 30_000);
});

describe('a recording as a feed', () => {
  it('is played once into a log', async () => {
    const path = join(import.meta.dirname, '../../core/test/fixtures/twelvedata-2024-11-part1.jsonl');
    const configuration = readConfiguration({ FEEDS: 'recording', REPLAY_FILE: path });
    const registry = new Registry();
    const play = () =>
      runIngesters({
        feeds: openConfiguredFeeds(configuration, { logger, registry }),
        log,
        logger,
        registry,
        signal: new AbortController().signal,
      }).finished;
    const [first] = await play();
    expect(first).toMatchObject({ feed: 'recording/0', phase: 'ended', ticks: { refused: 0, lost: 0, buffered: 0 } });
    const before = await allRecords();
    expect(before.filter(({ kind }) => kind === 'tick')).toHaveLength(first?.ticks.accepted ?? 0);
    expect(await play()).toMatchObject([{ phase: 'ended', ticks: { received: 0 } }]);
    expect(await allRecords()).toEqual(before);
  });
});
