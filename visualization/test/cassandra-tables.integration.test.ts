import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type TestKeyspace, testKeyspace } from '../../database/test/support/cassandra-keyspace.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type ExportFile, pathOf } from '../src/export/export-files.ts';
import { runExport } from '../src/export/export-run.ts';
import { FolderDestination } from '../src/export/folder-destination.ts';
import { readParquet } from './support/parquet-readers.ts';
import { aBar, aGap, anAlert, aTick, minuteMs, type StockedBoard, startStockedBoard, tenOClockMs } from './support/stocked-board.ts';

const dayStartMs = Math.floor(tenOClockMs / 86_400_000) * 86_400_000;

describeWithCassandra('the API and the export on a real Cassandra', server => {
  let test: TestKeyspace;
  let store: MarketStore;
  let board: StockedBoard;
  let directory: string;

  beforeAll(async () => {
    directory = temporaryFolder('cassandra-export');
    test = await testKeyspace(server, 'api');
    const shell = { logger: pino({ level: 'silent' }), registry: new Registry() };
    // Ticks of a day long ago would be over their time to live.
    store = openCassandraStore({
      contactPoints: server.contactPoints,
      keyspace: test.keyspace,
      tickRetentionMs: 10 * 365 * 86_400_000,
      ...shell,
    });
    await store.migrate();
    const many = Array.from({ length: 30 }, (_, index) => index);
    const rows = {
      // Ten on each stamp.
      ticks: many.map(index => ({
        tick: aTick({ timeMs: tenOClockMs + Math.floor(index / 10), sequence: index + 1 }),
        versionUs: index + 1,
      })),
      bars: [0, 1, 4].map(minute => aBar({ startMs: tenOClockMs + minute * minuteMs, indicators: { sma20: minute + 0.5 } })),
      gaps: many.map(index =>
        aGap({ fromMs: tenOClockMs + Math.floor(index / 10), toMs: tenOClockMs + 60_000, reason: `reason ${index}` }),
      ),
      alerts: many.map(index => anAlert({ timeMs: tenOClockMs + Math.floor(index / 10), id: `alert ${index}` })),
      latest: [{ symbol: 'BTC/USD', price: 1, timeMs: tenOClockMs, receivedTimeMs: tenOClockMs, versionUs: 1 }],
    };
    await store.write({ instruments: [], ...rows });
    board = await startStockedBoard({}, { nowMs: tenOClockMs + 10 * minuteMs, board: { store } });
  }, 180_000);

  afterAll(async () => {
    await board?.close();
    await store?.close();
    await test.drop();
  }, 60_000);

  it.each([
    ['/api/ticks?symbol=BTC/USD&from=2024-11-04&to=2024-11-05', 'sequence'],
    ['/api/gaps?from=2024-11-04&to=2024-11-05', 'reason'],
    ['/api/alerts?from=2024-11-04&to=2024-11-05', 'id'],
  ])('gives each row of %s once in pages, although many share one time', async (path, field) => {
    const [all = []] = await board.pages(`${path}&limit=100`);
    expect(new Set(all.map(row => row[field])).size).toBe(30);
    const pages = await board.pages(`${path}&limit=7`);
    expect(pages.map(page => page.length)).toEqual([7, 7, 7, 7, 2]);
    expect(pages.toReversed().flat()).toEqual(all);
  });

  it('gives bars with indicators, filled forward, and in pages', async () => {
    const bars = (await board.get(`/api/bars?symbol=BTC/USD&interval=1m&indicators=true&fill=forward&from=${tenOClockMs}`)).json().bars;
    expect((bars as Record<string, unknown>[]).map(bar => [bar.state, bar.flags, bar.indicators])).toEqual([
      ['final', [], { sma20: 0.5 }],
      ['final', [], { sma20: 1.5 }],
      ['filled-forward', [], undefined],
      ['filled-forward', [], undefined],
      ['final', [], { sma20: 4.5 }],
    ]);
    const pages = await board.pages('/api/bars?symbol=BTC/USD&interval=1m&limit=2');
    expect(pages.map(page => page.map(bar => (Number(bar.startMs) - tenOClockMs) / minuteMs))).toEqual([[1, 4], [0]]);
  });

  it('exports the rows that it holds', async () => {
    const files: readonly ExportFile[] = [
      { table: 'bars', interval: '1m', dayMs: dayStartMs },
      ...(['ticks', 'gaps', 'alerts'] as const).map(table => ({ table, dayMs: dayStartMs })),
    ];
    const destination = new FolderDestination(directory);
    await runExport({ store, destination, files, onlyMissing: false, signal: new AbortController().signal });
    const [bars, ticks, gaps, alerts] = await Promise.all(files.map(file => readParquet(join(directory, pathOf(file)))));
    expect(bars?.map(row => [Number(row.startTime), row.sma20])).toEqual(
      [0, 1, 4].map(minute => [tenOClockMs + minute * minuteMs, minute + 0.5]),
    );
    expect(ticks?.map(row => Number(row.sequence))).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect([new Set(gaps?.map(row => row.reason)).size, gaps?.length, new Set(alerts?.map(row => row.id)).size]).toEqual([30, 30, 30]);
  });
});
