/** What every log does, whichever part is behind the contract: `market-log.ts` as facts. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasCode } from '@tapeline/core/errors';
import type { Append, LogBatch, MarketLog } from '../src/market-log.ts';
import { RecordBlock } from '../src/record-block.ts';
import { aTopic, aTopicName, bufferedBytes, joinGroup, records, sleep, someEntries, take, textOf, texts } from './support/log-reading.ts';

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
        await sleep(100);
        await log.append(someEntries(topic, 0, 2, 3));
        expect(await reading).toEqual(['0', '1', '2', '3']);
      });

      it('follows the log', async () => {
        const topic = await aTopic(log);
        const reading = take(log.read({ topic, partition: 0, fromOffset: 0 }), 30);
        for (let from = 0; from < 30; from += 10) {
          await log.append(someEntries(topic, 0, from, 10));
          await sleep(30);
        }
        expect((await reading).map(textOf)).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
      });

      it('ends a reading whose signal aborts, without an error', async () => {
        const topic = await aTopic(log);
        await log.append(someEntries(topic, 0, 0, 2));
        const stop = new AbortController();
        const reading = texts(log.read({ topic, partition: 0, fromOffset: 0, signal: stop.signal }));
        await sleep(500);
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

    describe('blocks of records', () => {
      it('gives by cursor and as records what was appended: keys, tombstones, empty keys and values', async () => {
        const topic = await aTopic(log, 2);
        const block = new RecordBlock({ topic, partition: 1 });
        const bytes = Buffer.from('a key and a value');
        block.add(bytes.subarray(0, 5), bytes, 12, 17);
        block.add(undefined, bytes, 0, 1);
        block.add(Buffer.alloc(0), bytes, 3, 3);
        block.add(Buffer.from('gone'), bytes, -1, -1);
        await log.appendBlocks([block, new RecordBlock({ topic, partition: 0 })]);
        const batches: LogBatch[] = [];
        for await (const batch of log.read({ topic, partition: 1, fromOffset: 0, toOffset: 4 })) batches.push(batch);
        const expected = [
          [0, 'a key', 'value'],
          [1, undefined, 'a'],
          [2, '', ''],
          [3, 'gone', undefined],
        ];
        const listed = batches.flatMap(batch => batch.records.map(({ offset, key, value }) => [offset, shown(key), shown(value)]));
        expect(listed).toEqual(expected);
        expect(batches.flatMap(walk)).toEqual(expected);
        expect(batches.at(-1)?.lastOffset).toBe(3);
        expect((await log.offsets(topic))[0]?.highWatermark).toBe(0);
      });

      it('keeps the order of blocks and plain appends among each other', async () => {
        const topic = await aTopic(log);
        const calls: Promise<void>[] = [];
        for (let call = 0; call < 40; call += 1) {
          const entries = someEntries(topic, 0, call * 5, 5);
          calls.push(call % 2 === 0 ? log.append(entries) : log.appendBlocks([blockOf(topic, 0, entries)]));
        }
        await Promise.all(calls);
        const all = await texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 200 }));
        expect(all).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
      });

      it('takes 100,000 records in one block, and the block again when it was cleared', async () => {
        const topic = await aTopic(log);
        const block = new RecordBlock({ topic, partition: 0 });
        const value = Buffer.alloc(120, 'x');
        for (const round of [0, 1]) {
          block.clear();
          for (let index = 0; index < 100_000; index += 1) {
            value.writeUInt32BE(round * 100_000 + index, 0);
            block.add(undefined, value, 0, value.length);
          }
          await log.appendBlocks([block]);
        }
        const seen = new Uint8Array(200_000);
        for await (const batch of log.read({ topic, partition: 0, fromOffset: 0, toOffset: 200_000 })) {
          markNumbered(batch, seen);
          batch.release();
        }
        expect(seen.every(times => times === 1)).toBe(true);
      }, 60_000);

      it('overwrites no batch that was not released, whatever others release', async () => {
        const topic = await aTopic(log, 2);
        const value = Buffer.alloc(1_000);
        for (const partition of [0, 1]) {
          const block = new RecordBlock({ topic, partition });
          for (let index = 0; index < 8_000; index += 1) {
            value.fill(index % 251);
            block.add(undefined, value, 0, value.length);
          }
          await log.appendBlocks([block]);
        }
        const member = joinGroup(log, topic, aGroup());
        const [kept, released] = await Promise.all([member.claim(0), member.claim(1)]);
        const keeping = take(kept.read(0), 8_000);
        let count = 0;
        for await (const batch of released.read(0)) {
          expect(batch.records.every(({ offset, value }) => value?.every(byte => byte === offset % 251))).toBe(true);
          count += batch.records.length;
          batch.release();
          if (count === 8_000) break;
        }
        const all = await keeping;
        expect(all.every(({ offset, value }) => value?.length === 1_000 && value.every(byte => byte === offset % 251))).toBe(true);
        await member.leave();
      }, 60_000);

      it('begins and ends a batch where it is asked to, by cursor too', async () => {
        const topic = await aTopic(log);
        await log.appendBlocks([blockOf(topic, 0, someEntries(topic, 0, 0, 50))]);
        const batches: LogBatch[] = [];
        for await (const batch of log.read({ topic, partition: 0, fromOffset: 17, toOffset: 23 })) batches.push(batch);
        expect(batches.flatMap(walk).map(([offset]) => offset)).toEqual([17, 18, 19, 20, 21, 22]);
        expect(batches.at(-1)?.lastOffset).toBe(22);
      });

      it('refuses blocks for a partition that does not exist, and writes none of them', async () => {
        const topic = await aTopic(log);
        const blocks = [0, 7].map(partition => blockOf(topic, partition, someEntries(topic, partition, 0, 1)));
        await expect(log.appendBlocks(blocks)).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
        expect((await log.offsets(topic))[0]?.highWatermark).toBe(0);
      });

      it('takes an append of no blocks and of empty ones', async () => {
        const topic = await aTopic(log);
        await log.appendBlocks([]);
        await log.appendBlocks([new RecordBlock({ topic, partition: 0 })]);
      });
    });

    describe('groups', () => {
      it('gives every partition to the only member, with no committed offset at first', async () => {
        const topic = await aTopic(log, 3);
        const member = joinGroup(log, topic, aGroup());
        const claims = await Promise.all([member.claim(0), member.claim(1), member.claim(2)]);
        expect(claims.map(claim => [claim.topic, claim.partition, claim.committedOffset, claim.lost.aborted])).toEqual([
          [topic, 0, undefined, false],
          [topic, 1, undefined, false],
          [topic, 2, undefined, false],
        ]);
        await member.leave();
      });

      it('reads a claim from the offset that its owner names, and follows', async () => {
        const topic = await aTopic(log, 2);
        await log.append(someEntries(topic, 1, 0, 5));
        const member = joinGroup(log, topic, aGroup());
        const reading = take((await member.claim(1)).read(2), 5);
        await sleep(100);
        await log.append(someEntries(topic, 1, 5, 2));
        expect((await reading).map(record => record.offset)).toEqual([2, 3, 4, 5, 6]);
        await member.leave();
      });

      it('refuses to read a claim from an offset that the log does not have', async () => {
        const topic = await aTopic(log);
        const member = joinGroup(log, topic, aGroup());
        const reading = take((await member.claim(0)).read(5), 1);
        await expect(reading).rejects.toMatchObject({ code: 'log.out-of-range' });
        await member.leave();
      });

      it('gives the committed offset to the next member', async () => {
        const topic = await aTopic(log);
        const group = aGroup();
        await log.append(someEntries(topic, 0, 0, 9));
        const first = joinGroup(log, topic, group);
        const claim = await first.claim(0);
        await claim.commit(4);
        await claim.commit(7);
        await first.leave();
        const second = joinGroup(log, topic, group);
        expect((await second.claim(0)).committedOffset).toBe(7);
        await second.leave();
      });

      it('ends the reading of each claim when the member stops, and takes a last commit before the release', async () => {
        const topic = await aTopic(log, 2);
        const group = aGroup();
        await log.append(someEntries(topic, 0, 0, 3));
        const member = joinGroup(log, topic, group);
        const claim = await member.claim(0);
        const other = await member.claim(1);
        const readings = Promise.all([texts(claim.read(0)), texts(other.read(0))]);
        await sleep(700);
        member.stop();
        expect(await readings).toEqual([['0', '1', '2'], []]);
        expect(claim.lost.aborted).toBe(false);
        await claim.commit(3);
        await member.leave();
        const next = joinGroup(log, topic, group);
        expect((await next.claim(0)).committedOffset).toBe(3);
        await next.leave();
      });

      it('keeps memory bounded while an owner is slow, and loses nothing by it', async () => {
        const topic = await aTopic(log);
        for (let call = 0; call < 8; call += 1) {
          await log.append(Array.from({ length: 50 }, () => ({ topic, partition: 0, value: Buffer.alloc(100_000, 1) })));
        }
        const member = joinGroup(log, topic, aGroup(), 2_000_000);
        const claim = await member.claim(0);
        const before = bufferedBytes();
        let held = 0;
        let count = 0;
        for await (const batch of claim.read(0)) {
          if (count === 0) {
            await sleep(1_500);
            held = bufferedBytes() - before;
          }
          count += batch.records.length;
          if (count === 400) break;
        }
        expect(count).toBe(400);
        expect(held).toBeLessThan(12_000_000);
        await member.leave();
      }, 60_000);
    });

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
        await sleep(500);
        log = await opened.reopen();
        expect(await reading).toEqual(['0']);
        const refused: unknown = await closed.append(someEntries(topic, 0, 1, 1)).catch((error: unknown) => error);
        expect(hasCode(refused, 'log.unavailable')).toBe(true);
      }, 60_000);
    });
  });
}

function shown(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString();
}

/** Offset, key and value of every record, by cursor. */
function walk(batch: LogBatch): (readonly [number, string | undefined, string | undefined])[] {
  const cursor = batch.cursor();
  const seen: (readonly [number, string | undefined, string | undefined])[] = [];
  const text = (start: number, end: number) => (start < 0 ? undefined : shown(cursor.bytes.subarray(start, end)));
  while (cursor.next()) seen.push([cursor.offset, text(cursor.keyStart, cursor.keyEnd), text(cursor.valueStart, cursor.valueEnd)]);
  return seen;
}

/** Counts the records that begin with their own offset. */
function markNumbered(batch: LogBatch, seen: Uint8Array): void {
  const cursor = batch.cursor();
  while (cursor.next()) {
    const { bytes, offset, valueStart, valueEnd } = cursor;
    const written = Buffer.from(bytes.buffer, bytes.byteOffset + valueStart, 4).readUInt32BE(0);
    if (written === offset && valueEnd - valueStart === 120) seen[offset] = (seen[offset] ?? 0) + 1;
  }
}

function blockOf(topic: string, partition: number, entries: readonly Append[]): RecordBlock {
  const block = new RecordBlock({ topic, partition });
  for (const { value } of entries) block.add(undefined, value, 0, value.length);
  return block;
}

function aGroup(): string {
  return `test-group-${randomUUID()}`;
}
