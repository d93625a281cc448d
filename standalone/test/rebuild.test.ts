import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import { createLogger } from '@tapeline/core/logging';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, recordKey } from '@tapeline/core/records';
import { barsTopic, feedTopic, topics } from '@tapeline/core/topics';
import { Generations } from '@tapeline/database/generations';
import type { MarketStore } from '@tapeline/database/market-store';
import { ServingStore } from '@tapeline/database/serving-store';
import { sqliteGenerations } from '@tapeline/database/sqlite/sqlite-generations';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import { type RebuildOptions, rebuild } from '@tapeline/stream-processing/rebuild';
import { runServingProcessor } from '@tapeline/stream-processing/serving-processor';
import { Registry } from 'prom-client';
import { allTime, barName, storedBars } from '../../bench/src/stored-bars.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { replayOfLog } from './support/replay-of-log.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const partitions = 4;
const symbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'MSFT', 'EUR/USD'];
const beginMs = Date.UTC(2024, 10, 4, 10);
const feed = 'twelve-data/0';
const everything = { fromMs: 0, toMs: 8_640_000_000_000_000, limit: 1_000_000 };
const scratch = temporaryFolder('rebuild');
let folders = 0;

class Pipeline {
  readonly directory: string;
  readonly log: MarketLog;
  readonly generations: Generations;
  #second = 0;

  private constructor(directory: string, log: MarketLog) {
    this.directory = directory;
    this.log = log;
    this.generations = new Generations({ table: sqliteGenerations(directory), now: () => beginMs, leaveMs: 300 });
  }

  static async opened(): Promise<Pipeline> {
    folders += 1;
    const directory = join(scratch, `data-${folders}`);
    const log = await openEmbeddedLog({ directory, logger });
    await log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: topic.partitions ?? partitions })));
    const pipeline = new Pipeline(directory, log);
    const store = pipeline.openStore(1);
    await store.migrate();
    await store.close();
    await pipeline.append([{ v: 1, kind: 'session', feed, session: 1, symbols, refused: [], timeMs: beginMs - 1 }]);
    return pipeline;
  }

  readonly openStore = (generation: number): MarketStore =>
    openSqliteStore({ dataDir: this.directory, generation, logger, registry: new Registry() });

  /** Three ticks a symbol and a heartbeat for each second. */
  async tick(seconds: number): Promise<void> {
    for (const end = this.#second + seconds; this.#second < end; this.#second += 1) {
      const startMs = beginMs + this.#second * 1_000;
      const ticks = [100, 400, 700].flatMap((afterMs, index) =>
        symbols.map((symbol, at): FeedRecord => {
          const timeMs = startMs + afterMs;
          const sequence = (this.#second * 3 + index) * symbols.length + at + 1;
          const price = 100 + ((this.#second * 7 + index * 3 + at) % 11);
          const times = { timeMs, sourceTimeMs: startMs, receivedTimeMs: timeMs };
          const day = { tradingDay: '2024-11-04', tradingDayEndMs: Date.UTC(2024, 10, 5) };
          return { v: 1, kind: 'tick', feed, session: 1, sequence, symbol, price, ...times, ...day };
        }),
      );
      await this.append([...ticks, { v: 1, kind: 'heartbeat', feed, session: 1, connected: true, timeMs: startMs + 999 }]);
    }
  }

  async append(records: readonly FeedRecord[]): Promise<void> {
    const everywhere = Array.from({ length: partitions }, (_, partition) => partition);
    const entries = records.flatMap(record => {
      const key = recordKey(record);
      const targets = key === undefined ? everywhere : [partitionOf(key, partitions)];
      return targets.map(partition => ({ topic: feedTopic.name, partition, key, value: encodeRecord(record) }));
    });
    await this.log.append(entries);
  }

  /** Starts the processors; the function it gives stops them cleanly. */
  process(generations: Pick<Generations, 'serving'> = this.generations): () => Promise<void> {
    const stop = new AbortController();
    const running = runServingProcessor({
      log: this.log,
      generations,
      openStore: async generation => {
        const store = this.openStore(generation);
        await store.migrate();
        return store;
      },
      group: 'stream-processor',
      ...settings,
      lookIntervalMs: 50,
      signal: stop.signal,
      registry: new Registry(),
    });
    running.catch(() => undefined);
    return () => {
      stop.abort();
      return running;
    };
  }

  /** Ticks of ten seconds, and processors until their first bars are stored. */
  async processTenSeconds(): Promise<void> {
    await this.tick(10);
    const stop = this.process();
    await eventually('bars', async () => Object.keys(await this.barsOf(1)).length > 0);
    await stop();
  }

  rebuild(options: Partial<RebuildOptions> = {}) {
    const { log, generations, openStore } = this;
    const signal = new AbortController().signal;
    return rebuild({
      log,
      generations,
      openStore,
      group: 'stream-processor',
      ...settings,
      signal,
      switchReaders: true,
      by: 'ann',
      ...options,
    });
  }

  /** The log as retention leaves it. */
  forgetful(lowOffset: (range: PartitionOffsets) => number): MarketLog {
    return {
      ...{ partitionCount: topic => this.log.partitionCount(topic), read: request => this.log.read(request) },
      offsets: async topic => (await this.log.offsets(topic)).map(range => ({ ...range, lowOffset: lowOffset(range) })),
    } as Partial<MarketLog> as MarketLog;
  }

  async barsOf(generation: number): Promise<Readonly<Record<string, Bar>>> {
    const store = this.openStore(generation);
    const bars = await storedBars(store, symbols, () => allTime);
    await store.close();
    return Object.fromEntries(bars);
  }

  async replayed(): Promise<Readonly<Record<string, Bar>>> {
    return Object.fromEntries((await replayOfLog(this.log)).bars);
  }

  async published(): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    for (const { partition, highWatermark: toOffset } of await this.log.offsets(barsTopic.name)) {
      for await (const { records } of this.log.read({ topic: barsTopic.name, partition, fromOffset: 0, toOffset })) {
        for (const { value } of records) keys.add(barName(JSON.parse(Buffer.from(value ?? []).toString())));
      }
    }
    return keys;
  }
}

const settings = {
  intervals,
  allowedLatenessMs: 2_000,
  correctionHorizonMs: 60_000,
  snapshotIntervalMs: 200,
  logger,
} as const;

describe('a rebuild on the embedded log and SQLite', () => {
  it('makes the bars of a replay beside those that serve, switches under flowing ticks, and leaves no hole on the bars topic', async () => {
    const pipeline = await Pipeline.opened();
    const stop = pipeline.process();
    await pipeline.tick(90);
    await eventually('the first generation has bars', async () => Object.keys(await pipeline.barsOf(1)).length > 0);
    let isFlowing = true;
    const flowing = (async () => {
      while (isFlowing) {
        await pipeline.tick(1);
        await sleep(5);
      }
    })();
    const { outcome, generation } = await pipeline.rebuild();
    expect([outcome, generation]).toEqual(['switched', 2]);
    await sleep(500);
    isFlowing = false;
    await flowing;
    await eventually(
      'generation 2 is up to date',
      async () => Object.keys(await pipeline.barsOf(2)).length === Object.keys(await pipeline.replayed()).length,
    );
    await stop();
    const replayed = await pipeline.replayed();
    const [first, second] = [await pipeline.barsOf(1), await pipeline.barsOf(2)];
    expect(second).toEqual(replayed);
    expect(Object.keys(first).length).toBeGreaterThan(300);
    expect(Object.keys(first).length).toBeLessThan(Object.keys(second).length);
    const published = await pipeline.published();
    expect(Object.keys(replayed).filter(key => !published.has(key))).toEqual([]);
    await pipeline.log.close();
  }, 60_000);

  it('goes on after an interruption where it was, and publishes nothing', async () => {
    const pipeline = await Pipeline.opened();
    await pipeline.tick(150);
    const stop = pipeline.process();
    const ends = (await pipeline.log.offsets(feedTopic.name)).map(range => range.highWatermark);
    const store = pipeline.openStore(1);
    const savedAll = async () => {
      for (const [partition, end] of ends.entries()) {
        const saved = await store.loadSnapshot({ consumerGroup: 'stream-processor', topic: feedTopic.name, partition });
        if (saved?.nextOffset !== end) return false;
      }
      return true;
    };
    await eventually('all is processed and saved', () => savedAll().catch(() => false));
    await stop();
    await store.close();
    const published = (await pipeline.log.offsets(barsTopic.name)).map(range => range.highWatermark);
    const interrupt = new AbortController();
    const first = await pipeline.rebuild({
      signal: interrupt.signal,
      progress: ({ done }) => {
        if (done > 0) interrupt.abort();
      },
    });
    expect(first.outcome).toBe('interrupted');
    expect((await pipeline.generations.list()).map(({ generation, state }) => `${generation} ${state}`)).toEqual([
      '1 serving',
      '2 building',
    ]);
    const second = await pipeline.rebuild();
    expect(second).toMatchObject({ generation: 2, outcome: 'switched' });
    expect(first.records).toBeGreaterThan(0);
    expect(first.records + second.records).toBe(ends.reduce((sum, end) => sum + end, 0));
    expect(await pipeline.barsOf(2)).toEqual(await pipeline.replayed());
    expect((await pipeline.log.offsets(barsTopic.name)).map(range => range.highWatermark)).toEqual(published);
    await pipeline.log.close();
  }, 60_000);

  it('goes no further than what the processors that serve have saved', async () => {
    const pipeline = await Pipeline.opened();
    await pipeline.processTenSeconds();
    await pipeline.tick(30);
    await pipeline.rebuild({ switchReaders: false });
    const [old, young] = [pipeline.openStore(1), pipeline.openStore(2)];
    for (let partition = 0; partition < partitions; partition += 1) {
      const saved = await old.loadSnapshot({ consumerGroup: 'stream-processor', topic: feedTopic.name, partition });
      const rebuilt = await young.loadSnapshot({ consumerGroup: 'stream-processor', topic: feedTopic.name, partition });
      expect([saved?.nextOffset, rebuilt?.nextOffset === saved?.nextOffset]).toEqual([expect.any(Number), true]);
      expect(rebuilt?.state).toEqual(saved?.state);
    }
    await Promise.all([old.close(), young.close(), pipeline.log.close()]);
  }, 60_000);

  it('says what to do when what was begun has other settings', async () => {
    const pipeline = await Pipeline.opened();
    await pipeline.processTenSeconds();
    await pipeline.rebuild({ switchReaders: false });
    const other = pipeline.rebuild({ allowedLatenessMs: 5_000 });
    await expect(other).rejects.toMatchObject({ code: 'snapshot.invalid', message: expect.stringContaining('ALLOWED_LATENESS_MS=2000') });
    await expect(other).rejects.toThrow('first run tapeline generations --drop 2');
    await pipeline.generations.drop(2, 'ann');
    await pipeline.rebuild({ allowedLatenessMs: 5_000 });
    expect(await pipeline.generations.serving()).toMatchObject({ generation: 3 });
    await pipeline.log.close();
  }, 60_000);

  it('says what to do when the log has forgotten where the one that was begun goes on', async () => {
    const pipeline = await Pipeline.opened();
    await pipeline.processTenSeconds();
    await pipeline.rebuild({ switchReaders: false });
    await pipeline.tick(10);
    const log = pipeline.forgetful(({ highWatermark }) => highWatermark);
    const begunLongAgo = pipeline.rebuild({ log, shorter: true });
    await expect(begunLongAgo).rejects.toMatchObject({ code: 'snapshot.too-old' });
    await expect(begunLongAgo).rejects.toThrow('first run tapeline generations --drop 2');
    expect(await pipeline.generations.serving()).toMatchObject({ generation: 1 });
    await pipeline.generations.drop(2, 'ann');
    expect(await pipeline.rebuild({ log, shorter: true })).toMatchObject({ generation: 3, outcome: 'switched' });
    await pipeline.log.close();
  }, 60_000);

  it('switches readers that are at work, back too, and drops what does not serve', async () => {
    const pipeline = await Pipeline.opened();
    const stop = pipeline.process();
    await pipeline.tick(20);
    await eventually('bars', async () => Object.keys(await pipeline.barsOf(1)).length > 0);
    let switches = 0;
    const { generations, openStore: open } = pipeline;
    const reader = new ServingStore({ generations, open, logger, lookIntervalMs: 20, switched: () => (switches += 1) });
    const count = async () => (await reader.bars({ symbol: 'AAPL', interval: '1s', ...everything })).length;
    expect(await count()).toBeGreaterThan(0);
    await pipeline.rebuild({ switchReaders: false });
    await expect(generations.drop(1, 'ann')).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('it is serving') });
    await expect(generations.switchTo(3, 'ann')).rejects.toMatchObject({ code: 'usage' });
    await generations.switchTo(2, 'ann');
    await eventually('the reader goes over', () => switches === 1);
    await pipeline.tick(20);
    await eventually('the new bars are read', async () => (await count()) >= 36);
    await generations.switchTo(1, 'bob');
    await eventually('the reader goes back', () => switches === 2);
    await eventually('the old tables catch up', async () => (await count()) >= 36);
    await stop();
    expect(await pipeline.barsOf(1)).toEqual(await pipeline.replayed());
    expect(existsSync(join(pipeline.directory, 'market-g2.sqlite'))).toBe(true);
    await generations.drop(2, 'ann');
    expect(existsSync(join(pipeline.directory, 'market-g2.sqlite'))).toBe(false);
    expect((await generations.list()).map(({ generation, state, by }) => `${generation} ${state} ${by}`)).toEqual([
      '1 serving bob',
      '2 dropped ann',
    ]);
    expect((await pipeline.rebuild()).generation).toBe(3);
    await reader.close();
    await pipeline.log.close();
  }, 60_000);

  it('leaves the tables of another fold alone until those of its own serve', async () => {
    const pipeline = await Pipeline.opened();
    let foldVersion = 999;
    let generation = 7;
    const stop = pipeline.process({ serving: async () => ({ generation, foldVersion }) });
    await pipeline.tick(20);
    await sleep(300);
    expect(existsSync(join(pipeline.directory, 'market-g7.sqlite'))).toBe(false);
    [generation, foldVersion] = [8, 1];
    await eventually('it goes on', async () => Object.keys(await pipeline.barsOf(8).catch(() => ({}))).length > 0);
    await stop();
    await pipeline.log.close();
  }, 60_000);

  it('mends a store whose snapshot is broken: the processors read that partition after the switch', async () => {
    const pipeline = await Pipeline.opened();
    await pipeline.tick(30);
    const stop = pipeline.process();
    await eventually('bars', async () => Object.keys(await pipeline.barsOf(1)).length > 0);
    await stop();
    const database = new DatabaseSync(join(pipeline.directory, 'market.sqlite'));
    expect(database.prepare('UPDATE snapshots SET checksum = ? WHERE partition = 2').run('broken').changes).toBe(1);
    database.close();
    const failing = pipeline.process();
    await sleep(300);
    await expect(failing()).rejects.toMatchObject({ code: 'snapshot.invalid' });
    expect((await pipeline.rebuild()).outcome).toBe('switched');
    const mended = pipeline.process();
    await pipeline.tick(10);
    await eventually(
      'generation 2 is up to date',
      async () => Object.keys(await pipeline.barsOf(2)).length === Object.keys(await pipeline.replayed()).length,
    );
    await mended();
    expect(await pipeline.barsOf(2)).toEqual(await pipeline.replayed());
    await pipeline.log.close();
  }, 60_000);

  it('says what to do when the log was made anew under the one that serves, and does it', async () => {
    const pipeline = await Pipeline.opened();
    await pipeline.processTenSeconds();
    const other = await Pipeline.opened();
    await other.tick(1);
    const { log } = other;
    const refused = pipeline.rebuild({ log });
    await expect(refused).rejects.toMatchObject({ code: 'usage', message: expect.not.stringContaining('--drop') });
    await expect(refused).rejects.toThrow(
      /^generation 1, which serves, goes on at offset \d+ .* was made from another log; .* add --whole/,
    );
    expect(await pipeline.rebuild({ log, whole: true })).toMatchObject({ generation: 2, outcome: 'switched' });
    await pipeline.log.close();
    await log.close();
  }, 60_000);

  it('asks before it switches to less than there was', async () => {
    const pipeline = await Pipeline.opened();
    await expect(pipeline.rebuild({ log: pipeline.forgetful(() => 1) })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('add --shorter'),
    });
    expect((await pipeline.generations.list()).length).toBe(1);
    await pipeline.log.close();
  });
});
