import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { encodeRecord } from '@tapeline/core/record-codec';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runConfiguredExport } from '../src/export/configured-export.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';

const hourMs = 3_600_000;
/** The midnight after the day that is exported. */
const midnightMs = Date.UTC(2024, 10, 5);
/** In the paths of that day. */
const day = 'date=2024-11-04';
const at = (hours: number) => midnightMs + hours * hourMs;

let running: RunningMarket;
let folder: string;
let said: string[];

/** A price at 21:00, a heartbeat at 22:00, and then everything is off. */
beforeEach(async () => {
  folder = temporaryFolder('stored-days');
  said = [];
  running = await startMarket();
  const { feed } = running;
  await feed.append(
    feed.session({ timeMs: at(-5), symbols: ['BTC/USD'] }),
    feed.tick({ symbol: 'BTC/USD', price: 100, timeMs: at(-3) }),
    feed.heartbeat(at(-2)),
  );
  await running.storeAll();
});

afterEach(() => running.close());

async function exportedAt(nowMs: number): Promise<readonly string[]> {
  const configuration = readConfiguration({
    EXPORT_FOLDER: folder,
    EXPORT_DAYS: '2',
    EXPORT_TABLES: 'bars,gaps',
    EXPORT_INTERVALS: '1m,1d',
  });
  const logger = pino({}, { write: line => void said.push((JSON.parse(line) as { msg: string }).msg) });
  const parts = { store: running.store, logger, registry: new Registry(), signal: new AbortController().signal, now: () => nowMs };
  await runConfiguredExport(configuration, parts);
  const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.parquet') && name.includes(day));
  return files.map(name => name.replace(`/${day}`, '')).sort();
}

const firstFiles = ['bars/interval=1m/bars.parquet', 'gaps/gaps.parquet'];

describe('the scheduled export of a day', () => {
  it('waits until what is stored has passed the end of the day', async () => {
    expect(await exportedAt(at(20))).toEqual([]);
    expect(said).toContainEqual('3 files wait for a later run: what is stored has come to 2024-11-04T22:00:00.000Z');
    await running.feed.append(running.feed.heartbeat(at(1.9)));
    await running.storeAll();
    expect(await exportedAt(at(20))).toEqual([]);
    await running.feed.append(running.feed.heartbeat(at(2)));
    await running.storeAll();
    expect(await exportedAt(at(20))).toEqual(firstFiles);
    await running.feed.append(running.feed.heartbeat(at(14)));
    await running.storeAll();
    expect(await exportedAt(at(20))).toEqual(['bars/interval=1d/bars.parquet', ...firstFiles]);
  });

  it('does not wait for longer than EXPORT_DAYS reach back', async () => {
    expect(await exportedAt(at(24 + 20))).toEqual(['bars/interval=1d/bars.parquet', ...firstFiles]);
    expect(said).toContain('gaps/date=2024-11-04/gaps.parquet is written as it is, for it is the last day of EXPORT_DAYS');
  });

  it('waits for the partition that is the furthest behind', async () => {
    await running.feed.appendRaw(0, encodeRecord(running.feed.heartbeat(at(14))));
    await running.storeAll();
    expect(await exportedAt(at(20))).toEqual([]);
    await running.feed.appendRaw(1, encodeRecord(running.feed.heartbeat(at(14))));
    await running.storeAll();
    expect((await exportedAt(at(20))).length).toBe(3);
  });

  it('waits for what fills the gap of a process that was off over midnight, two hours at most', async () => {
    const { feed } = running;
    await feed.append(feed.session({ timeMs: at(15), symbols: ['BTC/USD'] }), feed.heartbeat(at(15.5)));
    await running.storeAll();
    expect(await exportedAt(at(15.5))).toEqual([]);
    expect(said.at(-2)).toBe(
      '3 files wait for a later run: what is stored has come to 2024-11-05T15:30:00.000Z, and a gap that began at 2024-11-04T21:00:00.000Z may be filled still',
    );
    await feed.append(feed.heartbeat(at(17)));
    await running.storeAll();
    expect((await exportedAt(at(17))).length).toBe(3);
  });

  it('goes on as soon as the gap is filled', async () => {
    const { feed } = running;
    await feed.append(feed.session({ timeMs: at(15), symbols: ['BTC/USD'] }), feed.heartbeat(at(15.5)));
    await running.storeAll();
    const gaps = await running.store.gaps({ fromMs: at(-24), toMs: at(24) });
    const filled = gaps.map(gap => ({ ...gap, filled: true, versionUs: gap.versionUs + 1 }));
    await running.store.write({ ticks: [], bars: [], latest: [], instruments: [], alerts: [], gaps: filled });
    expect((await exportedAt(at(15.5))).length).toBe(3);
  });
});
