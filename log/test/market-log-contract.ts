/** What every log does, whichever part is behind the contract: `market-log.ts` as facts. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasCode } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { LogBatch, MarketLog } from '../src/market-log.ts';
import { describeBlocks } from './block-contract.ts';
import { describeGroups } from './group-contract.ts';
import { aGroup, aTopic, aTopicName, joinGroup, records, someEntries, take, textOf, texts } from './support/log-reading.ts';

export interface OpenedLog {
  readonly log: MarketLog;
  /** Closes the log and opens it again where it was. */
  reopen(): Promise<MarketLog>;
  close(): Promise<void>;
}

/** Describes the contract; `open` gives a log that the tests may fill. */
export function describeMarketLogContract(name: string, open: () => Promise<OpenedLog>): void {
  describe(name, () => {
    let opened: OpenedLog;
    let log: MarketLog;
    beforeAll(async () => {
      opened = await open();
      log = opened.log;
    }, 60_000);
    afterAll(async () => opened.close(), 60_000);

    describe('topics', () => {
      it('creates a topic with its partitions, empty', async () => {
        const topic = await aTopic(log, 3);
        expect(await log.partitionCount(topic)).toBe(3);
        expect(await log.offsets(topic)).toEqual([
          { partition: 0, lowOffset: 0, highWatermark: 0 },
          { partition: 1, lowOffset: 0, highWatermark: 0 },
          { partition: 2, lowOffset: 0, highWatermark: 0 },
        ]);
      });

      it('leaves a topic that exists as it is', async () => {
        const topic = await aTopic(log, 2);
        await log.ensureTopics([{ name: topic, partitions: 5, retentionMs: 1_000 }]);
        expect(await log.partitionCount(topic)).toBe(2);
      });

      it('says that a topic does not exist', async () => {
        const missing = aTopicName();
        await expect(log.partitionCount(missing)).rejects.toMatchObject({ code: 'log.unavailable' });
        await expect(log.append(someEntries(missing, 0, 0, 1))).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
        await expect(take(log.read({ topic: missing, partition: 0, fromOffset: 0 }), 1)).rejects.toMatchObject({ code: 'log.unavailable' });
      });

      it('refuses an append to a partition that does not exist, and writes none of it', async () => {
        const topic = await aTopic(log, 1);
        const entries = [...someEntries(topic, 0, 0, 1), ...someEntries(topic, 7, 0, 1)];
        await expect(log.append(entries)).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
        expect((await log.offsets(topic))[0]).toEqual({ partition: 0, lowOffset: 0, highWatermark: 0 });
      });
    });

    describe('append and read', () => {
      it('keeps the order of each partition, also across calls that were not waited for', async () => {
        const topic = await aTopic(log, 2);
        const calls = Array.from({ length: 20 }, (_, call) => [
          ...someEntries(topic, 0, call * 10, 10),
          ...someEntries(topic, 1, call * 5, 5),
        ]);
        await Promise.all(calls.map(entries => log.append(entries)));
        const first = await texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 200 }));
        const second = await texts(log.read({ topic, partition: 1, fromOffset: 0, toOffset: 100 }));
        expect(first).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
        expect(second).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
      });

      it('gives offsets from 0, the topic, the partition and the end of the log', async () => {
        const topic = await aTopic(log, 2);
        await log.append(someEntries(topic, 1, 0, 3));
        const batches: LogBatch[] = [];
        for await (const given of log.read({ topic, partition: 1, fromOffset: 0, toOffset: 3 })) batches.push(given);
        const [batch] = batches;
        expect(batch).toMatchObject({ topic, partition: 1, highWatermark: 3 });
        expect(batch?.records.map(record => record.offset)).toEqual([0, 1, 2]);
        expect(await log.offsets(topic)).toEqual([
          { partition: 0, lowOffset: 0, highWatermark: 0 },
          { partition: 1, lowOffset: 0, highWatermark: 3 },
        ]);
      });

      it('keeps keys and values byte for byte, an empty value and an absent key included', async () => {
        const topic = await aTopic(log);
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
        await log.append([
          { topic, partition: 0, key: 'BTC/USD', value: bytes },
          { topic, partition: 0, key: 'žluť/€😀', value: Buffer.alloc(0) },
          { topic, partition: 0, value: Buffer.from('x') },
        ]);
        const [first, second, third] = await records(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 3 }));
        expect(Buffer.from(first?.key ?? []).toString()).toBe('BTC/USD');
        expect(Buffer.from(first?.value ?? [])).toEqual(bytes);
        expect(Buffer.from(second?.key ?? []).toString()).toBe('žluť/€😀');
        expect(second?.value).toHaveLength(0);
        expect(third?.key).toBeUndefined();
        expect(Buffer.from(third?.value ?? []).toString()).toBe('x');
      });

      it('takes 10,000 records in one append', async () => {
        const topic = await aTopic(log);
        const value = Buffer.alloc(200, 'x');
        await log.append(Array.from({ length: 10_000 }, (_, index) => ({ topic, partition: 0, key: String(index), value })));
        const all = await records(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 10_000 }));
        expect(all).toHaveLength(10_000);
        expect(all.every((record, index) => record.offset === index && Buffer.from(record.key ?? []).toString() === String(index))).toBe(
          true,
        );
      });

      it('takes values of 100 KB', async () => {
        const topic = await aTopic(log);
        const values = Array.from({ length: 30 }, (_, index) => Buffer.alloc(100_000, String.fromCharCode(97 + (index % 26))));
        await log.append(values.map(value => ({ topic, partition: 0, value })));
        const all = await records(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 30 }));
        expect(all.map(record => Buffer.compare(Buffer.from(record.value ?? []), values[record.offset] ?? Buffer.alloc(0)))).toEqual(
          Array.from({ length: 30 }, () => 0),
        );
      });

      it('takes an append of nothing', async () => {
        await expect(log.append([])).resolves.toBeUndefined();
      });

      it('starts where it is asked to and stops before toOffset', async () => {
        const topic = await aTopic(log);
        await log.append(someEntries(topic, 0, 0, 10));
        expect(await texts(log.read({ topic, partition: 0, fromOffset: 3, toOffset: 7 }))).toEqual(['3', '4', '5', '6']);
        expect(await texts(log.read({ topic, partition: 0, fromOffset: 10, toOffset: 10 }))).toEqual([]);
      });

      it('waits for what lies before toOffset and is not written yet', async () => {
        const topic = await aTopic(log);
        await log.append(someEntries(topic, 0, 0, 2));
        const reading = texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 4 }));
        await pause(100);
        await log.append(someEntries(topic, 0, 2, 3));
        expect(await reading).toEqual(['0', '1', '2', '3']);
      });

      it('follows the log', async () => {
        const topic = await aTopic(log);
        const reading = take(log.read({ topic, partition: 0, fromOffset: 0 }), 30);
        for (let from = 0; from < 30; from += 10) {
          await log.append(someEntries(topic, 0, from, 10));
          await pause(30);
        }
        expect((await reading).map(textOf)).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
      });

      it('ends a reading whose signal aborts, without an error', async () => {
        const topic = await aTopic(log);
        await log.append(someEntries(topic, 0, 0, 2));
        const stop = new AbortController();
        const reading = texts(log.read({ topic, partition: 0, fromOffset: 0, signal: stop.signal }));
        await pause(500);
        stop.abort();
        expect(await reading).toEqual(['0', '1']);
      });

      it('refuses an offset beyond the end and before the start', async () => {
        const topic = await aTopic(log);
        await log.append(someEntries(topic, 0, 0, 2));
        const beyond = texts(log.read({ topic, partition: 0, fromOffset: 3 }));
        await expect(beyond).rejects.toMatchObject({
          code: 'log.out-of-range',
          retriable: false,
          fields: { lowOffset: 0, highWatermark: 2 },
        });
        await expect(texts(log.read({ topic, partition: 0, fromOffset: -1 }))).rejects.toMatchObject({ code: 'log.out-of-range' });
      });
    });

    describeBlocks(() => log);
    describeGroups(() => log);

    describe('reopened', () => {
      it('has every record, offset and committed offset that it had', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        await log.append(someEntries(topic, 1, 0, 100));
        const member = joinGroup(log, topic, group);
        await (await member.claim(1)).commit(42);
        await member.leave();
        log = await opened.reopen();
        expect(await log.partitionCount(topic)).toBe(2);
        expect((await log.offsets(topic))[1]).toEqual({ partition: 1, lowOffset: 0, highWatermark: 100 });
        await log.append(someEntries(topic, 1, 100, 1));
        expect(await texts(log.read({ topic, partition: 1, fromOffset: 98, toOffset: 101 }))).toEqual(['98', '99', '100']);
        const next = joinGroup(log, topic, group);
        expect((await next.claim(1)).committedOffset).toBe(42);
        await next.leave();
      }, 60_000);

      it('ends readings and groups when it is closed, and takes nothing more', async () => {
        const topic = await aTopic(log);
        await log.append(someEntries(topic, 0, 0, 1));
        const closed = log;
        const reading = texts(closed.read({ topic, partition: 0, fromOffset: 0 }));
        await pause(500);
        log = await opened.reopen();
        expect(await reading).toEqual(['0']);
        const refused: unknown = await closed.append(someEntries(topic, 0, 1, 1)).catch((error: unknown) => error);
        expect(hasCode(refused, 'log.unavailable')).toBe(true);
      }, 60_000);
    });
  });
}
