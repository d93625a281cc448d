import { readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore, TickRow } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { dayLengthMs, type ExportFile, filesOf, overMs, pathOf } from '../src/export/export-files.ts';
import { type ExportRunOptions, runExport } from '../src/export/export-run.ts';
import { FolderDestination } from '../src/export/folder-destination.ts';
import { metadataOf, queryDuckDb, readParquet } from './support/parquet-readers.ts';
import { aBar, aGap, anAlert, anInstrument, aTick, minuteMs } from './support/stocked-board.ts';

const dayMs = Date.UTC(2026, 10, 20);
const symbols = ['AAPL', 'BTC/USD', 'EUR/USD'];
const quiet = new AbortController().signal;

let directory: string;
let store: MarketStore;

/** Bars at every minute of two days and of the minutes around them, ticks that share a time by the thousand, and what else there is. */
beforeAll(async () => {
  directory = temporaryFolder('export');
  store = openSqliteStore({ dataDir: directory, logger: pino({ level: 'silent' }), registry: new Registry() });
  await store.migrate();
  const bars = symbols.flatMap((symbol, of) =>
    Array.from({ length: 2 * 1_440 + 2 }, (_, index): Bar => {
      const startMs = dayMs + (index - 1) * minuteMs;
      const optional = of === 2 ? { volume: undefined, vwap: undefined, vwapKind: undefined } : { spreadMean: 0.1 + index / 1_000 };
      const indicators = index % 3 === 0 ? { sma20: index + 0.5, volatility20: 1 / (index + 1) } : undefined;
      const flags = index % 50 === 0 ? (['gap', 'filled'] as const) : [];
      return aBar({
        startMs,
        symbol,
        close: 100 + index / 7,
        ...optional,
        flags,
        ...(indicators && { indicators }),
        versionUs: startMs * 1_000 + of,
      });
    }),
  );
  const ticks = Array.from({ length: 12_010 }, (_, index): TickRow => {
    const timeMs = dayMs + (index < 12_000 ? 5_000 : index);
    const optional = index % 2 === 0 ? { bid: 99.5, ask: 100.5, dayVolume: index, size: 0.25 } : {};
    return {
      tick: aTick({ timeMs, sequence: index + 1, session: 7_000_001, tradingDay: '2026-11-20', ...optional }),
      versionUs: index + 1,
    };
  });
  await store.write({
    ticks,
    bars: [...bars, aBar({ startMs: dayMs, symbol: 'AAPL', interval: '1d', endMs: dayMs + dayLengthMs })],
    latest: [{ symbol: 'EUR/USD', price: 1, timeMs: dayMs, receivedTimeMs: dayMs, versionUs: 1 }],
    gaps: [
      aGap({ fromMs: dayMs - 1, toMs: dayMs + 5 }),
      aGap({ fromMs: dayMs, toMs: dayMs + 5, filled: true }),
      aGap({ fromMs: dayMs + 2, toMs: dayMs + 5, symbol: 'EUR/USD', reason: 'buffer "full"' }),
    ],
    instruments: ['AAPL', 'BTC/USD'].map((symbol, index) => ({ instrument: anInstrument(symbol), versionUs: index + 1 })),
    alerts: [
      anAlert({ timeMs: dayMs + 1 }),
      anAlert({ timeMs: dayMs + 2, id: 'stale', symbol: undefined, feed: 'twelve-data/0', interval: undefined }),
    ],
  });
}, 30_000);

afterAll(async () => {
  await store.close();
});

async function exported(files: readonly ExportFile[], options: Partial<ExportRunOptions> = {}): Promise<string> {
  const folder = temporaryFolder('files');
  await runExport({ store, destination: new FolderDestination(folder), files, onlyMissing: false, signal: quiet, ...options });
  return folder;
}

const minutes: ExportFile = { table: 'bars', interval: '1m', dayMs };
const day: ExportFile = { table: 'bars', interval: '1d', dayMs };
const dayTicks: ExportFile = { table: 'ticks', dayMs };

describe('an exported day of bars', () => {
  it('is read by DuckDB as the very rows of the store', async () => {
    const folder = await exported([minutes, day, { ...minutes, dayMs: dayMs + dayLengthMs }]);
    const rows = await queryDuckDb(
      `SELECT * FROM read_parquet('${folder}/bars/**/*.parquet', hive_partitioning = true, hive_types = {'interval': VARCHAR, 'date': VARCHAR})
       WHERE interval = '1m' AND date = '2026-11-20' ORDER BY symbol, startTime`,
    );
    const expected = await Promise.all(
      symbols.map(symbol => store.bars({ symbol, interval: '1m', fromMs: dayMs, toMs: dayMs + dayLengthMs, limit: 5_000 })),
    );
    expect(rows.map(barOf)).toEqual(expected.flat());
    expect(rows[0]?.date).toBe('2026-11-20');
  });

  it('is read by hyparquet as the same, by symbol and time', async () => {
    const rows = await readParquet(join(await exported([minutes]), pathOf(minutes)));
    expect(rows.length).toBe(symbols.length * 1_440);
    expect(rows.map(row => row.symbol)).toEqual(symbols.flatMap(symbol => Array.from({ length: 1_440 }, () => symbol)));
    expect(rows[0]).toMatchObject({
      startTime: new Date(dayMs),
      endTime: new Date(dayMs + minuteMs),
      tickCount: 3,
      versionUs: BigInt(dayMs) * 1_000n,
    });
  });

  it('has timestamps (of UTC), and symbols once in a dictionary', async () => {
    const folder = await exported([minutes]);
    const types = await queryDuckDb(`DESCRIBE SELECT * FROM '${folder}/${pathOf(minutes)}'`);
    const typeOf = (name: string) => types.find(type => type.column_name === name)?.column_type;
    expect(['symbol', 'startTime', 'open', 'volume', 'tickCount', 'flags', 'versionUs', 'sma20'].map(typeOf)).toEqual([
      ...['VARCHAR', 'TIMESTAMP', 'DOUBLE', 'DOUBLE', 'INTEGER', 'VARCHAR', 'BIGINT', 'DOUBLE'],
    ]);
    const { row_groups: groups, created_by: by } = await metadataOf(join(folder, pathOf(minutes)));
    expect(groups.map(group => group.columns[0]?.meta_data?.encodings)).toEqual([expect.arrayContaining(['RLE_DICTIONARY'])]);
    expect(by).toBe('tapeline');
  });

  it('is the same bytes each time', async () => {
    const [first, second] = await Promise.all([exported([minutes, dayTicks]), exported([minutes, dayTicks])]);
    for (const file of [minutes, dayTicks]) {
      expect((await readFile(join(first, pathOf(file)))).equals(await readFile(join(second, pathOf(file))))).toBe(true);
    }
  });

  it('is a file without rows where there are none', async () => {
    const empty = { ...minutes, dayMs: dayMs + 30 * dayLengthMs };
    const path = join(await exported([empty]), pathOf(empty));
    expect(await readParquet(path)).toEqual([]);
    expect(await queryDuckDb(`SELECT count(*)::INTEGER AS rows FROM '${path}'`)).toEqual([{ rows: 0 }]);
  });
});

describe('the other tables', () => {
  it('give each tick once, also thousands that share a time', async () => {
    const folder = await exported([dayTicks]);
    const rows = await queryDuckDb(`SELECT * FROM read_parquet('${folder}/${pathOf(dayTicks)}', hive_partitioning = false)`);
    const stored = await store.ticks({ symbol: 'BTC/USD', fromMs: dayMs, toMs: dayMs + dayLengthMs, limit: 20_000 });
    expect(rows.length).toBe(12_010);
    expect(rows.map(tickOf)).toEqual(stored);
  });

  it('give gaps by the day on which they began, and alerts', async () => {
    const files = [
      { table: 'gaps', dayMs },
      { table: 'alerts', dayMs },
    ] as const;
    const folder = await exported(files);
    const [gaps, alerts] = await Promise.all(files.map(file => readParquet(join(folder, pathOf(file)))));
    expect(gaps).toEqual([
      { ...gapRow, symbol: 'BTC/USD', fromTime: new Date(dayMs), reason: 'socket closed', filled: true, versionUs: BigInt(dayMs) * 1_000n },
      {
        ...gapRow,
        symbol: 'EUR/USD',
        fromTime: new Date(dayMs + 2),
        reason: 'buffer "full"',
        filled: false,
        versionUs: BigInt(dayMs + 2) * 1_000n,
      },
    ]);
    expect(alerts?.map(({ id, symbol, feed, time, value }) => ({ id, symbol, feed, time, value }))).toEqual([
      { id: `btc-high BTC/USD ${dayMs + 1}`, symbol: 'BTC/USD', feed: null, time: new Date(dayMs + 1), value: 70_100 },
      { id: 'stale', symbol: null, feed: 'twelve-data/0', time: new Date(dayMs + 2), value: 70_100 },
    ]);
  });

  it('hold only what is wanted', async () => {
    const files: readonly ExportFile[] = [minutes, { table: 'gaps', dayMs }];
    const folder = await exported(files, { symbols: ['EUR/USD'] });
    const [bars, gaps] = await Promise.all(files.map(file => readParquet(join(folder, pathOf(file)))));
    expect(new Set([...(bars ?? []), ...(gaps ?? [])].map(row => row.symbol))).toEqual(new Set(['EUR/USD']));
  });
});

describe('a run', () => {
  it('goes on with what is missing', async () => {
    const folder = await exported([minutes]);
    const written: string[] = [];
    const options = { store, destination: new FolderDestination(folder), signal: quiet, written: (path: string) => written.push(path) };
    const files = filesOf(['bars', 'gaps'], ['1m', '1d'], { fromMs: dayMs, toMs: dayMs + dayLengthMs });
    expect(await runExport({ ...options, files, onlyMissing: true })).toMatchObject({ written: 2, present: 1 });
    expect(written).toEqual(['bars/interval=1d/date=2026-11-20/bars.parquet', 'gaps/date=2026-11-20/gaps.parquet']);
    expect(await runExport({ ...options, files, onlyMissing: true })).toMatchObject({ written: 0, present: 3 });
  });

  it('leaves nothing half behind when it is stopped or the store fails', async () => {
    const stopping = new AbortController();
    const slow: MarketStore = Object.create(store, {
      bars: {
        value: async (query: Parameters<MarketStore['bars']>[0]) => {
          if (query.symbol === 'BTC/USD') stopping.abort();
          return store.bars(query);
        },
      },
    });
    const folder = await exported([minutes], { store: slow, symbols, signal: stopping.signal });
    expect(await readdir(folder, { recursive: true })).toEqual(expect.not.arrayContaining([expect.stringMatching(/parquet/)]));

    const broken: MarketStore = Object.create(store, { bars: { value: () => Promise.reject(new Error('the store is away')) } });
    await expect(exported([minutes], { store: broken, symbols })).rejects.toThrow('the store is away');
  });

  it('removes what a killed one left an hour ago, and not what another one writes', async () => {
    const folder = await exported([minutes]);
    const day = join(folder, 'bars/interval=1m/date=2026-11-20');
    for (const name of ['.bars.parquet.a.partial', '.bars.parquet.b.partial']) await writeFile(join(day, name), 'half');
    // As one that its writer renames at this moment: it is in the list, and not there any more.
    await symlink('nothing', join(day, '.bars.parquet.c.partial'));
    const longAgo = Date.now() / 1_000 - 2 * 3_600;
    await utimes(join(day, '.bars.parquet.a.partial'), longAgo, longAgo);
    await runExport({ store, destination: new FolderDestination(folder), files: [minutes], onlyMissing: false, signal: quiet });
    expect((await readdir(day)).sort()).toEqual(['.bars.parquet.b.partial', '.bars.parquet.c.partial', 'bars.parquet']);
  });

  it('says what to do when the folder cannot be written', async () => {
    const file = join(directory, 'a-file');
    await writeFile(file, '');
    const destination = new FolderDestination(file);
    await expect(runExport({ store, destination, files: [minutes], onlyMissing: false, signal: quiet })).rejects.toMatchObject({
      code: 'export.refused',
      message: expect.stringMatching(
        /^cannot write .*a-file\/bars\/interval=1m\/date=2026-11-20\/bars\.parquet: .*; make room or correct its permissions$/,
      ),
    });
    // Node's own recursive mkdir never ends there.
    const nowhere = new FolderDestination('/proc/nope');
    await expect(runExport({ store, destination: nowhere, files: [minutes], onlyMissing: false, signal: quiet })).rejects.toMatchObject({
      code: 'export.refused',
      message: expect.stringMatching(/^cannot write \/proc\/nope\/.*; make room or/),
    });
  });

  it('holds a row group and some pages, however many rows there are', async () => {
    const rows = 120_000;
    const endless: MarketStore = Object.create(store, {
      ticks: {
        value: async ({ fromMs, limit = 0 }: { fromMs: number; limit?: number }) =>
          syntheticTicks(fromMs, Math.min(limit, dayMs + rows - fromMs)),
      },
    });
    const folder = await exported([dayTicks], { store: endless, symbols: ['BTC/USD'] });
    const { row_groups: groups, num_rows: total } = await metadataOf(join(folder, pathOf(dayTicks)));
    expect(total).toBe(BigInt(rows));
    expect(Math.max(...groups.map(group => Number(group.num_rows)))).toBe(50_000);
  }, 60_000);
});

describe('the files of an export', () => {
  it('are over two hours after their day, those of trading days twelve hours later', () => {
    expect(new Date(overMs(minutes)).toISOString()).toBe('2026-11-21T02:00:00.000Z');
    expect(new Date(overMs(day)).toISOString()).toBe('2026-11-21T14:00:00.000Z');
  });
});

const gapRow = { toTime: new Date(dayMs + 5) };

function syntheticTicks(fromMs: number, count: number): readonly TickRow[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => ({
    tick: aTick({ timeMs: fromMs + index, sequence: fromMs + index - dayMs + 1 }),
    versionUs: 1,
  }));
}

/** A row of DuckDB as the bar that it was. */
function barOf(row: Readonly<Record<string, unknown>>): Bar {
  const { startTime, endTime, flags, versionUs, date: _, ...rest } = withoutNull(row);
  const names = Object.keys(rest).filter(name => /\d|^macd|^bollinger/.test(name));
  const indicators = Object.fromEntries(names.map(name => [name, rest[name]]));
  for (const name of names) delete rest[name];
  return {
    ...(rest as unknown as Bar),
    startMs: Number(startTime),
    endMs: Number(endTime),
    state: 'final',
    flags: String(flags).split('|').filter(Boolean) as unknown as Bar['flags'],
    versionUs: Number(versionUs),
    ...(names.length > 0 ? { indicators } : {}),
  };
}

function tickOf(row: Readonly<Record<string, unknown>>): TickRow {
  const { time, sourceTime, receivedTime, tradingDayEndTime, session, sequence, versionUs, ...rest } = withoutNull(row);
  const times = {
    timeMs: Number(time),
    sourceTimeMs: Number(sourceTime),
    receivedTimeMs: Number(receivedTime),
    tradingDayEndMs: Number(tradingDayEndTime),
  };
  const tick = { v: 1, kind: 'tick', ...rest, ...times, session: Number(session), sequence: Number(sequence) };
  return { tick: tick as TickRow['tick'], versionUs: Number(versionUs) };
}

function withoutNull(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
