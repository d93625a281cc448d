/** The backfiller between a real store (SQLite), the log's contract in memory, and the REST double. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { type DeadLetterReason, deadLetter, encodeDeadLetter } from '@tapeline/core/dead-letters';
import { PipelineError } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { HistoryRecord } from '@tapeline/core/records';
import { FileItems } from '@tapeline/database/file-items';
import type { Gap, MarketStore, RangeQuery } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import type { WorkItems } from '@tapeline/database/work-store';
import type { Append } from '@tapeline/log/market-log';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { backfillJob } from '../src/backfill/backfill-job.ts';
import { type BackfillerOptions, runBackfiller } from '../src/backfill/backfiller.ts';
import { aBar, barStartMs, minuteMs } from './support/bars.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { aLogger } from './support/logger.ts';
import { logAway, MemoryLog } from './support/memory-log.ts';
import { type Rest, restOfThisFile } from './support/rest-servers.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const vendorBar = { open: 10, high: 12, low: 9, close: 11, volume: 5 };
/** From the middle of minute 3 to the middle of minute 5. */
const gap: Gap = {
  symbol: 'BTC/USD',
  fromMs: barStartMs + 3.5 * minuteMs,
  toMs: barStartMs + 5.5 * minuteMs,
  reason: 'no pong',
  filled: false,
  versionUs: 1,
};
const gapKey = { fromMs: gap.fromMs, toMs: gap.toMs, reason: gap.reason };
const ofMinute = (minute: number, overrides: Partial<Bar> = {}) => aBar({ startMs: barStartMs + minute * minuteMs, ...overrides });

const rests = restOfThisFile();
let folder: string;
let store: MarketStore;
let log: MemoryLog;
let time: JumpingTime;
/** How often the store was asked for gaps, in this life. */
let looks: number;
let lines: ReturnType<typeof aLogger>['lines'];
/** Writes of items that are under way. */
let writing = 0;
beforeEach(async () => {
  folder = await rests.folder();
  store = openSqliteStore({ dataDir: folder, logger: aLogger().logger, registry: new Registry() });
  await store.migrate();
  log = new MemoryLog(1);
  time = new JumpingTime(barStartMs + 2 * hourMs);
});
afterEach(() => store.close());

const write = (rows: { readonly bars?: readonly Bar[]; readonly gaps?: readonly Gap[] }) =>
  store.write({ ticks: [], bars: rows.bars ?? [], latest: [], gaps: rows.gaps ?? [], instruments: [], alerts: [] });

const records = () => log.records(0) as HistoryRecord[];
const messages = () => lines.map(({ msg }) => String(msg));
const shown = (record: HistoryRecord) => [record.interval, record.action, (record.startMs - barStartMs) / minuteMs];

const symbols = ['BTC/USD', 'RY:TSX'];

function deadLetterOf(reason: DeadLetterReason, value: string): Append {
  const letter = deadLetter({ reason, detail: 'test', origin: 'market-data.feed/0@1', timeMs: barStartMs, value });
  return { topic: 'market-data.dead-letter', partition: 0, value: encodeDeadLetter(letter) };
}

/** Items that say when something is being written. */
function noticed(items: WorkItems): WorkItems {
  const during = async (write: Promise<void>) => {
    writing += 1;
    await write.finally(() => {
      writing -= 1;
    });
  };
  return {
    all: () => items.all(),
    put: (id, text) => during(items.put(id, text)),
    remove: id => during(items.remove(id)),
  };
}

/** Runs it until `isEnough` and what follows from that is durable, and is gone then. */
async function run({ client }: Rest, isEnough: () => boolean | Promise<boolean>, options: Partial<BackfillerOptions> = {}) {
  const told = aLogger();
  lines = told.lines;
  const registry = new Registry();
  const stop = new AbortController();
  looks = 0;
  const running = runBackfiller({
    client,
    store: {
      bars: query => store.bars(query),
      gaps: query => {
        // A week is asked for day by day.
        looks += 1 / 7;
        return store.gaps(query);
      },
    },
    log,
    jobs: noticed(new FileItems(`${folder}/jobs`)),
    notes: noticed(new FileItems(`${folder}/notes`)),
    intervals: ['1s', '1m', '5m'],
    symbolsNow: () => symbols,
    tolerance: { price: 0.001, volume: 0.25 },
    settleMs: 180_000,
    lookIntervalMs: 10,
    clock: time.clock,
    logger: told.logger,
    registry,
    signal: stop.signal,
    ...options,
  });
  const failed = running.then(() => false);
  await eventually('enough is done', () => Promise.race([failed, isEnough()]));
  const looksBefore = looks;
  const isDurable = () => writing === 0 && looks >= looksBefore + 2;
  await eventually('it is durable, and looked at again', () => Promise.race([failed, isDurable()]));
  stop.abort();
  await running;
  return registry;
}

describe('backfiller', () => {
  it('fills what a gap touched, and names the gap with the last record', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({ gaps: [gap], bars: [ofMinute(3, { flags: ['gap'] }), ofMinute(5, { flags: ['gap'], revision: 1 })] });
    const registry = await run(rest, () => records().length >= 5);
    expect(records().map(shown)).toEqual([
      ['1m', 'replace', 3],
      ['1m', 'fill', 4],
      ['1m', 'replace', 5],
      ['5m', 'fill', 0],
      ['5m', 'fill', 5],
    ]);
    expect(records().map(({ revision }) => revision)).toEqual([1, 0, 2, 0, 0]);
    expect(records().map(record => record.gap)).toEqual([undefined, undefined, undefined, undefined, gapKey]);
    expect(rest.server.journal.map(({ parameters }) => parameters.interval)).toEqual(['1min', '5min']);
    expect(await registry.metrics()).toMatch(/tapeline_backfiller_records_total\{action="fill"\} 3\n/);
  });

  it('fills a gap in all intervals though it was killed when it had queued the first one only', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const about = { symbol: gap.symbol, fromMs: gap.fromMs, toMs: gap.toMs, gap: gapKey, reason: 'gap: no pong' };
    const job = backfillJob({ ...about, interval: '1m' }, time.nowMs);
    await new FileItems(`${folder}/jobs`).put(job.id, JSON.stringify(job));
    const gaps = async ({ fromMs, toMs }: RangeQuery) => {
      looks += 1 / 7;
      await pause(30, new AbortController().signal);
      // As the fold says it.
      const filled = records().some(record => record.gap !== undefined);
      return [{ ...gap, filled }].filter(each => each.fromMs >= fromMs && each.fromMs < toMs);
    };
    await run(rest, () => looks > 3 && records().length >= 3, { store: { bars: query => store.bars(query), gaps } });
    expect(records().map(shown)).toEqual([...[3, 4, 5].map(minute => ['1m', 'fill', minute]), ['5m', 'fill', 0], ['5m', 'fill', 5]]);
    expect(records().flatMap(record => record.gap ?? [])).toEqual([gapKey]);
  });

  it('finds a gap behind more of its day than are read at once', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const filled = (index: number): Gap => ({ ...gap, symbol: `S${index}`, fromMs: gap.fromMs - 60_000 + (index >> 2), filled: true });
    const all = [...Array.from({ length: 120_000 }, (_, index) => filled(index)), gap];
    const gaps = async ({ fromMs, toMs, limit }: RangeQuery) => {
      looks += 1;
      return all.filter(each => each.fromMs >= fromMs && each.fromMs < toMs).slice(0, limit);
    };
    await run(rest, () => records().length >= 3, { intervals: ['1m'], store: { bars: query => store.bars(query), gaps } });
    expect(records().map(shown)).toEqual([3, 4, 5].map(minute => ['1m', 'fill', minute]));
  });

  it('fills a gap that began more than a week ago, where it reaches into the last one, and asks no more often for it', async () => {
    const rest = await rests.start(time, { server: { bars: () => undefined } });
    const ended = (daysAgo: number): Gap => ({ ...gap, fromMs: time.nowMs - 9 * dayMs, toMs: time.nowMs - daysAgo * dayMs });
    await write({ gaps: [{ ...ended(1), reason: 'the laptop was off' }, ended(8)] });
    const options = { intervals: ['1h'] } as const;
    await run(rest, () => messages().some(message => message.endsWith('it stays')), options);
    await run(rest, () => looks > 10, options);
    const hour = (ms: number) => new Date(ms).toISOString().slice(0, 13);
    expect(rest.server.journal.map(({ parameters }) => String(parameters.start_date).slice(0, 13).replace(' ', 'T'))).toEqual([
      hour(time.nowMs - 9 * dayMs),
    ]);
  });

  it('invents nothing: where the vendor has no bar nothing is written, and the gap stays', async () => {
    const rest = await rests.start(time, { server: { bars: () => undefined } });
    await write({ gaps: [gap] });
    await run(rest, () => rest.server.journal.length >= 2 && messages().some(message => message.endsWith('it stays')));
    expect(records()).toEqual([]);
    expect(messages()).toContain('the vendor has no bars in the gap of BTC/USD from 2026-03-02T12:03:30.000Z: it stays');
  });

  it('asks again for a gap that stays unfilled after half an hour, however often it is started', async () => {
    const rest = await rests.start(time, { server: { bars: () => undefined } });
    await write({ gaps: [gap] });
    await run(rest, () => messages().some(message => message.endsWith('it stays')));
    await run(rest, () => looks > 3);
    expect(rest.server.journal).toHaveLength(2);
    time.nowMs += 31 * minuteMs;
    await run(rest, () => rest.server.journal.length >= 4);
    expect(rest.server.account.refusals).toEqual([]);
  });

  it('names the gap though its bars were filled before a kill, and makes the same bars', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const filled = { ...vendorBar, flags: ['gap', 'filled'], revision: 1 } as const;
    await write({ gaps: [gap], bars: [3, 4, 5].map(minute => ofMinute(minute, filled)) });
    await run(rest, () => records().length >= 1, { intervals: ['1m'] });
    expect(records().map(record => [...shown(record), record.revision, record.gap])).toEqual([['1m', 'replace', 5, 1, gapKey]]);
  });

  it('fills longer windows when they are over, and does not keep the gap open for them', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({ gaps: [gap] });
    time.nowMs = barStartMs + 10 * minuteMs;
    await run(rest, () => records().length >= 3, { intervals: ['1m', '1h'] });
    expect(records().at(-1)).toMatchObject({ interval: '1m', gap: gapKey });
    await write({ gaps: [{ ...gap, filled: true, versionUs: 2 }] });
    time.nowMs = barStartMs + hourMs + 4 * minuteMs;
    await run(rest, () => records().length >= 4, { intervals: ['1m', '1h'] });
    expect(records().map(shown)[3]).toEqual(['1h', 'fill', 0]);
  });

  it('fills the windows of two gaps once, and names both', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const second = { ...gap, reason: 'log unavailable' };
    await write({ gaps: [gap, second] });
    await run(rest, () => records().length >= 4, { intervals: ['1m'] });
    expect(rest.server.journal).toHaveLength(1);
    expect(records().map(record => [...shown(record), record.gap?.reason])).toEqual([
      ['1m', 'fill', 3, undefined],
      ['1m', 'fill', 4, undefined],
      ['1m', 'fill', 5, 'log unavailable'],
      ['1m', 'fill', 5, 'no pong'],
    ]);
  });

  it('fills a trading day by its label, once it is over', async () => {
    time.nowMs = barStartMs + 3 * dayMs;
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({ gaps: [gap] });
    await run(rest, () => records().length >= 1, { intervals: ['1d'] });
    const startMs = Date.UTC(2026, 2, 2);
    expect(records()).toMatchObject([{ interval: '1d', action: 'fill', startMs, endMs: startMs + dayMs, gap: gapKey }]);
  });

  it('asks for the symbols of its feed alone, as the vendor spells them', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({
      gaps: [
        { ...gap, symbol: 'BINANCE:BTCUSDT' },
        { ...gap, symbol: 'RY' },
      ],
    });
    await run(rest, () => records().length >= 3, { intervals: ['1m'] });
    expect(rest.server.journal.map(({ parameters }) => parameters.symbol)).toEqual(['RY:TSX']);
    expect(new Set(records().map(({ symbol }) => symbol))).toEqual(new Set(['RY']));
  });

  it('waits for a log that is away, and pays for the answer once', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({ gaps: [gap] });
    log.fail(logAway);
    const isBack = () => {
      if (rest.server.journal.length > 0) setTimeout(() => log.fail(), 50);
      return log.entries.length >= 3;
    };
    await run(rest, isBack, { intervals: ['1m'] });
    expect(
      records()
        .map(shown)
        .map(([, , minute]) => minute),
    ).toEqual([3, 4, 5]);
    expect(rest.server.account.total).toBe(1);
  });

  it('gives up what was refused and is older than the gaps that it looks for, also while none can be looked for', async () => {
    const rest = await rests.start(time);
    const jobs = new FileItems(`${folder}/jobs`);
    const request = { symbol: 'AAPL', interval: '1m', reason: 'gap: mute' } as const;
    for (const daysAgo of [9, 2]) {
      const fromMs = barStartMs - daysAgo * dayMs;
      const job = backfillJob({ ...request, fromMs, toMs: fromMs + minuteMs }, time.nowMs);
      await jobs.put(job.id, JSON.stringify({ ...job, refused: 'not in your plan', notBeforeMs: time.nowMs + dayMs }));
    }
    const gaps = async () => {
      looks += 1;
      throw new PipelineError('store.unavailable', 'away', { retriable: true });
    };
    await run(rest, async () => (await jobs.all()).length === 1, { store: { bars: query => store.bars(query), gaps } });
    expect((await jobs.all()).map(({ text }) => JSON.parse(text).fromMs)).toEqual([barStartMs - 2 * dayMs]);
  });

  it('ends when it is stopped before its first look', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const withoutLook = () => {
      looks = Number.POSITIVE_INFINITY;
      return true;
    };
    await run(rest, withoutLook, { signal: AbortSignal.abort() });
    expect(rest.server.journal).toEqual([]);
  });

  it('ends when it is stopped while it waits for its queue, as cleanly as at any other time', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const stop = new AbortController();
    const all = async () => {
      stop.abort();
      throw new PipelineError('store.unavailable', 'no host answers', { retriable: true });
    };
    const jobs = { ...noticed(new FileItems(`${folder}/jobs`)), all };
    const withoutLook = () => {
      looks = Number.POSITIVE_INFINITY;
      return stop.signal.aborted;
    };
    await run(rest, withoutLook, { jobs, signal: stop.signal });
  });

  it('ends on a key that is refused', async () => {
    const rest = await rests.start(time, { server: { apiKey: 'another' } });
    await write({ gaps: [gap] });
    await expect(run(rest, () => false)).rejects.toMatchObject({ code: 'feed.key-refused' });
  });
});

describe('reconciliation', () => {
  const nextDay = () => {
    time.nowMs = Math.floor(barStartMs / dayMs + 1) * dayMs + 2 * hourMs;
  };
  const equal = { ...vendorBar, flags: [] } as const;

  it('flags whole bars of a day that is over, once, and leaves those that are filled or partial', async () => {
    nextDay();
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    const bars = [
      ofMinute(1, { ...equal, flags: ['partial'] }),
      ofMinute(2, equal),
      ofMinute(3, { ...equal, high: 12.5 }),
      ofMinute(4, { ...equal, flags: ['gap', 'filled'] }),
      ofMinute(5, { ...equal, volume: 50, flags: ['corrected'], revision: 3 }),
    ];
    await write({ bars });
    const registry = await run(rest, () => messages().some(message => message.includes('tapeline reconcile')), { intervals: ['1m'] });
    expect(records().map(record => [...shown(record), record.flags, record.revision])).toEqual([
      ['1m', 'flag', 2, ['reconciled'], 1],
      ['1m', 'flag', 3, ['mismatch'], 1],
      ['1m', 'flag', 5, ['corrected', 'mismatch'], 4],
    ]);
    expect(await registry.metrics()).toContain('tapeline_backfiller_bars_compared_total{verdict="mismatch"} 2');
    expect(messages()).toContain("2 bars of BTC/USD 1m differ from the vendor's, by 4.17% at most: see tapeline reconcile");
    await run(rest, () => looks > 3, { intervals: ['1m'] });
    expect(rest.server.journal).toHaveLength(1);
  });

  it('compares the hours of ticks that came too late, of our symbols, each once however often it is started', async () => {
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({ bars: [ofMinute(2, { ...equal, high: 12.5 })] });
    const late = (symbol: string, minute: number) =>
      deadLetterOf('late', JSON.stringify({ symbol, timeMs: barStartMs + minute * minuteMs }));
    await log.append([
      late('BTC/USD', 2),
      late('BTC/USD', 50),
      late('ETH/USD', 2),
      deadLetterOf('late', '{'),
      deadLetterOf('malformed', ''),
    ]);
    await run(rest, () => records().length >= 1, { intervals: ['1m'] });
    expect(records().map(record => [...shown(record), record.flags])).toEqual([['1m', 'flag', 2, ['mismatch']]]);
    expect(messages()).toContain('2 ticks came too late: comparisons are queued');
    await run(rest, () => looks > 3, { intervals: ['1m'] });
    await log.append([late('BTC/USD', 70)]);
    time.nowMs += hourMs;
    await run(rest, () => rest.server.journal.length >= 2, { intervals: ['1m'] });
    expect(rest.server.journal.map(({ parameters }) => parameters.interval)).toEqual(['1min', '1min']);
  });

  it('tells a split and flags nothing', async () => {
    nextDay();
    const rest = await rests.start(time, { server: { bars: () => vendorBar } });
    await write({ bars: [ofMinute(2, { open: 20, high: 24, low: 18, close: 22 })] });
    await run(rest, () => messages().some(message => message.includes('split')), { intervals: ['1m'] });
    expect(records()).toEqual([]);
    expect(messages()).toContain('the vendor restated BTC/USD for a split of 2:1: 1 bar of 2026-03-02 is as before it');
  });

  it('comes after what is to be filled, and within the credits', async () => {
    nextDay();
    const rest = await rests.start(time, { server: { bars: () => vendorBar, creditsPerMinute: 1 }, budget: { creditsPerMinute: 1 } });
    await write({ gaps: [gap], bars: [ofMinute(20, equal)] });
    await run(rest, () => records().length >= 6);
    expect(records().map(({ action }) => action)).toEqual(['fill', 'fill', 'fill', 'fill', 'fill', 'flag']);
    expect(rest.server.account.refusals).toEqual([]);
  });
});
