import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import type { Gap, MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { freePorts } from '@tapeline/services/free-ports';
import { parquetReadObjects } from 'hyparquet';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { BucketDestination } from '../src/export/bucket-destination.ts';
import { runConfiguredExport } from '../src/export/configured-export.ts';
import { type ObjectStore, startObjectStore, storeKey } from './support/object-store.ts';
import { aBar, aGap, anAlert, dayMs, minuteMs } from './support/stocked-board.ts';

const bucket = 'market-data';
const yesterdayMs = Date.UTC(2026, 10, 20);
/** Two in the morning (UTC) of the day after, and half past. */
const nowMs = yesterdayMs + dayMs + 150 * minuteMs;
const quiet = new AbortController().signal;
const logger = pino({ level: 'silent' });

let directory: string;
let objects: ObjectStore;
let store: MarketStore;

beforeAll(async () => {
  directory = temporaryFolder('bucket-export');
  objects = await startObjectStore(join(directory, 'objects'), bucket);
  store = openSqliteStore({ dataDir: directory, logger, registry: new Registry() });
  await store.migrate();
  const bars = Array.from({ length: 3 }, (_, index) => aBar({ startMs: yesterdayMs + index * minuteMs }));
  await store.write({
    bars: [...bars, aBar({ startMs: yesterdayMs - dayMs, interval: '1d', endMs: yesterdayMs })],
    ...{ ticks: [], gaps: [], instruments: [], alerts: [anAlert({ timeMs: yesterdayMs + 1 })] },
    latest: [{ symbol: 'BTC/USD', price: 1, timeMs: yesterdayMs, receivedTimeMs: yesterdayMs, versionUs: 1 }],
  });
}, 120_000);

afterAll(async () => {
  await store?.close();
  await objects?.stop();
});

function configured(more: Readonly<Record<string, string>> = {}) {
  return readConfiguration({
    ...{
      EXPORT_BUCKET: bucket,
      EXPORT_PREFIX: 'tapeline/prod',
      EXPORT_ENDPOINT: objects.endpoint,
      EXPORT_DAYS: '2',
      EXPORT_INTERVALS: '1m,1d',
    },
    ...{ EXPORT_ACCESS_KEY: storeKey.accessKeyId, EXPORT_SECRET_KEY: storeKey.secretAccessKey },
    ...more,
  });
}

function run(more?: Readonly<Record<string, string>>, signal = quiet) {
  return runConfiguredExport(configured(more), { store, logger, registry: new Registry(), signal, now: () => nowMs });
}

function client(): S3Client {
  return new S3Client({ region: 'us-east-1', endpoint: objects.endpoint, forcePathStyle: true, credentials: storeKey });
}

describe('the export job with an object store', () => {
  it('writes what is over of the last days, and nothing twice', async () => {
    expect(await run()).toMatchObject({ written: 7, present: 0, rows: 5 });
    const { Contents: contents = [] } = await client().send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(contents.map(({ Key: key }) => key).sort()).toEqual([
      'tapeline/prod/alerts/date=2026-11-19/alerts.parquet',
      'tapeline/prod/alerts/date=2026-11-20/alerts.parquet',
      // The trading day of the 20th is over at 14:00.
      'tapeline/prod/bars/interval=1d/date=2026-11-19/bars.parquet',
      'tapeline/prod/bars/interval=1m/date=2026-11-19/bars.parquet',
      'tapeline/prod/bars/interval=1m/date=2026-11-20/bars.parquet',
      'tapeline/prod/gaps/date=2026-11-19/gaps.parquet',
      'tapeline/prod/gaps/date=2026-11-20/gaps.parquet',
    ]);
    expect(await run()).toMatchObject({ written: 0, present: 7 });
  });

  it('writes a day again when a gap of it was filled, by what the file in the bucket says of itself', async () => {
    const gap = aGap({ fromMs: yesterdayMs, toMs: yesterdayMs + minuteMs });
    const stored = (gaps: readonly Gap[]) => store.write({ ticks: [], bars: [], latest: [], instruments: [], alerts: [], gaps });
    await stored([gap]);
    expect(await run()).toMatchObject({ written: 1, present: 6, rows: 1 });
    await stored([{ ...gap, filled: true, versionUs: gap.versionUs + 1 }]);
    expect(await run()).toMatchObject({ written: 1, present: 6, rows: 1 });
    expect(await run()).toMatchObject({ written: 0, present: 7 });
  });

  it('gives the rows of the store back', async () => {
    const Key = 'tapeline/prod/bars/interval=1m/date=2026-11-20/bars.parquet';
    const { Body: body } = await client().send(new GetObjectCommand({ Bucket: bucket, Key }));
    const bytes = await body?.transformToByteArray();
    const file = bytes?.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ symbol, startTime, close }) => [symbol, Number(startTime), close])).toEqual(
      [0, 1, 2].map(index => ['BTC/USD', yesterdayMs + index * minuteMs, 105]),
    );
  });

  it('leaves no temporary file, also where the writing fails', async () => {
    const destination = new BucketDestination({ bucket, endpoint: objects.endpoint, region: 'us-east-1', credentials: storeKey });
    const paths: string[] = [];
    const write = async (path: string) => {
      paths.push(path);
      await writeFile(path, 'bytes');
      if (paths.length === 2) throw new Error('the store is away');
    };
    await destination.put('a/b.parquet', write, quiet);
    await expect(destination.put('a/c.parquet', write, quiet)).rejects.toThrow('the store is away');
    await destination.close();
    expect(await Promise.all(paths.map(path => access(dirname(path)).catch((error: { code: string }) => error.code)))).toEqual([
      'ENOENT',
      'ENOENT',
    ]);
  });

  it.each([
    ['another bucket', { EXPORT_BUCKET: 'nothing-here' }],
    ['a key that it does not know', { EXPORT_ACCESS_KEY: 'somebody' }],
  ])('ends when the store refuses: %s', async (_, more) => {
    await expect(run({ ...more, EXPORT_PREFIX: 'refused' })).rejects.toMatchObject({
      code: 'export.refused',
      retriable: false,
      message: expect.stringContaining('check EXPORT_BUCKET, EXPORT_REGION, the keys and what they may do'),
    });
  });

  it('may be tried again when the store is away', async () => {
    const [closed] = await freePorts(1);
    await expect(run({ EXPORT_ENDPOINT: `http://127.0.0.1:${closed}` })).rejects.toMatchObject({
      code: 'export.unavailable',
      retriable: true,
    });
  });

  it('waits out that the store is busy, in looking and in writing', async () => {
    const refused = { HEAD: 2, PUT: 2 };
    const proxy = createServer((incoming, answer) => {
      const method = incoming.method === 'PUT' ? 'PUT' : 'HEAD';
      refused[method] -= 1;
      if (refused[method] >= 0) {
        incoming.resume();
        answer.writeHead(503).end();
        return;
      }
      const { hostname, port } = new URL(objects.endpoint);
      const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, told => {
        answer.writeHead(told.statusCode ?? 500, told.headers);
        told.pipe(answer);
      });
      incoming.pipe(onward);
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = proxy.address() as AddressInfo;
      expect(await run({ EXPORT_ENDPOINT: `http://127.0.0.1:${port}`, EXPORT_PREFIX: 'busy' })).toMatchObject({ written: 7, rows: 6 });
      expect(refused.PUT).toBeLessThan(0);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  it('stops within a file, and goes on with the next run', async () => {
    const stopping = new AbortController();
    let looks = 0;
    const slow: MarketStore = Object.create(store, {
      latest: { value: () => store.latest() },
      loadSnapshot: { value: (key: Parameters<MarketStore['loadSnapshot']>[0]) => store.loadSnapshot(key) },
      instruments: { value: () => store.instruments() },
      gaps: {
        value: (query: Parameters<MarketStore['gaps']>[0]) => {
          // First it is asked whether the days are stored whole.
          looks += 1;
          if (looks > 1) stopping.abort();
          return store.gaps(query);
        },
      },
      alerts: { value: (query: Parameters<MarketStore['alerts']>[0]) => store.alerts(query) },
      bars: { value: (query: Parameters<MarketStore['bars']>[0]) => store.bars(query) },
    });
    const parts = { store: slow, logger, registry: new Registry(), signal: stopping.signal, now: () => nowMs };
    const stopped = await runConfiguredExport(configured({ EXPORT_PREFIX: 'stopped' }), parts);
    expect(stopped.written).toBeLessThan(7);
    expect(await run({ EXPORT_PREFIX: 'stopped' })).toMatchObject({ written: 7 - stopped.written, present: stopped.written });
  });
});
