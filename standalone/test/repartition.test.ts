import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { partitionOf } from '@tapeline/core/partitioner';
import { decodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { repartition } from '@tapeline/stream-processing/repartition';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { replayOfLog } from './support/replay-of-log.ts';
import { appendToFeed } from './support/short-market.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const symbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'MSFT', 'EUR/USD', 'NVDA', 'XAU/USD'];
const beginMs = Date.UTC(2024, 10, 4, 10);
const feed = 'twelve-data/0';
const never = new AbortController().signal;

let directory: string;
let log: MarketLog;
let source: MarketLog;
let target: MarketLog;
let sequence: number;

beforeEach(async () => {
  directory = temporaryFolder('repartition');
  log = await openEmbeddedLog({ directory, logger });
  source = prefixedLog(log, 'old.');
  target = prefixedLog(log, 'new.');
  await source.ensureTopics([{ name: feedTopic.name, partitions: 4 }]);
  await target.ensureTopics([{ name: feedTopic.name, partitions: 7 }]);
  sequence = 0;
  await appendToFeed(source, [{ v: 1, kind: 'session', feed, session: 1, symbols, refused: [], timeMs: beginMs - 1 }]);
});

afterEach(async () => {
  await log.close();
});

function heartbeat(second: number): FeedRecord {
  return { v: 1, kind: 'heartbeat', feed, session: 1, connected: true, timeMs: beginMs + second * 1_000 + 999 };
}

function ticks(second: number): FeedRecord[] {
  return [100, 400, 700].flatMap(afterMs =>
    symbols.map((symbol, at): FeedRecord => {
      const timeMs = beginMs + second * 1_000 + afterMs;
      sequence += 1;
      const times = { timeMs, sourceTimeMs: beginMs + second * 1_000, receivedTimeMs: timeMs };
      const price = 100 + ((sequence * 7 + at) % 11);
      return {
        v: 1,
        kind: 'tick',
        feed,
        session: 1,
        sequence,
        symbol,
        price,
        ...times,
        tradingDay: '2024-11-04',
        tradingDayEndMs: beginMs + 86_400_000,
      };
    }),
  );
}

async function seconds(from: number, to: number): Promise<void> {
  for (let second = from; second < to; second += 1) await appendToFeed(source, [...ticks(second), heartbeat(second)]);
}

async function feedOf(read: MarketLog): Promise<readonly (readonly FeedRecord[])[]> {
  const partitions: FeedRecord[][] = [];
  for (const { partition, highWatermark: toOffset } of await read.offsets(feedTopic.name)) {
    partitions[partition] = [];
    if (toOffset === 0) continue;
    for await (const { records } of read.read({ topic: feedTopic.name, partition, fromOffset: 0, toOffset })) {
      partitions[partition]?.push(...records.filter(({ value }) => value?.[0] === 0x7b).map(({ value }) => decodeRecord(value)));
    }
  }
  return partitions;
}

/** The source as retention leaves it. */
function forgetful(lowOffset: (partition: number, highWatermark: number) => number): MarketLog {
  const offsets = async (topic: string) =>
    (await source.offsets(topic)).map(range => ({ ...range, lowOffset: lowOffset(range.partition, range.highWatermark) }));
  return { ...source, offsets };
}

const barriersOf = (records: readonly FeedRecord[]) => records.filter(record => recordKey(record) === undefined);
const ticksOf = (records: readonly FeedRecord[]) => records.flatMap(record => (record.kind === 'tick' ? [record.sequence] : []));

/** Versions count what stands in a partition, so they alone may differ. */
async function barsOf(read: MarketLog) {
  const { bars } = await replayOfLog(read);
  return Object.fromEntries([...bars].map(([key, { versionUs, ...bar }]) => [key, bar]));
}

async function alertsOf(read: MarketLog) {
  const { alerts } = await replayOfLog(read);
  return alerts.map(({ versionUs, ...alert }) => alert).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function expectSameFeed(): Promise<void> {
  const [before, after] = [await feedOf(source), await feedOf(target)];
  expect(after.length).toBe(7);
  expect(after.flatMap(ticksOf).toSorted((a, b) => a - b)).toEqual(before.flatMap(ticksOf).toSorted((a, b) => a - b));
  for (const [partition, records] of after.entries()) {
    expect(barriersOf(records)).toEqual(barriersOf(after[0] ?? []));
    for (const record of records)
      expect(
        partitionOf(recordKey(record) ?? symbols.find(name => partitionOf(name, 7) === partition) ?? '', 7) === partition ||
          recordKey(record) === undefined,
      ).toBe(true);
  }
}

describe('a log copied into another number of partitions', () => {
  it('holds the alert rules in every partition, and gives the same alerts', async () => {
    const rulesOf = (name: string, above: number, timeMs: number): FeedRecord => {
      const rules = [{ name, condition: 'level', symbols: '*', interval: '1s', above }];
      return { v: 1, kind: 'alert-rules', rules, receivedTimeMs: timeMs };
    };
    await seconds(0, 20);
    await appendToFeed(source, [rulesOf('first', 109, beginMs + 20_000)]);
    await seconds(20, 50);
    await appendToFeed(source, [rulesOf('second', 108, beginMs + 50_000)]);
    await seconds(50, 70);
    await repartition({ source, target, quietMs: 50, signal: never });
    await expectSameFeed();
    const alerts = await alertsOf(target);
    expect(new Set(alerts.map(({ rule }) => rule))).toEqual(new Set(['first', 'second']));
    expect(alerts).toEqual(await alertsOf(source));
  });

  it('gives the same bars', async () => {
    await seconds(0, 90);
    const { outcome, written } = await repartition({ source, target, quietMs: 50, signal: never });
    expect([outcome, written]).toEqual(['copied', 90 * 21 + 91 * 7]);
    await expectSameFeed();
    expect(barriersOf((await feedOf(target))[0] ?? [])).toEqual(barriersOf((await feedOf(source))[0] ?? []));
    const bars = await barsOf(target);
    expect(Object.keys(bars).length).toBeGreaterThan(600);
    expect(bars).toEqual(await barsOf(source));
  });

  it('brings together again what was written to fewer partitions and, after some were added, to all of them', async () => {
    const added = prefixedLog(log, 'added.');
    await added.ensureTopics([{ name: feedTopic.name, partitions: 5 }]);
    const session: FeedRecord = { v: 1, kind: 'session', feed, session: 1, symbols, refused: [], timeMs: beginMs - 1 };
    await appendToFeed({ ...added, partitionCount: async () => 3 }, [session]);
    for (let second = 0; second < 90; second += 1) {
      const records = [...ticks(second), heartbeat(second)];
      await appendToFeed(source, records);
      await appendToFeed(second < 40 ? { ...added, partitionCount: async () => 3 } : added, records);
    }
    await repartition({ source: added, target, quietMs: 50, signal: never });
    expect(barriersOf((await feedOf(target))[0] ?? [])).toEqual(barriersOf((await feedOf(source))[0] ?? []));
    expect(await barsOf(target)).toEqual(await barsOf(source));
  });

  it('follows a log that grows until it rests, and goes on after any interruption without a record twice', async () => {
    await seconds(0, 40);
    for (const stopAt of [1, 200, 700]) {
      const interrupt = new AbortController();
      const progress = ({ done }: { done: number }) => done >= stopAt && interrupt.abort();
      expect((await repartition({ source, target, quietMs: 50, progress, signal: interrupt.signal })).outcome).toBe('interrupted');
      await appendToFeed(source, ticks(40 + stopAt));
    }
    const growing = repartition({ source, target, quietMs: 500, signal: never });
    await seconds(800, 830);
    expect((await growing).outcome).toBe('copied');
    await expectSameFeed();
    expect(await repartition({ source, target, quietMs: 50, signal: never })).toEqual({ outcome: 'copied', written: 0, forgotten: 0 });
    await expectSameFeed();
  });

  it('tells how far it is also while retention takes what it has copied', async () => {
    await seconds(0, 40);
    const told: { readonly done: number; readonly total: number }[] = [];
    let looks = 0;
    const forgetting = forgetful(() => {
      looks += 1;
      return looks > 4 ? 5 : 0;
    });
    await repartition({ source: forgetting, target, quietMs: 50, progress: soFar => told.push(soFar), signal: never });
    expect(told.filter(({ done, total }) => done > total)).toEqual([]);
    expect(told.at(-1)).toEqual({ done: 1_004, total: 1_004 });
  });

  it('asks before it copies less than there was, and says what the copy lacks; it goes on after an interruption, too', async () => {
    await seconds(0, 40);
    const shorter = forgetful(partition => (partition === 2 ? 30 : 0));
    await expect(repartition({ source: shorter, target, quietMs: 50, signal: never })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/market-data.feed\/2 begins at offset 30.* add --shorter/),
    });
    expect((await feedOf(target)).flat()).toEqual([]);
    const interrupt = new AbortController();
    const progress = ({ done }: { done: number }) => done >= 200 && interrupt.abort();
    await repartition({ source: shorter, target, shorter: true, quietMs: 50, progress, signal: interrupt.signal });
    const { outcome, forgotten } = await repartition({ source: shorter, target, shorter: true, quietMs: 50, signal: never });
    expect([outcome, forgotten]).toEqual(['copied', 30]);
    const left = (await feedOf(source)).flatMap((records, partition) => ticksOf(partition === 2 ? records.slice(30) : records));
    expect((await feedOf(target)).flatMap(ticksOf).toSorted((a, b) => a - b)).toEqual(left.toSorted((a, b) => a - b));
  });

  it('is refused where the source has forgotten records since it was begun, for they would be missing', async () => {
    await seconds(0, 40);
    const interrupt = new AbortController();
    const progress = ({ done }: { done: number }) => done >= 200 && interrupt.abort();
    await repartition({ source, target, quietMs: 50, progress, signal: interrupt.signal });
    const copied = (await feedOf(target)).flatMap(ticksOf).length;
    expect(copied).toBeGreaterThan(0);
    expect(copied).toBeLessThan(40 * 21);
    const busiest = partitionOf('BTC/USD', 4);
    const left = [
      forgetful(() => 10),
      forgetful(partition => (partition === busiest ? 60 : 0)),
      forgetful((_, highWatermark) => highWatermark),
    ];
    const refusal = { code: 'usage', message: expect.stringMatching(/forgotten records since .* begin another one/) };
    for (const forgetting of left) {
      await expect(repartition({ source: forgetting, target, shorter: true, quietMs: 50, signal: never })).rejects.toMatchObject(refusal);
      expect((await feedOf(target)).flatMap(ticksOf).length).toBe(copied);
    }
    expect((await repartition({ source, target, quietMs: 50, signal: never })).outcome).toBe('copied');
    await expectSameFeed();
  });

  it('goes on where a write to some of the new partitions broke off', async () => {
    await seconds(0, 10);
    await appendToFeed(source, ticks(10));
    let appends = 0;
    const breaking: MarketLog = {
      ...target,
      append: async entries => {
        appends += 1;
        await target.append(entries.slice(0, Math.floor(entries.length / 3)));
        throw new Error('the line is cut');
      },
    };
    for (let time = 0; time < 3; time += 1) {
      await expect(repartition({ source, target: breaking, quietMs: 50, signal: never })).rejects.toThrow('the line is cut');
    }
    expect(appends).toBe(3);
    await repartition({ source, target, quietMs: 50, signal: never });
    await expectSameFeed();
    expect(await barsOf(target)).toEqual(await barsOf(source));
  });

  it('is refused where two wrote it at once', async () => {
    await seconds(0, 40);
    const both = [0, 1].map(() => repartition({ source, target, quietMs: 50, signal: never }));
    await Promise.allSettled(both);
    await expect(Promise.all(both)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('others wrote') });
  });

  it('is refused where two wrote it at once and were interrupted, for it would lack what comes', async () => {
    await seconds(0, 40);
    const interrupt = new AbortController();
    const progress = ({ done, total }: { done: number; total: number }) => done === total && interrupt.abort();
    const both = [0, 1].map(() => repartition({ source, target, quietMs: 50, progress, signal: interrupt.signal }));
    await Promise.all(both);
    const held = (await target.offsets(feedTopic.name)).reduce((sum, { highWatermark }) => sum + highWatermark, 0);
    expect(held).toBeGreaterThan(40 * 21 + 41 * 7);
    await seconds(40, 100);
    const again = repartition({ source, target, quietMs: 50, signal: never });
    await expect(again).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('begin another one') });
  });

  it('writes a heartbeat that reached only some partitions to all, once, and leaves poison behind', async () => {
    await seconds(0, 3);
    await appendToFeed(source, [...ticks(3), heartbeat(3)], [0, 1]);
    await source.append([{ topic: feedTopic.name, partition: 2, value: Buffer.from('no record') }]);
    await seconds(4, 6);
    await appendToFeed(source, [...ticks(6), heartbeat(6)], [3]);
    await repartition({ source, target, quietMs: 50, signal: never });
    await expectSameFeed();
    const heartbeats = barriersOf((await feedOf(target))[5] ?? []).map(record => ('timeMs' in record ? record.timeMs - beginMs : 0));
    expect(heartbeats).toEqual([-1, 999, 1_999, 2_999, 3_999, 4_999, 5_999, 6_999]);
  });
});
