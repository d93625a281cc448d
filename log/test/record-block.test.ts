import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../src/kafka-crc32c.ts';
import { sealBatch } from '../src/kafka-record-batch.ts';
import { RecordBlock } from '../src/record-block.ts';
import { kafkajsCrc32c, readByKafkajs } from './support/kafkajs-batches.ts';

const identity = { producerId: 4_000_000_000_000n, epoch: 3, sequence: 2 ** 31 - 1, timeMs: 1_700_000_000_000 };
const someBytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.integer({ min: 8_000, max: 30_000 }).map(length => new Uint8Array(length)),
);

describe('a record block', () => {
  it('is read by kafkajs as it was filled, keys, tombstones and parts of arrays included, also after it was cleared', async () => {
    const entry = fc.record({ key: fc.option(someBytes, { nil: undefined }), value: fc.option(someBytes), lead: fc.nat(5) });
    const block = new RecordBlock({ topic: 't', partition: 3 });
    const property = fc.asyncProperty(fc.array(entry, { maxLength: 150 }), async entries => {
      block.clear();
      for (const { key, value, lead } of entries) {
        if (value === null) block.add(key, new Uint8Array(0), -1, -1);
        else block.add(key, Buffer.concat([Buffer.alloc(lead), value, Buffer.alloc(lead)]), lead, lead + value.length);
      }
      const hex = (bytes: Uint8Array | undefined | null) => (bytes?.length === undefined ? undefined : Buffer.from(bytes).toString('hex'));
      const read = await Promise.all(
        block.batches.filter(({ count }) => count > 0).map(batch => readByKafkajs(sealBatch(batch, identity))),
      );
      expect(read.flat().map(([, key, value]) => [key, value])).toEqual(entries.map(({ key, value }) => [hex(key), hex(value)]));
      expect(read.every(batch => batch.every(([offset], index) => offset === index))).toBe(true);
      expect(block.count).toBe(entries.length);
    });
    await fc.assert(property, { numRuns: 100 });
  }, 60_000);

  it('holds a record that is written in place as one that is added', () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 64, maxLength: 900 })), { maxLength: 300 }),
      records => {
        const [added, inPlace] = [new RecordBlock({ topic: 't', partition: 0 }), new RecordBlock({ topic: 't', partition: 0 })];
        for (const [key, value] of records) {
          added.add(key, value, 0, value.length);
          const { bytes, valueStart } = inPlace.begin(key, value.length + 30);
          bytes.set(value, valueStart);
          inPlace.end(valueStart + value.length);
        }
        const seal = (block: RecordBlock) => block.batches.map(batch => sealBatch(batch, identity).toString('hex'));
        expect(seal(inPlace)).toEqual(seal(added));
        expect(inPlace.count).toBe(records.length);
      },
    );
    fc.assert(property, { numRuns: 60 });
    const block = new RecordBlock({ topic: 't', partition: 0 });
    const { valueStart } = block.begin(Buffer.from('k'), 100);
    expect(() => block.end(valueStart + 63)).toThrow('must have a value of 64 bytes');
  });

  it('begins a new batch where a broker would refuse a longer one, and leaves one large record alone', () => {
    const block = new RecordBlock({ topic: 't', partition: 0 });
    for (let count = 0; count < 5_000; count += 1) block.add(undefined, Buffer.alloc(400), 0, 400);
    block.add(undefined, Buffer.alloc(2_000_000), 0, 2_000_000);
    block.add(undefined, Buffer.alloc(1), 0, 1);
    const sizes = block.batches.map(batch => sealBatch(batch, identity).length);
    expect(sizes.map(size => size <= 900_000)).toEqual([true, true, true, false, true]);
    expect(block.batches.map(({ count }) => count).reduce((sum, count) => sum + count)).toBe(5_002);
    const cursor = block.cursor();
    let last = -1;
    while (cursor.next()) last = cursor.offset;
    expect(last).toBe(5_001);
    expect(block.byteLength).toBeGreaterThan(4_000_000);
  });

  it('writes a header under which the producer, its sequence and its checksum can be known', () => {
    const block = new RecordBlock({ topic: 't', partition: 0 });
    block.add(Buffer.from('k'), Buffer.from('value'), 0, 5);
    block.add(undefined, Buffer.from('value'), 1, 3);
    const [batch] = block.batches;
    if (batch === undefined) throw new Error('no batch');
    const bytes = sealBatch(batch, identity);
    expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
    expect(bytes.readUInt32BE(17)).toBe(kafkajsCrc32c(bytes.subarray(21)) >>> 0);
    expect(bytes.readInt32BE(23)).toBe(1);
    expect(bytes.readBigInt64BE(43)).toBe(4_000_000_000_000n);
    expect(bytes.readInt16BE(51)).toBe(3);
    expect(bytes.readInt32BE(53)).toBe(2_147_483_647);
    expect(bytes.readInt32BE(57)).toBe(2);
    expect(sealBatch(batch, identity)).toEqual(bytes);
  });
});

describe('CRC-32C', () => {
  it('is 0xe3069283 for the check value of the catalogue', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
  });

  it('is what kafkajs computes, wherever the bytes begin and end', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.nat(20), (bytes, lead, tail) => {
      const start = Math.min(lead, bytes.length);
      const end = Math.max(start, bytes.length - tail);
      expect(crc32c(bytes, start, end)).toBe(kafkajsCrc32c(Buffer.from(bytes.subarray(start, end))) >>> 0);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
