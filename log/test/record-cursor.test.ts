import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { recordSet, sectionBatch } from '../src/kafka-batch.ts';
import { readsGoldenResponse } from '../src/kafka-golden-response.ts';
import type { LogBatch, RecordCursor } from '../src/market-log.ts';
import { plainBatch } from '../src/plain-batch.ts';
import { encodeBatch, readByKafkajs, type WrittenBatch } from './support/kafkajs-batches.ts';

type Seen = readonly [number, string | undefined, string | undefined];

const someBytes = fc.oneof(
  fc.uint8Array({ maxLength: 3 }),
  fc.uint8Array({ maxLength: 200 }),
  fc.integer({ min: 8_000, max: 20_000 }).map(length => new Uint8Array(length).fill(7)),
);
const someRecord = fc.record({
  step: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40_000 })),
  key: fc.option(someBytes),
  value: fc.option(someBytes),
  headers: fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 9 }), { maxKeys: 2 }),
  timestampDelta: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 31 })),
});
const someBatch = fc.record({
  records: fc.array(someRecord, { maxLength: 12 }),
  gap: fc.nat(5),
  gzip: fc.boolean(),
  control: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
});
const someOffset = fc.oneof(fc.nat(100), fc.integer({ min: 2 ** 31 - 20, max: 2 ** 32 + 20 }), fc.constant(2 ** 52));

describe('the record cursor', () => {
  it('gives what kafkajs reads in batches that kafkajs writes, from any offset to any offset, wherever the last one is cut off', async () => {
    const property = fc.asyncProperty(
      fc.array(someBatch, { maxLength: 5 }),
      someOffset,
      fc.nat(1_000),
      fc.nat(60),
      fc.nat(60),
      async (batches, firstOffset, cut, skipped, wanted) => {
        const whole = await encodeAll(batches, firstOffset);
        const set = whole.subarray(0, Math.max(0, whole.length - (cut % 400)));
        const fromOffset = firstOffset + skipped;
        const toOffset = fromOffset + wanted * 20;
        const expected = (await readByKafkajs(set)).filter(([offset]) => offset >= fromOffset && offset < toOffset);
        const batch = await batchOf(set, fromOffset, toOffset);
        expect(batch === undefined ? [] : walk(batch.cursor())).toEqual(expected);
        expect(batch === undefined ? [] : listed(batch)).toEqual(expected);
        const tail = batch === undefined ? [] : walk(batch.tail());
        expect(tail).toEqual(expected.slice(expected.length - tail.length));
        expect(batch?.lastOffset ?? Number.MAX_SAFE_INTEGER).toBeGreaterThanOrEqual(expected.at(-1)?.[0] ?? -1);
        expect(batch?.lastOffset ?? -1).toBeLessThan(toOffset);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  }, 60_000);

  it('gives what was appended last at one stroke as the tail, and nothing where that is cut off', async () => {
    const set = await encodeAll([aBatch('a', 'b'), aBatch('c', 'd')], 7);
    const tail = async (fromOffset: number, toOffset: number) => walk((await batchOf(set, fromOffset, toOffset))?.tail() as RecordCursor);
    expect(await tail(0, 100)).toEqual([
      [9, undefined, '63'],
      [10, undefined, '64'],
    ]);
    expect(await tail(10, 100)).toEqual([[10, undefined, '64']]);
    expect(await tail(0, 9)).toEqual([]);
    const plain = plainBatch({ topic: 't', partition: 0, records: (await batchOf(set, 0, 100))?.records ?? [], highWatermark: 11 });
    expect(walk(plain.tail())).toEqual([[10, undefined, '64']]);
  });

  it('begins anew with each cursor', async () => {
    const batch = await batchOf(await encodeAll([aBatch('a', 'b')], 7), 0, 100);
    expect(batch && walk(batch.cursor())).toEqual([
      [7, undefined, '61'],
      [8, undefined, '62'],
    ]);
    expect(batch && walk(batch.cursor())).toHaveLength(2);
  });

  it('goes on behind marks of transactions and holes at the end', async () => {
    const set = await recordSet(await encodeAll([aBatch('a'), { ...aBatch('mark'), control: true }], 7));
    expect(set.nextOffset).toBe(9);
  });

  it('says that a batch is damaged, and does not read beyond it', async () => {
    const bytes = await encodeAll([aBatch('a', 'b')], 7);
    for (let at = 61; at < bytes.length; at += 1) {
      for (const wrong of [0xff, 0x80, 0x7f, 0x01]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = wrong;
        const { sections } = await recordSet(damaged);
        const batch = () =>
          sectionBatch({ topic: 't', partition: 0, highWatermark: 9, set: { sections, nextOffset: 9 }, fromOffset: 0, toOffset: 99 });
        try {
          for (const [, , value] of walk(
            batch()?.cursor() ?? plainBatch({ topic: 't', partition: 0, records: [], highWatermark: 0 }).cursor(),
          )) {
            expect((value ?? '').length).toBeLessThan(2 * bytes.length);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'log.unavailable', retriable: false });
        }
      }
    }
  });

  it('refuses a batch with one bit that is another, where checksums are compared', async () => {
    const bytes = await encodeAll([aBatch('a', 'b')], 7);
    expect((await recordSet(bytes, { checkCrcs: true })).nextOffset).toBe(9);
    for (let bit = 17 * 8; bit < bytes.length * 8; bit += 1) {
      const other = Buffer.from(bytes);
      other[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      await expect(recordSet(other, { checkCrcs: true })).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
    }
  });

  it('refuses a compression without a codec and a format that is too old, with the remedy', async () => {
    const snappy = await encodeAll([aBatch('a')], 0);
    snappy.writeInt16BE(2, 21);
    await expect(recordSet(snappy)).rejects.toMatchObject({ code: 'log.unavailable', retriable: false });
    await expect(recordSet(snappy)).rejects.toThrow('records compressed by Snappy cannot be read: write them with gzip or uncompressed');
    const old = await encodeAll([aBatch('a')], 0);
    old.writeInt8(1, 16);
    await expect(recordSet(old)).rejects.toThrow('records in message format 1 cannot be read, expected format 2');
  });

  it('walks records that are objects alike', () => {
    const records = [
      { offset: 1, key: Buffer.from('k'), value: Buffer.from('v') },
      { offset: 2, key: undefined, value: undefined },
      { offset: 5, key: Buffer.alloc(0), value: Buffer.alloc(0) },
      { offset: 6, key: Buffer.from('k'), value: undefined },
    ];
    const batch = plainBatch({ topic: 't', partition: 0, records, highWatermark: 7 });
    expect(walk(batch.cursor())).toEqual([
      [1, '6b', '76'],
      [2, undefined, undefined],
      [5, '', ''],
      [6, '6b', undefined],
    ]);
    expect(batch.lastOffset).toBe(6);
  });
});

describe('the golden response', () => {
  it('is read, and one that is not as expected is not', async () => {
    expect(await readsGoldenResponse()).toBe(true);
    expect(await readsGoldenResponse('00'.repeat(40))).toBe(false);
    expect(await readsGoldenResponse('')).toBe(false);
  });
});

function aBatch(...values: readonly string[]): WrittenBatch {
  const records = values.map(value => ({ step: 1, key: null, value: Buffer.from(value), headers: {}, timestampDelta: 0 }));
  return { records, gap: 0, gzip: false, control: false };
}

async function encodeAll(batches: readonly WrittenBatch[], firstOffset: number): Promise<Buffer> {
  const encoded: Buffer[] = [];
  let offset = firstOffset;
  for (const batch of batches) {
    offset += batch.gap;
    encoded.push(await encodeBatch(batch, offset));
    offset += batch.records.reduce((sum, { step }) => sum + step, 0);
  }
  return Buffer.concat(encoded);
}

async function batchOf(bytes: Uint8Array, fromOffset: number, toOffset: number): Promise<LogBatch | undefined> {
  const set = await recordSet(bytes);
  return sectionBatch({ topic: 't', partition: 0, highWatermark: 0, set, fromOffset, toOffset });
}

function walk(cursor: RecordCursor): readonly Seen[] {
  const seen: Seen[] = [];
  while (cursor.next()) {
    const text = (start: number, end: number) => (start < 0 ? undefined : Buffer.from(cursor.bytes.subarray(start, end)).toString('hex'));
    seen.push([cursor.offset, text(cursor.keyStart, cursor.keyEnd), text(cursor.valueStart, cursor.valueEnd)]);
  }
  return seen;
}

function listed({ records }: LogBatch): readonly Seen[] {
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');
  return records.map(({ offset, key, value }) => [offset, text(key), text(value)]);
}
