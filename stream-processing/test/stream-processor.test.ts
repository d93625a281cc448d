import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';
import { topics } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { JoinRequest, MarketLog } from '@tapeline/log/market-log';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runStreamProcessor, type StreamProcessorOptions } from '../src/stream-processor.ts';
import { aHeartbeat, aSession, aTick, at } from './support/builders.ts';

const partitions = 2;
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

interface Bench {
  readonly log: MarketLog;
  readonly store: MarketStore;
  append(...records: readonly FeedRecord[]): Promise<void>;
  /** Runs a processor until `isDone`, then stops it cleanly. */
  process(isDone: () => Promise<boolean>, options?: Partial<StreamProcessorOptions>): Promise<Registry>;
  deadLetters(): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

async function bench(directory = temporaryFolder('processor')): Promise<Bench> {
  const log = await openEmbeddedLog({ directory, logger });
  await log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? partitions })));
  const store = openSqliteStore({ dataDir: directory, logger, registry: new Registry() });
  await store.migrate();
  return {
    log,
    store,
    append: async (...records) => {
      for (const record of records) {
        const key = recordKey(record);
        const targets = key === undefined ? [0, 1] : [partitionOf(key, partitions)];
        await log.append(targets.map(partition => ({ topic: 'market-data.feed', partition, key, value: encodeRecord(record) })));
      }
    },
    process: async (isDone, options = {}) => {
      const stop = new AbortController();
      const registry = new Registry();
      const running = runStreamProcessor({
        log,
        store,
        group: 'stream-processor',
        intervals: ['1s', '1m'],
        allowedLatenessMs: 2_000,
        correctionHorizonMs: 60_000,
        snapshotIntervalMs: 60_000,
        signal: stop.signal,
        registry,
        logger,
        ...options,
      });
      const failed = running.then(() => false);
      await eventually('the processor gets there', () => Promise.race([failed, isDone()]));
      stop.abort();
      await running;
      return registry;
    },
    deadLetters: async () => {
      const letters: Record<string, unknown>[] = [];
      const [range] = await log.offsets('market-data.dead-letter');
      if (range === undefined || range.highWatermark === 0) return [];
      for await (const batch of log.read({
        topic: 'market-data.dead-letter',
        partition: 0,
        fromOffset: 0,
        toOffset: range.highWatermark,
      })) {
        for (const record of batch.records) letters.push(JSON.parse(Buffer.from(record.value ?? []).toString()));
      }
      return letters;
    },
    close: async () => {
      await log.close();
      await store.close();
    },
  };
}

const day = { fromMs: at(-3_600), toMs: at(3_600) };

async function minutesOf({ store }: Bench) {
  return store.bars({ symbol: 'BTC/USD', interval: '1m', ...day });
}

describe('a stream processor on the embedded log and SQLite', () => {
  it('warns once of each feed whose prices are refused, however many they are and wherever they stand', async () => {
    const it = await bench();
    await it.append(aSession({ timeMs: at(-600), symbols: ['BTC/USD', 'EUR/USD'] }));
    for (const feed of ['finnhub/0', 'yahoo/0']) {
      await it.append(aSession({ feed, timeMs: at(-500), symbols: ['AAPL'] }));
      for (const symbol of ['BTC/USD', 'EUR/USD']) {
        for (const sequence of [1, 2, 3]) await it.append(aTick({ feed, symbol, sequence, timeMs: at(sequence) }));
      }
    }
    expect(new Set(['BTC/USD', 'EUR/USD'].map(symbol => partitionOf(symbol, partitions))).size).toBe(2);
    const warnings: string[] = [];
    const hearing = pino({ level: 'warn' }, { write: (line: string) => warnings.push(JSON.parse(line).msg) });
    await it.process(async () => (await it.deadLetters()).length === 12, { logger: hearing });
    expect(warnings.toSorted()).toEqual([
      expect.stringMatching(/^prices of finnhub\/0 are refused from here on \(feed: (BTC|EUR)\/USD belongs to twelve-data\/0\), said once/),
      expect.stringMatching(/^prices of yahoo\/0 are refused from here on/),
    ]);
    await it.close();
  });

  it('makes bars, ticks and gaps durable and goes on after a clean stop where it stopped', async () => {
    const it = await bench();
    await it.append(aSession({ timeMs: at(-600) }), aTick({ timeMs: at(1), price: 100 }), aTick({ timeMs: at(30), price: 102 }));
    await it.process(async () => (await it.store.ticks({ symbol: 'BTC/USD', ...day })).length === 2);
    expect(await minutesOf(it)).toEqual([]);
    await it.append(aTick({ timeMs: at(59), price: 101 }), aHeartbeat({ timeMs: at(62) }), aSession({ timeMs: at(70), session: 2 }));
    const registry = await it.process(async () => (await it.store.gaps(day)).length === 1);
    expect(await minutesOf(it)).toMatchObject([
      { open: 100, high: 102, close: 101, tickCount: 3, state: 'final', revision: 1, flags: ['gap'] },
    ]);
    expect(await it.store.latest()).toMatchObject([{ symbol: 'BTC/USD', price: 101 }]);
    expect(await registry.metrics()).toMatch(/tapeline_stream_processor_records_total 5/);
    await it.close();
  });

  it('goes on after a last price that was sent again on a new session and a record that was written twice, and counts them', async () => {
    const it = await bench();
    const last = aTick({ timeMs: at(1) });
    const resent = { ...last, session: 2, sequence: 1, receivedTimeMs: at(10) };
    const next = aTick({ timeMs: at(11), session: 2, sequence: 2, price: 103 });
    await it.append(aSession({ timeMs: at(-600) }), last, aSession({ timeMs: at(10), session: 2 }), resent, next, next);
    await it.append(aHeartbeat({ timeMs: at(62), session: 2 }));
    const registry = await it.process(async () => (await minutesOf(it)).length === 1);
    expect(await minutesOf(it)).toMatchObject([{ open: 100, close: 103, tickCount: 2 }]);
    const metrics = await registry.metrics();
    expect(metrics).toMatch(/tapeline_stream_processor_ticks_repeated_total\{why="resent"\} 1/);
    expect(metrics).toMatch(/tapeline_stream_processor_ticks_repeated_total\{why="duplicate"\} 1/);
    await it.close();
  });

  it('gives the same rows when it is killed between its results and its snapshot', async () => {
    const it = await bench();
    await it.append(
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), dayVolume: 5 }),
      aTick({ timeMs: at(30), dayVolume: 9 }),
      aHeartbeat({ timeMs: at(62) }),
    );
    const lossy: MarketStore = Object.assign(Object.create(it.store) as MarketStore, {
      saveSnapshot: async () => undefined,
      loadSnapshot: (key: never) => it.store.loadSnapshot(key),
      write: (batch: never) => it.store.write(batch),
    });
    await it.process(async () => (await minutesOf(it)).length === 1, { store: lossy });
    const first = [await minutesOf(it), await it.store.ticks({ symbol: 'BTC/USD', ...day }), await it.store.latest()];
    const registry = await it.process(async () => (await it.log.offsets('market-data.bars')).some(range => range.highWatermark >= 6));
    expect([await minutesOf(it), await it.store.ticks({ symbol: 'BTC/USD', ...day }), await it.store.latest()]).toEqual(first);
    expect(await registry.metrics()).toMatch(/tapeline_stream_processor_ticks_total 2/);
    await it.close();
  });

  it('tells a lag of the watermark that grows while no record comes and while the store takes nothing', async () => {
    const it = await bench();
    await it.append(aSession({ timeMs: at(-600) }), aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    const lagOf = async (registry: Registry) =>
      (await registry.getSingleMetric('tapeline_stream_processor_watermark_lag_seconds')?.get())?.values[0]?.value;
    const grows = async (store: MarketStore) => {
      const registry = new Registry();
      let first: number | undefined;
      const hasGrown = async () => {
        const lag = await lagOf(registry);
        first ??= lag;
        return lag !== undefined && first !== undefined && lag > first + 1;
      };
      await it.process(hasGrown, { store, registry });
    };
    await grows(it.store);
    const away: MarketStore = Object.assign(Object.create(it.store) as MarketStore, {
      loadSnapshot: (key: never) => it.store.loadSnapshot(key),
      saveSnapshot: (key: never, snapshot: never) => it.store.saveSnapshot(key, snapshot),
      write: () => Promise.reject(new PipelineError('store.unavailable', 'the store is away', { retriable: true })),
    });
    await it.append(aTick({ timeMs: at(70) }));
    await expect(grows(away)).rejects.toThrow('the store is away');
    await it.close();
  });

  it('owns nothing that it could tell of from the loss of its group until it is a member again', async () => {
    const it = await bench();
    await it.append(aSession({ timeMs: at(-600) }), aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    let request: JoinRequest | undefined;
    const log: MarketLog = Object.assign(Object.create(it.log) as MarketLog, {
      partitionCount: (topic: string) => it.log.partitionCount(topic),
      offsets: (topic: string) => it.log.offsets(topic),
      appendBlocks: (blocks: never) => it.log.appendBlocks(blocks),
      join: (asked: JoinRequest) => {
        request = asked;
        return it.log.join(asked);
      },
    });
    const told: (readonly number[] | undefined)[] = [];
    const isDone = async () => told.at(-1)?.length === 2 && (await minutesOf(it)).length === 1;
    const lostAndFound = async () => {
      if (!(await isDone())) return false;
      request?.onLost?.();
      expect(told.at(-1)).toBeUndefined();
      request?.onAssigned?.();
      return true;
    };
    await it.process(lostAndFound, { log, onPartitions: owned => told.push(owned) });
    expect(told[0]).toEqual([]);
    expect(told.filter(owned => owned === undefined)).toHaveLength(1);
    await it.close();
  });

  it('sends poison to the dead letters with reason and origin, and the partition goes on', async () => {
    const it = await bench();
    const partition = partitionOf('BTC/USD', partitions);
    await it.append(aSession({ timeMs: at(-600) }));
    for (const poison of ['{"v":1,"kind":"tick"', '{"v":1,"kind":"tick","price":"12"}', 'null', '']) {
      await it.log.append([{ topic: 'market-data.feed', partition, value: Buffer.from(poison) }]);
    }
    await it.append(aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    const registry = await it.process(async () => (await minutesOf(it)).length === 1);
    expect(await it.deadLetters()).toMatchObject([
      { reason: 'malformed', origin: `market-data.feed/${partition}@1`, value: '{"v":1,"kind":"tick"' },
      { reason: 'malformed', origin: `market-data.feed/${partition}@2`, detail: expect.stringContaining('price: ') },
      { reason: 'malformed', origin: `market-data.feed/${partition}@3` },
      { reason: 'malformed', origin: `market-data.feed/${partition}@4` },
    ]);
    expect(await registry.metrics()).toMatch(/tapeline_stream_processor_dead_letters_total\{reason="malformed"\} 4/);
    await it.close();
  });

  it('pauses a partition at a record of a newer format, with all before it durable', async () => {
    const it = await bench();
    const partition = partitionOf('BTC/USD', partitions);
    await it.append(aSession({ timeMs: at(-600) }), aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    await it.log.append([{ topic: 'market-data.feed', partition, value: Buffer.from('{"v":2,"kind":"tick"}') }]);
    await it.append(aTick({ timeMs: at(70) }));
    let paused = '';
    const registry = new Registry();
    await it.process(
      async () => {
        paused = (await registry.getSingleMetricAsString('tapeline_stream_processor_paused_partitions').catch(() => '')) ?? '';
        return (await minutesOf(it)).length === 1 && / 1$/.test(paused.trim());
      },
      { registry },
    );
    expect(await it.store.ticks({ symbol: 'BTC/USD', ...day })).toHaveLength(1);
    expect((await it.store.loadSnapshot({ consumerGroup: 'stream-processor', topic: 'market-data.feed', partition }))?.nextOffset).toBe(3);
    await it.close();
  });

  it('waits for a store that is away, loses nothing, and says when it goes on', async () => {
    const it = await bench();
    await it.append(aSession({ timeMs: at(-600) }), aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    let refusals = 3;
    const flaky: MarketStore = Object.assign(Object.create(it.store) as MarketStore, {
      loadSnapshot: (key: never) => it.store.loadSnapshot(key),
      saveSnapshot: (key: never, snapshot: never) => it.store.saveSnapshot(key, snapshot),
      write: async (batch: never) => {
        refusals -= 1;
        if (refusals >= 0) throw new PipelineError('store.unavailable', 'no host answers', { retriable: true });
        await it.store.write(batch);
      },
    });
    const lines: string[] = [];
    const hearing = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
    const registry = await it.process(async () => (await minutesOf(it)).length === 1, { store: flaky, logger: hearing });
    const partition = partitionOf('BTC/USD', partitions);
    expect(lines).toContain(`writing results: no host answers; trying again, partition ${partition} waits`);
    expect(lines).toContainEqual(expect.stringMatching(/^writing results: done at last after \d s, all partitions go on$/));
    expect(await registry.metrics()).toMatch(/tapeline_stream_processor_sink_retries_total 3/);
    await it.close();
  });

  it('refuses a snapshot that belongs to another log, with the remedy', async () => {
    const it = await bench();
    const key = { consumerGroup: 'stream-processor', topic: 'market-data.feed', partition: 0 };
    await it.store.saveSnapshot(key, { nextOffset: 900, versionUs: 1, formatVersion: 1, state: new Uint8Array([1]) });
    await expect(it.process(async () => false)).rejects.toThrow(
      /goes on at offset 900, but the log ends at 0: this store belongs to another log/,
    );
    await it.close();
  });
});
