import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Bar, isOfHistory } from '@tapeline/core/bars';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import { createLogger } from '@tapeline/core/logging';
import type { Gap, MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { describeWithServers } from '@tapeline/services/for-tests';
import { type RestSimulator, startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { Registry } from 'prom-client';
import { storedBars } from '../../bench/src/stored-bars.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { testCluster } from './support/cluster.ts';
import { type InterruptedFeed, startInterruptedFeed } from './support/interrupted-feed.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** Noon of the day before yesterday: all its bars are over, and its day is to be compared. */
const beginMs = Math.floor(Date.now() / dayMs - 2) * dayMs + dayMs / 2;
const intervals = ['1m', '5m', '15m', '1h'] as const satisfies readonly Interval[];
/** The connection is lost in the middle of minute 40 and back in the middle of minute 47; what the gap's hour needs is over by then. */
const seconds = { lost: 40 * 60 + 20, back: 47 * 60 + 45, end: 3 * 3_600 };
/** Of ETH/USD; the vendor tells another price for it than the stream told. */
const wrongMinuteMs = beginMs + 20 * minuteMs;
/** 2 symbols of 4 intervals to fill and then to compare, what two kills may cost again, and the command's 2 intervals. */
const creditsPerMinute = 2 * 4 * 2 + 2 + 2 * 2;

let feed: InterruptedFeed;
let rest: RestSimulator;
beforeEach(async () => {
  feed = await startInterruptedFeed(beginMs);
  rest = await startRestSimulator({
    seed: 1,
    creditsPerMinute,
    bars: (instrument, startMs, lengthMs) => {
      const bar = feed.bar(instrument, startMs, lengthMs);
      const isWrong = instrument.symbol === 'ETH/USD' && startMs === wrongMinuteMs && lengthMs === minuteMs;
      return bar && isWrong ? { ...bar, high: bar.high * 1.01 } : bar;
    },
  });
});
afterEach(async () => {
  await rest.close();
  await feed.close();
});

const env = () => ({
  TWELVE_DATA_URL: feed.url,
  SYMBOLS: feed.symbols.join(','),
  BAR_INTERVALS: intervals.join(','),
  FEED_CLOCK: 'feed',
  FEED_MUTE_TIMEOUT_MS: '600000',
});
const backfillEnv = () => ({ TWELVE_DATA_REST_URL: rest.url, TWELVE_DATA_CREDITS_PER_MINUTE: `${creditsPerMinute}` });

async function playWithGap(): Promise<void> {
  await feed.connected();
  feed.play(0, seconds.lost);
  feed.drop();
  feed.play(seconds.lost, seconds.back);
  await feed.connected();
  feed.play(seconds.back, seconds.end);
}

const wholeDay = { fromMs: beginMs - dayMs, toMs: beginMs + dayMs };

async function barsOf(store: MarketStore): Promise<readonly Bar[]> {
  return [...(await storedBars(store, feed.symbols, () => wholeDay)).values()];
}

/** All bars that are over: the last minute of the account stays open, because nothing comes after it. */
async function allIsStored(store: MarketStore): Promise<void> {
  await eventually('the bars of the last minute but one', async () => {
    const last = { fromMs: beginMs + seconds.end * 1_000 - 2 * minuteMs, toMs: wholeDay.toMs };
    const bars = await Promise.all(feed.symbols.map(symbol => store.bars({ symbol, interval: '1m', ...last })));
    return bars.every(each => each.length > 0);
  });
}

async function gapsOf(store: MarketStore): Promise<readonly Gap[]> {
  return store.gaps({ fromMs: beginMs + 1, toMs: beginMs + (seconds.back + 60) * 1_000 });
}

async function allIsFilled(store: MarketStore): Promise<void> {
  await eventually(
    'the gaps are filled',
    async () => {
      const gaps = await gapsOf(store);
      return gaps.length === 2 && gaps.every(({ filled }) => filled);
    },
    60_000,
  );
}

/** Waits for so many requests, while each takes its time. */
async function killedAfter(requests: number, running: RunningProcess): Promise<void> {
  await eventually(`${requests} requests`, () => rest.journal.length >= requests, 60_000);
  await running.end('SIGKILL');
}

const ohlc = ({ open, high, low, close }: Pick<Bar, 'open' | 'high' | 'low' | 'close'>) => [open, high, low, close];
const isTouched = ({ startMs, endMs }: Bar) => startMs < beginMs + seconds.back * 1_000 && endMs > beginMs + seconds.lost * 1_000;

/** Every window of the account that was over has its bar, with its values; those of the gap say that they were filled. */
function expectTheAccount(bars: readonly Bar[]): void {
  for (const bar of bars) {
    const told = feed.bar(bar, bar.startMs, intervalMs(bar.interval));
    expect([bar.symbol, bar.interval, bar.startMs, ...ohlc(bar)]).toEqual([bar.symbol, bar.interval, bar.startMs, ...ohlc(told ?? bar)]);
    if (isTouched(bar)) expect([bar.flags.includes('filled'), bar.volume]).toEqual([true, told?.volume]);
    else expect(bar.flags).not.toContain('filled');
  }
  // 3 h, of which the windows that end with the account stay open.
  for (const interval of intervals) {
    const count = (seconds.end * 1_000) / intervalMs(interval) - 1;
    for (const symbol of feed.symbols) {
      expect([interval, bars.filter(bar => bar.symbol === symbol && bar.interval === interval).length]).toEqual([interval, count]);
    }
  }
}

function expectCreditsKept(): void {
  expect(rest.account.refusals).toEqual([]);
  expect(rest.account.mostInMinute).toBeLessThanOrEqual(creditsPerMinute);
}

describeWithServers('a connection that is lost, on Kafka and Cassandra', (kafka, cassandra) => {
  it("is filled from the vendor's REST API though the backfiller is killed, and whole bars are compared", async () => {
    const cluster = await testCluster({ kafka, cassandra });
    try {
      cluster.startIngester(env());
      cluster.startProcessor('fill', { BAR_INTERVALS: intervals.join(',') });
      await playWithGap();
      await allIsStored(cluster.store);
      const before = await gapsOf(cluster.store);
      expect(before.map(({ symbol, filled }) => [symbol, filled])).toEqual([
        ['BTC/USD', false],
        ['ETH/USD', false],
      ]);
      expect((await barsOf(cluster.store)).some(({ interval, startMs }) => interval === '1m' && startMs === beginMs + 43 * minuteMs)).toBe(
        false,
      );

      rest.misbehave({ kind: 'slow', delayMs: 400 });
      const backfiller = () => cluster.startBackfiller({ ...env(), ...backfillEnv() });
      for (const requests of [3, 6]) await killedAfter(requests, backfiller());
      rest.misbehave(undefined);
      const last = backfiller();
      await allIsFilled(cluster.store);
      await eventually('all is compared', async () => {
        const bars = await barsOf(cluster.store);
        // The last ones could still be corrected by what the stream never told.
        const overMs = beginMs + seconds.end * 1_000 - 3 * minuteMs;
        return bars.every(bar => bar.endMs > overMs || isOfHistory(bar));
      });
      expect(await last.end('SIGTERM')).toBe(0);
      const bars = await barsOf(cluster.store);
      expectTheAccount(bars);
      const mismatches = bars.filter(({ flags }) => flags.includes('mismatch'));
      expect(mismatches.map(({ symbol, interval, startMs }) => [symbol, interval, startMs])).toEqual([['ETH/USD', '1m', wrongMinuteMs]]);
      expectCreditsKept();
    } finally {
      await cluster.close();
    }
  }, 240_000);
});

describe('a connection that is lost, in one process', () => {
  const directory = temporaryFolder('backfill');
  const processes: RunningProcess[] = [];
  const start = (more: Readonly<Record<string, string>> = {}) => {
    const options = { args: ['start'], env: { DATA_DIR: directory, HTTP_PORT: '0', ...env(), ...more } };
    const running = startProgram('standalone/src/main.ts', options);
    processes.push(running);
    return running;
  };
  afterEach(async () => {
    for (const running of processes.splice(0)) await running.end('SIGKILL');
  });

  /** Beside the process that runs, and with its credits. */
  async function expectTheReport(): Promise<void> {
    const day = new Date(beginMs).toISOString().slice(0, 10);
    const args = ['reconcile', '--day', day, '--interval', '1m,15m'];
    const options = { env: { DATA_DIR: directory, ...env(), ...backfillEnv() } };
    const told = await runProgram('standalone/src/main.ts', { ...options, args: [...args, '--json'] });
    expect([told.status, told.stderr]).toEqual([3, '']);
    const { reports } = JSON.parse(told.stdout);
    expect(reports).toMatchObject([
      { symbol: 'BTC/USD', interval: '1m', equal: 171, filled: 8, notWhole: 0, missing: 1, unknownToVendor: 0, mismatches: [], splits: [] },
      { symbol: 'BTC/USD', interval: '15m', mismatches: [] },
      { symbol: 'ETH/USD', interval: '1m', equal: 170, mismatches: [{ verdict: 'mismatch', startMs: wrongMinuteMs }] },
      { symbol: 'ETH/USD', interval: '15m', filled: 2, mismatches: [] },
    ]);
  }

  it("is filled from the vendor's REST API though the process is killed, and /api/gaps says so", async () => {
    const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
    const first = start();
    await playWithGap();
    const store = openSqliteStore({ dataDir: directory, logger, registry: new Registry(), readOnly: true });
    try {
      await allIsStored(store);
      expect(await first.end('SIGTERM')).toBe(0);
      rest.misbehave({ kind: 'slow', delayMs: 400 });
      for (const requests of [3, 6]) await killedAfter(requests, start(backfillEnv()));
      rest.misbehave(undefined);
      const last = start(backfillEnv());
      await allIsFilled(store);
      const address = await eventually('its address', () => /http:\/\/127\.0\.0\.1:\d+/.exec(last.stdout())?.[0]);
      const response = await fetch(`${address}/api/gaps?from=${beginMs}&to=${beginMs + seconds.back * 1_000}`);
      const { gaps } = (await response.json()) as { readonly gaps: readonly Gap[] };
      expect(gaps.filter(({ fromMs }) => fromMs > beginMs + 1_000).map(({ symbol, filled }) => [symbol, filled])).toEqual([
        ['BTC/USD', true],
        ['ETH/USD', true],
      ]);
      await expectTheReport();
      expect(await last.end('SIGTERM')).toBe(0);
      expectTheAccount(await barsOf(store));
      expectCreditsKept();
    } finally {
      await store.close();
    }
  }, 240_000);
});
