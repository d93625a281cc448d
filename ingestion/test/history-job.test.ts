/** The history job between a real store (SQLite), the log's contract in memory, and the REST double. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { HistoryRecord } from '@tapeline/core/records';
import { FileItems } from '@tapeline/database/file-items';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { Registry } from 'prom-client';
import { type HistoryJobOptions, runHistoryJob } from '../src/history/history-job.ts';
import { aBar, minuteMs } from './support/bars.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { aLogger } from './support/logger.ts';
import { MemoryLog } from './support/memory-log.ts';
import { type Rest, restOfThisFile } from './support/rest-servers.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const vendorBar = { open: 10, high: 12, low: 9, close: 11, volume: 5 };
/** A quarter past two in the afternoon: the days before it are over everywhere. */
const nowMs = Date.UTC(2026, 2, 4, 14, 15);
const todayMs = Date.UTC(2026, 2, 4);

const rests = restOfThisFile();
let folder: string;
let store: MarketStore;
let log: MemoryLog;
let time: JumpingTime;
let registry: Registry;
let lines: ReturnType<typeof aLogger>['lines'];
beforeEach(async () => {
  folder = await rests.folder();
  store = openSqliteStore({ dataDir: folder, logger: aLogger().logger, registry: new Registry() });
  await store.migrate();
  log = new MemoryLog(1);
  time = new JumpingTime(nowMs);
});
afterEach(() => store.close());

const started = (parts: Parameters<typeof rests.start>[1] = {}) =>
  rests.start(time, { ...parts, server: { bars: () => vendorBar, ...parts.server } });
const writeBars = (bars: readonly Bar[]) => store.write({ ticks: [], bars, latest: [], gaps: [], instruments: [], alerts: [] });
const records = () => log.records(0) as HistoryRecord[];
const startsOf = (interval: string) => records().flatMap(record => (record.interval === interval ? [record.startMs] : []));
const asked = ({ server }: Rest) =>
  server.journal.map(({ parameters: { symbol, interval, start_date: from } }) => [symbol, interval, from]);

/** Runs it as a process that was just started does. */
function run({ client }: Rest, options: Partial<HistoryJobOptions> = {}) {
  const told = aLogger();
  lines = told.lines;
  registry = new Registry();
  return runHistoryJob({
    client,
    store,
    log,
    jobs: new FileItems(`${folder}/history-jobs`),
    ranges: new FileItems(`${folder}/history-ranges`),
    intervals: ['1s', '1m', '1h', '1d'],
    symbols: ['BTC/USD'],
    days: 2,
    settleMs: 180_000,
    logger: told.logger,
    registry,
    signal: new AbortController().signal,
    clock: time.clock,
    pause: time.pause,
    ...options,
  });
}

describe('the history job', () => {
  it('loads the minutes and days that are over, where none are stored', async () => {
    const rest = await started();
    const kept = aBar({ startMs: todayMs - 5 * minuteMs, flags: ['gap'], revision: 3 });
    await writeBars([kept]);
    expect(await run(rest)).toEqual({ loaded: 2 + 2 * 1_440 - 1, stored: 1, refused: 0 });
    expect(startsOf('1d')).toEqual([todayMs - 2 * dayMs, todayMs - dayMs]);
    const minutes = Array.from({ length: 2 * 1_440 }, (_, minute) => todayMs - 2 * dayMs + minute * minuteMs);
    expect(startsOf('1m')).toEqual(minutes.filter(startMs => startMs !== kept.startMs));
    expect(records().find(({ interval }) => interval === '1m')).toEqual({
      ...{ v: 1, kind: 'history', source: 'twelve-data/rest', action: 'fill', symbol: 'BTC/USD', interval: '1m' },
      ...{ startMs: todayMs - 2 * dayMs, endMs: todayMs - 2 * dayMs + minuteMs, ...vendorBar, tickCount: 0, flags: ['filled'] },
      ...{ revision: 0, receivedTimeMs: nowMs },
    });
    expect(lines.at(-1)?.msg).toBe('history is loaded: 1 symbol, 2 days; 2881 bars were missing and are loaded, 1 were stored and stay');
    const metrics = await registry.metrics();
    expect(metrics).toContain('tapeline_history_bars_total{outcome="loaded"} 2881');
    expect(metrics).toContain('tapeline_history_jobs 0');
  });

  it('asks for nothing when it is run again on the same day', async () => {
    const rest = await started();
    await run(rest);
    expect(await run(rest)).toEqual({ loaded: 0, stored: 0, refused: 0 });
    expect(rest.server.journal).toHaveLength(2);
  });

  it('asks for the new day only on the next one, and for all of a new symbol', async () => {
    const rest = await started();
    await run(rest);
    time.nowMs += dayMs;
    await run(rest, { symbols: ['BTC/USD', 'RY:TSX'] });
    expect(asked(rest).slice(2).toSorted()).toEqual([
      ['BTC/USD', '1day', '2026-03-04'],
      ['BTC/USD', '1min', '2026-03-04 00:00:00'],
      ['RY:TSX', '1day', '2026-03-03'],
      ['RY:TSX', '1min', '2026-03-03 00:00:00'],
    ]);
    expect(new Set(records().map(({ symbol }) => symbol))).toEqual(new Set(['BTC/USD', 'RY']));
  });

  it('asks for the days before, when more days are wanted, and once more after it was away for longer', async () => {
    const rest = await started();
    const intervals = ['1d'] as const;
    await run(rest, { intervals });
    await run(rest, { intervals, days: 5 });
    time.nowMs += 30 * dayMs;
    await run(rest, { intervals, days: 5 });
    expect(asked(rest).map(([, , from]) => from)).toEqual(['2026-03-02', '2026-02-27', '2026-03-29']);
  });

  it('leaves a trading day for the next run that may not be over everywhere', async () => {
    time.nowMs = todayMs + 2 * hourMs;
    const rest = await started();
    await run(rest);
    expect(startsOf('1d')).toEqual([todayMs - 3 * dayMs, todayMs - 2 * dayMs]);
    expect(Math.max(...startsOf('1m'))).toBe(todayMs - minuteMs);
  });

  it('goes on where it was stopped', async () => {
    const rest = await started();
    const days = 12;
    const stop = new AbortController();
    const stopping = {
      ...log,
      partitionCount: () => log.partitionCount(),
      append: async (entries: Parameters<MemoryLog['append']>[0]) => {
        await log.append(entries);
        // The days come first, and are few.
        if (log.entries.length > 6_000) stop.abort();
      },
    } as unknown as MemoryLog;
    await run(rest, { days, log: stopping, signal: stop.signal });
    expect(lines.at(-1)?.msg).toMatch(/^history is stopped and goes on with the next run/);
    expect(startsOf('1m').length).toBeLessThan(days * 1_440);
    await run(rest, { days });
    expect(new Set(startsOf('1m')).size).toBe(days * 1_440);
    expect(startsOf('1d')).toHaveLength(days);
    // 17,280 minutes are 4 pieces; the one that was stopped is asked for again.
    expect(rest.server.journal.length).toBeLessThanOrEqual(1 + 4 + 1);
  });

  it('stays within the credits', async () => {
    const rest = await started({ server: { creditsPerMinute: 2 }, budget: { creditsPerMinute: 2 } });
    await run(rest, { symbols: ['BTC/USD', 'ETH/USD', 'AAPL'] });
    expect(rest.server.account.total).toBe(6);
    expect(rest.server.account.refusals).toEqual([]);
    expect(rest.server.account.mostInMinute).toBe(2);
  });

  it('goes on without what the vendor refuses, and asks for it again in the next run', async () => {
    const rest = await started();
    rest.server.misbehave({ kind: 'error', code: 403, message: 'not in your plan', requests: 1 });
    expect(await run(rest)).toMatchObject({ refused: 1 });
    expect(lines.at(-1)?.msg).toMatch(/, 1 loads are refused by the vendor$/);
    time.nowMs += dayMs;
    expect(await run(rest)).toMatchObject({ refused: 0 });
    expect(new Set(startsOf('1d'))).toEqual(new Set([todayMs - 2 * dayMs, todayMs - dayMs, todayMs]));
    expect(new Set(startsOf('1m')).size).toBe(3 * 1_440);
  });

  it('asks for no further days of what is still refused', async () => {
    const rest = await started();
    const options: Partial<HistoryJobOptions> = { intervals: ['1d'], days: 5 };
    rest.server.misbehave({ kind: 'error', code: 403, message: 'not in your plan' });
    await run(rest, options);
    for (let day = 1; day <= 3; day += 1) {
      time.nowMs += dayMs;
      expect(await run(rest, options)).toMatchObject({ refused: 1 });
    }
    expect(asked(rest).map(([, , from]) => from)).toEqual(Array.from({ length: 4 }, () => '2026-02-27'));
    rest.server.misbehave(undefined);
    time.nowMs += dayMs;
    await run(rest, options);
    expect(startsOf('1d')).toEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3].map(day => todayMs + day * dayMs));
  });

  it('ends on a key that is refused', async () => {
    const rest = await started({ server: { apiKey: 'another' } });
    await expect(run(rest)).rejects.toMatchObject({ code: 'feed.key-refused' });
  });

  it('says which note cannot be read, and the remedy', async () => {
    const rest = await started();
    await new FileItems(`${folder}/history-ranges`).put('broken', '{"symbol":');
    await expect(run(rest)).rejects.toMatchObject({ code: 'data-dir.unusable', message: expect.stringMatching(/broken\.json.*remove it/) });
  });
});
