import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import type { MarketStore, Snapshot, StoreBatch } from '@tapeline/database/market-store';
import type { MarketLog, PartitionClaim } from '@tapeline/log/market-log';
import { plainBatch } from '@tapeline/log/plain-batch';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { Outages } from '../src/outages.ts';
import { type PartitionProcessorOptions, processPartition } from '../src/partition-processor.ts';
import { createProcessorMetrics } from '../src/processor-metrics.ts';
import { snapshotRoom } from '../src/snapshot-room.ts';
import { aHeartbeat, aSession, aTick, at } from './support/builders.ts';

const topic = 'market-data.feed';
const lost = new PipelineError('store.unavailable', 'no node answers', { retriable: true });

/** One partition, one batch for each record, and a store that answers when the test says so. */
function partition(values: readonly (FeedRecord | string)[], over: Partial<PartitionProcessorOptions> = {}) {
  const events: string[] = [];
  const writes: { readonly batch: StoreBatch; done(): void; fail(error: unknown): void }[] = [];
  const snapshots: Snapshot[] = [];
  const published: { topic: string; value: Record<string, unknown> }[] = [];
  const losing = new AbortController();
  const stop = new AbortController();
  const ended = Promise.withResolvers<void>();
  let read = 0;
  const encoded = values.map(value => (typeof value === 'string' ? Buffer.from(value) : encodeRecord(value)));
  const reading = AbortSignal.any([losing.signal, stop.signal]);
  const claim: PartitionClaim = {
    topic,
    partition: 0,
    lost: losing.signal,
    committedOffset: undefined,
    async *read(fromOffset) {
      for (let offset = fromOffset; offset < encoded.length && !reading.aborted; offset += 1) {
        read = offset + 1;
        const records = [{ offset, key: undefined, value: encoded[offset] }];
        // The end is never reached, so that no snapshot is taken for it.
        yield plainBatch({ topic, partition: 0, records, highWatermark: encoded.length + 1 });
      }
      if (!reading.aborted) await new Promise(resolve => reading.addEventListener('abort', resolve, { once: true }));
    },
    commit: async offset => void events.push(`commit ${offset}`),
    release: () => events.push('release'),
  };
  const store = {
    loadSnapshot: async () => undefined,
    saveSnapshot: async (_key: unknown, snapshot: Snapshot) => {
      snapshots.push({ ...snapshot, state: snapshot.state.slice() });
      events.push(`snapshot ${snapshot.nextOffset}`);
    },
    write: (batch: StoreBatch) =>
      new Promise<void>((done, fail) => {
        writes.push({ batch, done, fail });
      }),
  } as unknown as MarketStore;
  const log = {
    offsets: async () => [{ partition: 0, lowOffset: 0, highWatermark: encoded.length }],
    appendBlocks: async (blocks: Parameters<MarketLog['appendBlocks']>[0]) => {
      for (const block of blocks) {
        const cursor = block.cursor();
        while (cursor.next()) {
          const value = JSON.parse(Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString());
          published.push({ topic: block.topic, value });
        }
      }
    },
  } as unknown as MarketLog;
  const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
  const running = processPartition({
    claim,
    log,
    store,
    group: 'g',
    fold: { partition: 0, partitions: 1, intervals: ['1s', '1m'], allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 },
    barPartitions: 2,
    snapshotIntervalMs: 3_600_000,
    commitIntervalMs: 0,
    stopping: stop.signal,
    failed: reason => stop.abort(reason),
    metrics: createProcessorMetrics(new Registry()),
    outages: new Outages({ logger }),
    logger,
    ...over,
  });
  void running.then(ended.resolve, ended.resolve);
  return {
    events,
    writes,
    snapshots,
    published,
    running,
    stop: () => stop.abort(),
    lose: () => losing.abort(),
    read: () => read,
    /** Every write from now on succeeds at once. */
    letWrites: () => {
      for (const write of writes) write.done();
      store.write = async () => undefined;
    },
  };
}

/** A session, and a tick with the heartbeat that closes its second, for each of so many seconds. */
function seconds(count: number): readonly FeedRecord[] {
  const ticks = Array.from({ length: count }, (_, i) => [
    aTick({ timeMs: at(i * 10), price: 100 + i, sequence: i + 1 }),
    aHeartbeat({ timeMs: at(i * 10 + 9) }),
  ]);
  return [aSession({ timeMs: at(-600) }), ...ticks.flat()];
}

const settle = () => sleep(100);

async function settled(isSo: () => boolean): Promise<void> {
  await eventually(String(isSo), isSo);
  await settle();
}

describe('a partition whose results are written while the fold goes on', () => {
  it('reads on while the store is slow, and commits nothing that is not durable', async () => {
    const it = partition(seconds(6));
    await settled(() => it.read() === 13);
    expect(it.writes.length).toBe(4);
    expect(it.events).toEqual(['commit 1']);
    it.writes[1]?.done();
    it.writes[2]?.done();
    await settle();
    expect(it.events).toEqual(['commit 1']);
    it.writes[0]?.done();
    await settle();
    const committed = it.events.filter(event => event.startsWith('commit')).map(event => Number(event.slice(7)));
    expect(committed.at(-1)).toBeGreaterThan(1);
    expect(committed.at(-1)).toBeLessThan(13);
    it.letWrites();
    it.stop();
    await it.running;
    expect(it.events.slice(-3)).toEqual(['snapshot 13', 'commit 13', 'release']);
  });

  it('takes a snapshot of the state as it was, once all before it is durable, while the fold goes on', async () => {
    const it = partition(seconds(6), { snapshotRecords: 5 });
    await settled(() => it.read() > 5);
    expect(it.snapshots).toEqual([]);
    it.letWrites();
    await settled(() => it.read() === 13);
    expect(it.snapshots.map(snapshot => snapshot.nextOffset)).toEqual([5, 10]);
    it.stop();
    await it.running;
    expect(it.snapshots.map(snapshot => snapshot.nextOffset)).toEqual([5, 10, 13]);
    const versions = it.snapshots.map(snapshot => snapshot.versionUs);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  it('waits with a snapshot while others fill the room for them, at the end and when it is far behind, but not once it is lost', async () => {
    const bytes = 2 ** 24;
    await snapshotRoom.take(bytes, new AbortController().signal);
    const stopped = partition(seconds(1));
    const behind = partition(seconds(1), { snapshotRecords: 1 });
    for (const it of [stopped, behind]) it.letWrites();
    await settled(() => stopped.read() === 3);
    stopped.stop();
    await settle();
    expect([behind.read(), stopped.snapshots, behind.snapshots]).toEqual([2, [], []]);
    behind.lose();
    await behind.running;
    expect(behind.events.at(-1)).toBe('release');
    snapshotRoom.give(bytes);
    await stopped.running;
    expect(stopped.events.slice(-3)).toEqual(['snapshot 3', 'commit 3', 'release']);
    expect(snapshotRoom.tryTake(bytes)).toBe(true);
    snapshotRoom.give(bytes);
  });

  it('publishes the bars of a symbol in their order, also where flushes of several parts are under way together', async () => {
    const symbols = Array.from({ length: 2_500 }, (_, index) => `S${index}`);
    const ofSecond = (second: number, of: readonly string[]) => [
      ...of.map((symbol, index) => aTick({ symbol, timeMs: at(second * 10), sequence: second * 10_000 + index + 1 })),
      aHeartbeat({ timeMs: at(second * 10 + 9) }),
    ];
    const laterSeconds = [2, 3, 4].flatMap(second => ofSecond(second, symbols.slice(-2)));
    const records = [aSession({ timeMs: at(-600), symbols }), ...ofSecond(1, symbols), ...laterSeconds];
    const published: { symbol: string; startMs: number }[] = [];
    const log = {
      offsets: async () => [{ partition: 0, lowOffset: 0, highWatermark: records.length }],
      appendBlocks: async (blocks: Parameters<MarketLog['appendBlocks']>[0]) => {
        for (const block of blocks) {
          for (const cursor = block.cursor(); cursor.next(); )
            published.push(JSON.parse(Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString()));
        }
        await sleep(300);
      },
    } as unknown as MarketLog;
    const fold = { partition: 0, partitions: 1, intervals: ['1s'], allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 } as const;
    const it = partition(records, { log, fold, storeTicks: false, barPartitions: 1, maxPendingBytes: 2 ** 30 });
    it.letWrites();
    await settled(() => it.read() === records.length);
    it.stop();
    await it.running;
    expect(published).toHaveLength(2_506);
    const before = new Map<string, number>();
    for (const { symbol, startMs } of published) {
      expect(startMs).toBeGreaterThan(before.get(symbol) ?? 0);
      before.set(symbol, startMs);
    }
  });

  it('stops reading when more than the bound is not durable, and drops nothing', async () => {
    const it = partition(seconds(200), { maxPendingBytes: 20_000 });
    await settled(() => it.read() > 10);
    const before = it.read();
    expect(before).toBeLessThan(60);
    await settle();
    expect(it.read()).toBe(before);
    const first = it.writes.flatMap(({ batch }) => [...batch.bars].filter(bar => bar.interval === '1s').length);
    it.letWrites();
    await settled(() => it.read() >= 401);
    it.stop();
    await it.running;
    expect(first.length).toBeGreaterThan(0);
    expect(it.published.filter(({ value }) => value.interval === '1s').map(({ value }) => value.open)).toEqual(
      Array.from({ length: 200 }, (_, i) => 100 + i),
    );
    expect(it.events.slice(-3)).toEqual(['snapshot 401', 'commit 401', 'release']);
  });

  it('commits and saves nothing of a partition that was lost, and lets it go at once', async () => {
    const it = partition(seconds(6), { snapshotRecords: 5 });
    await settled(() => it.read() > 5);
    it.lose();
    await it.running;
    it.letWrites();
    await settle();
    expect(it.events).toEqual(['commit 1', 'release']);
    expect(it.snapshots).toEqual([]);
  });

  it('writes again what the store refused for a while', async () => {
    const it = partition(seconds(1));
    await settled(() => it.read() === 3 && it.writes.length > 0);
    const [first] = it.writes;
    first?.fail(lost);
    await settled(() => it.writes.filter(({ batch }) => batch === first?.batch).length === 2);
    it.letWrites();
    it.stop();
    await it.running;
    expect(it.events.slice(-3)).toEqual(['snapshot 3', 'commit 3', 'release']);
  });

  it('ends with what no repetition helps against, and commits nothing of it', async () => {
    const it = partition(seconds(6));
    await settled(() => it.read() === 13);
    it.writes[0]?.fail(new TypeError('no such column'));
    await expect(it.running).rejects.toThrow('no such column');
    expect(it.events).toEqual(['commit 1', 'release']);
    expect(it.snapshots).toEqual([]);
  });

  it('takes a flood of poison in pieces, and the good record behind it comes through', async () => {
    const letter = 'x'.repeat(20_000);
    const it = partition([aSession({ timeMs: at(-600) }), ...Array(300).fill(letter), ...seconds(1).slice(1)], {
      maxPendingBytes: 500_000,
    });
    it.letWrites();
    await settled(() => it.read() >= 303);
    it.stop();
    await it.running;
    const letters = it.published.filter(record => record.topic === 'market-data.dead-letter');
    expect(letters.map(({ value }) => [value.reason, value.origin])).toEqual(
      Array.from({ length: 300 }, (_, i) => ['malformed', `market-data.feed/0@${i + 1}`]),
    );
    expect(it.published.filter(record => record.topic === 'market-data.bars').map(({ value }) => value.open)).toEqual([100]);
    expect(it.events.slice(-3)).toEqual(['snapshot 303', 'commit 303', 'release']);
  });
});
