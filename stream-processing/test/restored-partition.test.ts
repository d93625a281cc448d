import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic, topics } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { JoinRequest, MarketLog, ReadRequest } from '@tapeline/log/market-log';
import type { RecordBlock } from '@tapeline/log/record-block';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { HotFold } from '../src/hot/hot-fold.ts';
import { snapshotHeader } from '../src/hot/hot-snapshot.ts';
import { runStreamProcessor, type StreamProcessorOptions } from '../src/stream-processor.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const key = { consumerGroup: 'processors', topic: feedTopic.name, partition: 0 };
const retentionMs = 100_000;

let nowMs = 0;
let store: MarketStore;
const logs: MarketLog[] = [];
beforeEach(async () => {
  store = openSqliteStore({ dataDir: temporaryFolder('restored'), logger, registry: new Registry() });
  await store.migrate();
});
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
  await store.close();
});

/** Another log with each call, as if its topics had been made anew. */
async function aLog(...records: readonly FeedRecord[]): Promise<MarketLog> {
  const log = await openEmbeddedLog({ directory: temporaryFolder('log'), logger, now: () => nowMs, retentionIntervalMs: 20 });
  await log.ensureTopics(topics.map(({ name, partitions = 1 }) => ({ name, partitions, retentionMs })));
  logs.push(log);
  await append(log, records);
  return log;
}

const append = (log: MarketLog, records: readonly FeedRecord[]) =>
  log.append(records.map(record => ({ topic: feedTopic.name, partition: 0, value: encodeRecord(record) })));

/** Runs a processor until it has saved all that is in the log. @throws what ends it */
async function process(log: MarketLog, options: Partial<StreamProcessorOptions> = {}): Promise<void> {
  const stop = new AbortController();
  const running = runStreamProcessor({
    log,
    store,
    group: key.consumerGroup,
    intervals: foldOptions.intervals,
    allowedLatenessMs: foldOptions.allowedLatenessMs,
    correctionHorizonMs: foldOptions.correctionHorizonMs,
    snapshotIntervalMs: 60_000,
    signal: stop.signal,
    registry: new Registry(),
    logger,
    ...options,
  });
  const failed = running.then(() => false);
  const consumerGroup = options.group ?? key.consumerGroup;
  await eventually('all is saved', () => Promise.race([failed, isSaved(log, consumerGroup)]));
  stop.abort();
  await running;
}

async function isSaved(log: MarketLog, consumerGroup: string): Promise<boolean> {
  const [range] = await log.offsets(feedTopic.name);
  return (await store.loadSnapshot({ ...key, consumerGroup }))?.nextOffset === range?.highWatermark;
}

const ticks = (session: number, fromSeconds: number, count: number) =>
  Array.from({ length: count }, (_, index) => aTick({ timeMs: at(fromSeconds + index), session, sequence: index + 1 }));
const first = [aSession({ timeMs: at(0) }), ...ticks(1, 1, 8), aHeartbeat({ timeMs: at(20) })];
const later = [aSession({ timeMs: at(1_000), session: 2 }), ...ticks(2, 1_001, 12), aHeartbeat({ timeMs: at(1_200), session: 2 })];

/** A log whose claims are read, while whoever looks at it before still sees the former one. */
function readFrom(log: MarketLog, former: MarketLog): MarketLog {
  return Object.assign(Object.create(log) as MarketLog, {
    partitionCount: (topic: string) => log.partitionCount(topic),
    offsets: (topic: string) => log.offsets(topic),
    read: (request: ReadRequest) => former.read(request),
    join: (request: JoinRequest) => log.join(request),
    appendBlocks: (blocks: readonly RecordBlock[]) => log.appendBlocks(blocks),
  });
}

/** Retention takes all that is in the log. */
async function forgetAll(log: MarketLog): Promise<void> {
  nowMs += 2 * retentionMs;
  await eventually('retention', async () => (await log.offsets(feedTopic.name)).every(range => range.lowOffset === range.highWatermark));
}

describe('a log that a snapshot was not made from', () => {
  it('is refused when it was made anew, also once it is as long as the former one', async () => {
    await process(await aLog(...first));
    await expect(process(await aLog(...later))).rejects.toThrow(
      'the snapshot of market-data.feed/0 goes on at offset 10, but at offset 9 stands another record than the one that it was made with: this store belongs to another log',
    );
    expect((await store.loadSnapshot(key))?.nextOffset).toBe(10);
    expect(await store.gaps({ fromMs: 0, toMs: at(9_999) })).toEqual([]);
  });

  it('is refused when it has lost its last record and has grown again', async () => {
    await process(await aLog(...first));
    await expect(process(await aLog(...first.slice(0, -1), ...later))).rejects.toMatchObject({ code: 'snapshot.invalid' });
  });

  it('is refused when that happens right before the first record is read', async () => {
    const log = await aLog(...first);
    await process(log);
    const cut = await aLog(...first.slice(0, -1), ...later);
    await expect(process(readFrom(cut, log))).rejects.toMatchObject({ code: 'snapshot.invalid' });
    expect((await store.loadSnapshot(key))?.nextOffset).toBe(10);
  });
});

describe('a log that goes on', () => {
  it('is taken when it is a copy of the former one', async () => {
    await process(await aLog(...first));
    await process(await aLog(...first, ...later));
    expect(await store.gaps({ fromMs: 0, toMs: at(9_999) })).toHaveLength(1);
  });

  it('is taken when retention has deleted the record that would be looked for', async () => {
    const log = await aLog(...first);
    await process(log);
    await forgetAll(log);
    await append(log, later);
    await process(log);
    expect(await store.gaps({ fromMs: 0, toMs: at(9_999) })).toHaveLength(1);
  });

  it('is taken with the snapshot of a former program, which remembers no record', async () => {
    await process(await aLog(...first));
    const saved = await store.loadSnapshot(key);
    const state = HotFold.decode(saved?.state ?? new Uint8Array(), foldOptions).encode();
    expect(snapshotHeader(state).lastRecord).toBeUndefined();
    await store.saveSnapshot(key, { nextOffset: 10, formatVersion: 3, versionUs: (saved?.versionUs ?? 0) + 1, state });
    await process(await aLog(...later));
    expect((await store.loadSnapshot(key))?.nextOffset).toBe(14);
  });
});

describe('a partition without a snapshot, whose log has lost its first records', () => {
  it('is refused where its tables have results of another group', async () => {
    const log = await aLog(...first);
    await process(log);
    await forgetAll(log);
    await append(log, later);
    await expect(process(log, { group: 'others' })).rejects.toThrow(
      'there is no snapshot of market-data.feed/0 for group others, but there are results of it, and the log begins at 10: go back to the former KAFKA_GROUP',
    );
    await process(log);
  });

  it('begins in a new store, and goes on there when it was killed before its first snapshot', async () => {
    const log = await aLog(...first);
    await forgetAll(log);
    await append(log, later);
    const killed: MarketStore = Object.assign(Object.create(store) as MarketStore, {
      loadSnapshot: (of: never) => store.loadSnapshot(of),
      saveSnapshot: (of: never, snapshot: never) => store.saveSnapshot(of, snapshot),
      latest: () => store.latest(),
      write: async (batch: never) => {
        await store.write(batch);
        throw new PipelineError('store.unavailable', 'killed', { retriable: false });
      },
    });
    await expect(process(log, { store: killed })).rejects.toThrow('killed');
    expect(await store.latest()).toHaveLength(1);
    await process(log);
    expect((await store.loadSnapshot(key))?.nextOffset).toBe(24);
  });
});

it('ends when its topic has got more partitions since it began, and folds nothing of the new one', async () => {
  const log = await openEmbeddedLog({ directory: temporaryFolder('log'), logger });
  logs.push(log);
  await log.ensureTopics(topics.map(({ name, partitions = 2 }) => ({ name, partitions })));
  await append(log, first);
  await log.append([{ topic: feedTopic.name, partition: 1, value: encodeRecord(first[0] as FeedRecord) }]);
  const asItBegan: MarketLog = Object.assign(Object.create(log) as MarketLog, {
    partitionCount: async () => 1,
    offsets: (topic: string) => log.offsets(topic),
    join: (request: never) => log.join(request),
    read: (request: never) => log.read(request),
    appendBlocks: (blocks: never) => log.appendBlocks(blocks),
  });
  await expect(process(asItBegan)).rejects.toThrow(/has got a partition 1, but it had 1 partition when this process began/);
  expect(await store.loadSnapshot({ ...key, partition: 1 })).toBeUndefined();
});
