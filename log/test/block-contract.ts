/** What every log does with blocks of records: a part of `market-log-contract.ts`. */
import { describe, expect, it } from '@jest/globals';
import type { Append, LogBatch, MarketLog } from '../src/market-log.ts';
import { RecordBlock } from '../src/record-block.ts';
import { aGroup, aTopic, joinGroup, someEntries, take, texts } from './support/log-reading.ts';

/** Describes it; `log` gives the log that is open. */
export function describeBlocks(log: () => MarketLog): void {
  describe('blocks of records', () => {
    it('gives by cursor and as records what was appended: keys, tombstones, empty keys and values', async () => {
      const topic = await aTopic(log(), 2);
      const block = new RecordBlock({ topic, partition: 1 });
      const bytes = Buffer.from('a key and a value');
      block.add(bytes.subarray(0, 5), bytes, 12, 17);
      block.add(undefined, bytes, 0, 1);
      block.add(Buffer.alloc(0), bytes, 3, 3);
      block.add(Buffer.from('gone'), bytes, -1, -1);
      await log().appendBlocks([block, new RecordBlock({ topic, partition: 0 })]);
      const batches: LogBatch[] = [];
      for await (const batch of log().read({ topic, partition: 1, fromOffset: 0, toOffset: 4 })) batches.push(batch);
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
      expect((await log().offsets(topic))[0]?.highWatermark).toBe(0);
    });

    it('keeps the order of blocks and plain appends among each other', async () => {
      const topic = await aTopic(log());
      const calls: Promise<void>[] = [];
      for (let call = 0; call < 40; call += 1) {
        const entries = someEntries(topic, 0, call * 5, 5);
        calls.push(call % 2 === 0 ? log().append(entries) : log().appendBlocks([blockOf(topic, 0, entries)]));
      }
      await Promise.all(calls);
      const all = await texts(log().read({ topic, partition: 0, fromOffset: 0, toOffset: 200 }));
      expect(all).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
    });

    it('takes 100,000 records in one block, and the block again when it was cleared', async () => {
      const topic = await aTopic(log());
      const block = new RecordBlock({ topic, partition: 0 });
      const value = Buffer.alloc(120, 'x');
      for (const round of [0, 1]) {
        block.clear();
        for (let index = 0; index < 100_000; index += 1) {
          value.writeUInt32BE(round * 100_000 + index, 0);
          block.add(undefined, value, 0, value.length);
        }
        await log().appendBlocks([block]);
      }
      const seen = new Uint8Array(200_000);
      for await (const batch of log().read({ topic, partition: 0, fromOffset: 0, toOffset: 200_000 })) {
        markNumbered(batch, seen);
        batch.release();
      }
      expect(seen.every(times => times === 1)).toBe(true);
    }, 60_000);

    it('overwrites no batch that was not released, whatever others release', async () => {
      const topic = await aTopic(log(), 2);
      const value = Buffer.alloc(1_000);
      for (const partition of [0, 1]) {
        const block = new RecordBlock({ topic, partition });
        for (let index = 0; index < 8_000; index += 1) {
          value.fill(index % 251);
          block.add(undefined, value, 0, value.length);
        }
        await log().appendBlocks([block]);
      }
      const member = joinGroup(log(), topic, aGroup());
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
      const topic = await aTopic(log());
      await log().appendBlocks([blockOf(topic, 0, someEntries(topic, 0, 0, 50))]);
      const batches: LogBatch[] = [];
      for await (const batch of log().read({ topic, partition: 0, fromOffset: 17, toOffset: 23 })) batches.push(batch);
      expect(batches.flatMap(walk).map(([offset]) => offset)).toEqual([17, 18, 19, 20, 21, 22]);
      expect(batches.at(-1)?.lastOffset).toBe(22);
    });

    it('refuses blocks for a partition that does not exist, and writes none of them', async () => {
      const topic = await aTopic(log());
      const blocks = [0, 7].map(partition => blockOf(topic, partition, someEntries(topic, partition, 0, 1)));
      await expect(log().appendBlocks(blocks)).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
      expect((await log().offsets(topic))[0]?.highWatermark).toBe(0);
    });

    it('takes an append of no blocks and of empty ones', async () => {
      const topic = await aTopic(log());
      await log().appendBlocks([]);
      await log().appendBlocks([new RecordBlock({ topic, partition: 0 })]);
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
