/** History and instruments as processes of their own and in the one process, with a price stream and the REST double on real sockets, and kills in between. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { describeWithServers } from '@tapeline/services/for-tests';
import { type RestSimulator, startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { testCluster } from './support/cluster.ts';
import { type RunningProcess, startProgram } from './support/processes.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const days = 30;
const symbols = ['BTC/USD', 'ETH/USD'];
/** So many that they need not be waited for; the account says whether they were kept. */
const creditsPerMinute = 600;
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

let feed: Simulator;
let rest: RestSimulator;
beforeEach(async () => {
  feed = await startSimulator({ seed: 1, logger });
  // A price that tells its minute.
  const bars = (_: unknown, startMs: number) => {
    const price = 1 + Math.floor(startMs / minuteMs);
    return { open: price, high: price, low: price, close: price };
  };
  rest = await startRestSimulator({ seed: 1, creditsPerMinute, creditsPerDay: 100_000, bars });
});
afterEach(async () => {
  await rest.close();
  await feed.close();
});

const restEnv = () => ({
  ...{ TWELVE_DATA_REST_URL: rest.url, TWELVE_DATA_CREDITS_PER_MINUTE: `${creditsPerMinute}`, TWELVE_DATA_CREDITS_PER_DAY: '0' },
  ...{ SYMBOLS: symbols.join(','), BAR_INTERVALS: '1m,1d' },
});
const series = () => rest.journal.filter(({ endpoint }) => endpoint === 'time_series').length;

describeWithServers('the daily jobs, on Kafka and Cassandra', (kafka, cassandra) => {
  it('end when all is done, go on where they were stopped, and ask for nothing twice', async () => {
    const cluster = await testCluster({ kafka, cassandra });
    try {
      cluster.startProcessor('daily', { BAR_INTERVALS: '1m,1d' });
      rest.misbehave({ kind: 'slow', delayMs: 300 });
      const history = () => cluster.startDailyJob('history', restEnv());
      const killed = history();
      await eventually('5 requests', () => series() >= 5, 60_000);
      await killed.end('SIGKILL');
      const stopped = history();
      await eventually('11 requests', () => series() >= 11, 60_000);
      expect(await stopped.end('SIGTERM')).toBe(1);
      rest.misbehave(undefined);
      expect(await history().exit).toBe(0);
      expect(series()).toBeLessThanOrEqual(symbols.length * 10 + 2);
      const todayMs = Math.floor(Date.now() / dayMs) * dayMs;
      const wholeDays = { fromMs: todayMs - (days - 1) * dayMs, toMs: todayMs - dayMs };
      for (const symbol of symbols) {
        await eventually(
          `all minutes of ${symbol}`,
          async () => (await cluster.store.bars({ symbol, interval: '1m', ...wholeDays, limit: 50_000 })).length === (days - 2) * 1_440,
          120_000,
        );
      }
      const before = series();
      expect(await history().exit).toBe(0);
      // The day may change in the middle of the test.
      expect(series() - before).toBeLessThanOrEqual(Date.now() < todayMs + dayMs ? 0 : symbols.length * 2);

      const instruments = () => cluster.startDailyJob('instruments', restEnv()).exit;
      expect(await instruments()).toBe(0);
      await eventually('the instruments', async () => (await cluster.store.instruments()).length === symbols.length);
      const rows = await cluster.store.instruments();
      expect(rows.map(({ instrument }) => [instrument.symbol, instrument.timeZone])).toEqual(symbols.map(symbol => [symbol, 'UTC']));
      expect(rows.every(({ instrument: { fiftyTwoWeekLow: low = 0, fiftyTwoWeekHigh: high = 0 } }) => low > 0 && low < high)).toBe(true);
      expect(await instruments()).toBe(0);
      expect(rest.journal.filter(({ endpoint }) => endpoint === 'quote')).toHaveLength(symbols.length);
      expect(rest.account.refusals).toEqual([]);
    } finally {
      await cluster.close();
    }
  }, 300_000);
});

describe('the last days of history, in one process', () => {
  const directory = temporaryFolder('daily');
  const start = () =>
    startProgram('standalone/src/main.ts', {
      args: ['start'],
      env: {
        ...{ DATA_DIR: directory, HTTP_PORT: '0', TWELVE_DATA_URL: feed.url },
        ...restEnv(),
      },
    });
  const isLoaded = ({ stderr }: RunningProcess) => /"msg":"(history is loaded[^"]*)"/.exec(stderr())?.[1];

  it('are loaded though the process is killed, once, and what each symbol is with them', async () => {
    rest.misbehave({ kind: 'slow', delayMs: 300 });
    for (const requests of [5, 11]) {
      const running = start();
      await eventually(`${requests} requests`, () => series() >= requests, 60_000);
      await running.end('SIGKILL');
    }
    rest.misbehave(undefined);
    const running = start();
    await eventually('the end of the job', () => isLoaded(running), 120_000);
    const store = openSqliteStore({ dataDir: directory, logger, registry: new Registry(), readOnly: true });
    const todayMs = Math.floor(Date.now() / dayMs) * dayMs;
    // The day may change in the middle of the test.
    const wholeDays = { fromMs: todayMs - (days - 1) * dayMs, toMs: todayMs - dayMs };
    try {
      for (const symbol of symbols) {
        const query = { symbol, interval: '1m', ...wholeDays, limit: 50_000 } as const;
        const minutes = (days - 2) * 1_440;
        const bars = await eventually('all minutes are stored', async () => {
          const stored = await store.bars(query);
          return stored.length === minutes ? stored : undefined;
        });
        expect(bars.every(({ close, startMs, flags }) => close === 1 + startMs / minuteMs && flags.join() === 'filled')).toBe(true);
        expect((await store.bars({ symbol, interval: '1d', ...wholeDays })).length).toBeGreaterThanOrEqual(days - 3);
      }
      const address = await eventually('its address', () => /http:\/\/127\.0\.0\.1:\d+/.exec(running.stdout())?.[0]);
      const response = await fetch(`${address}/api/instruments`);
      const { instruments: told } = (await response.json()) as { readonly instruments: readonly Record<string, unknown>[] };
      expect(told.map(({ symbol, timeZone }) => [symbol, timeZone])).toEqual(symbols.map(symbol => [symbol, 'UTC']));
      expect(told.every(({ fiftyTwoWeekLow: low, fiftyTwoWeekHigh: high }) => Number(low) < Number(high))).toBe(true);
    } finally {
      await store.close();
    }
    expect(await running.end('SIGTERM')).toBe(0);
    // 9 pieces of minutes and one of days for each symbol, and two looks for its type at most; each kill costs one again at most, and what a gap of
    // a kill touched comes besides.
    const ofHistory = rest.journal.filter(({ parameters: { start_date: from = '' } }) => Date.parse(from) < Date.now() - 2 * dayMs);
    expect(ofHistory.length).toBeLessThanOrEqual(symbols.length * 12 + 2);

    const before = rest.journal.length;
    const again = start();
    expect(await eventually('the end of the job', () => isLoaded(again), 60_000)).toMatch(/; 0 bars were missing and are loaded/);
    expect(await again.end('SIGTERM')).toBe(0);
    const asked = rest.journal.slice(before).filter(({ endpoint }) => endpoint !== 'market_state');
    expect(asked.filter(({ parameters: { start_date: from = '' } }) => Date.parse(from) < Date.now() - 2 * dayMs)).toEqual([]);
    expect(asked.filter(({ endpoint }) => endpoint === 'quote')).toEqual([]);
    expect(rest.account.refusals).toEqual([]);
  }, 300_000);
});
