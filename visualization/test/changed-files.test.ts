import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { readConfiguration } from '@tapeline/core/configuration';
import type { Gap, MarketStore, StoreBatch } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runConfiguredExport } from '../src/export/configured-export.ts';
import { barColumns } from '../src/export/export-columns.ts';
import { waitAfterMs } from '../src/export/export-schedule.ts';
import { writeParquet } from '../src/export/parquet-file.ts';
import { readParquet } from './support/parquet-readers.ts';
import { aBar, aGap, dayMs as dayLengthMs, minuteMs } from './support/stocked-board.ts';

/** The last day that is over, and three in the morning (UTC) of the one after. */
const dayMs = Date.UTC(2026, 10, 20);
const nowMs = dayMs + 27 * 60 * minuteMs;
const barsPath = 'bars/interval=1m/date=2026-11-20/bars.parquet';
const gapsPath = 'gaps/date=2026-11-20/gaps.parquet';

let store: MarketStore;
let folder: string;
let said: string[];

beforeEach(async () => {
  folder = temporaryFolder('changed-files');
  store = await openStore();
});

afterEach(() => store.close());

async function openStore(): Promise<MarketStore> {
  const opened = openSqliteStore({ dataDir: temporaryFolder('store'), logger: pino({ level: 'silent' }), registry: new Registry() });
  await opened.migrate();
  const latest = ['AAPL', 'BTC/USD'].map(symbol => ({ symbol, price: 1, timeMs: dayMs, receivedTimeMs: dayMs, versionUs: 1 }));
  await opened.write(aBatch({ latest }));
  return opened;
}

function aBatch(rows: Partial<StoreBatch>): StoreBatch {
  return { ticks: [], bars: [], latest: [], gaps: [], instruments: [], alerts: [], ...rows };
}

function aMinute(index: number, fields: Partial<Bar> = {}): Bar {
  return aBar({ startMs: dayMs + index * minuteMs, ...fields });
}

function aFilledGap(gap: Gap): Gap {
  return { ...gap, filled: true, versionUs: gap.versionUs + 1 };
}

/** What a run of the schedule writes, by its log. */
async function exported(days = 1, atMs = nowMs): Promise<readonly string[]> {
  said = [];
  const logger = pino({}, { write: line => void said.push((JSON.parse(line) as { msg: string }).msg) });
  const configuration = readConfiguration({
    ...{ EXPORT_FOLDER: folder, EXPORT_DAYS: String(days), EXPORT_TABLES: 'bars,ticks,gaps,alerts', EXPORT_INTERVALS: '1m' },
  });
  const parts = { store, logger, registry: new Registry(), signal: new AbortController().signal, now: () => atMs };
  await runConfiguredExport(configuration, parts);
  return said.filter(message => message.startsWith('exported '));
}

const again = (path: string, rows: number) => `exported ${path}: ${rows} rows, again, for the store has changed since`;

describe('a day that was exported', () => {
  it('is written again when history brought bars, and then left alone', async () => {
    expect((await exported()).length).toBe(4);
    await store.write(aBatch({ bars: [aMinute(0, { flags: ['filled'] }), aMinute(1, { symbol: 'AAPL', flags: ['filled'] })] }));
    expect(await exported()).toEqual([again(barsPath, 2)]);
    expect((await readParquet(join(folder, barsPath))).map(row => row.symbol)).toEqual(['AAPL', 'BTC/USD']);
    expect(await exported()).toEqual([]);
    expect(said.at(-1)).toBe(`the export is done: 0 files written to ${folder}, 4 were there`);
  });

  it('is written again when a bar was given out again, and when a gap was filled', async () => {
    const gap = aGap({ fromMs: dayMs + minuteMs, toMs: dayMs + 2 * minuteMs });
    await store.write(aBatch({ bars: [aMinute(0), aMinute(1, { revision: 3 })], gaps: [gap] }));
    await exported();
    await store.write(aBatch({ bars: [aMinute(0, { revision: 1, flags: ['reconciled'], versionUs: dayMs * 1_000 + 1 })] }));
    expect(await exported()).toEqual([again(barsPath, 2)]);
    await store.write(aBatch({ gaps: [aFilledGap(gap)] }));
    expect(await exported()).toEqual([again(gapsPath, 1)]);
    expect(await exported()).toEqual([]);
  });

  it('stays as it is where the store has less of it: what the store lost is nowhere else', async () => {
    await store.write(aBatch({ bars: [aMinute(0), aMinute(1)] }));
    await exported();
    await store.close();
    store = await openStore();
    await store.write(aBatch({ bars: [aMinute(0, { revision: 7 })] }));
    expect(await exported()).toEqual([]);
    expect((await readParquet(join(folder, barsPath))).length).toBe(2);
  });

  it('is written again once where a former version wrote it, which counted no changes, and where it is no Parquet file', async () => {
    await mkdir(dirname(join(folder, barsPath)), { recursive: true });
    await mkdir(dirname(join(folder, gapsPath)), { recursive: true });
    const pages = (async function* () {
      yield [aMinute(0)];
    })();
    await writeParquet(join(folder, barsPath), barColumns, pages);
    await writeFile(join(folder, gapsPath), 'half of a copy');
    await store.write(aBatch({ bars: [aMinute(0)] }));
    const written = await exported();
    expect(written).toEqual(expect.arrayContaining([again(barsPath, 1), again(gapsPath, 0)]));
    expect(await exported()).toEqual([]);
  });

  it('is looked at for a month: then no history comes any more', async () => {
    await exported(40);
    const bars = [31, 33].map(days => aMinute(0, { startMs: dayMs - days * dayLengthMs }));
    await store.write(aBatch({ bars }));
    expect(await exported(40)).toEqual([again('bars/interval=1m/date=2026-10-20/bars.parquet', 1)]);
  });
});

describe('the schedule', () => {
  it('looks each hour, and after ten minutes while a day waits or was written just now', () => {
    expect(waitAfterMs({ waiting: 0, written: 0 })).toBe(3_600_000);
    expect(waitAfterMs({ waiting: 1, written: 0 })).toBe(600_000);
    expect(waitAfterMs({ waiting: 0, written: 1 })).toBe(600_000);
  });
});
