/** Records as logs keep them: in record batches of Kafka, read and written, and in the embedded log. */
import { createRequire } from 'node:module';
import { openDatabase } from '@tapeline/log/embedded-database';
import { EmbeddedRecords } from '@tapeline/log/embedded-records';
import { recordSet, sectionBatch } from '@tapeline/log/kafka-batch';
import { crc32c } from '@tapeline/log/kafka-crc32c';
import { sealBatch } from '@tapeline/log/kafka-record-batch';
import type { RecordCursor } from '@tapeline/log/market-log';
import { RecordBlock } from '@tapeline/log/record-block';
import { Dice } from '../dice.ts';
import { aRecord } from '../examples.ts';
import { expectSame, expectThat, orRefused, orRefusedLater, refused, withCode } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';
import { folderOfFiles } from '../scratch-file.ts';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object;
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js') as (
  decoder: object,
) => Promise<readonly { offset: string; key: Buffer | null; value: Buffer | null; isControlRecord: boolean }[]>;
const kafkajsCrc32c = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (bytes: Buffer) => number;

const headerBytes = 61;
const isUnreadable = withCode('log.unavailable');
type Seen = readonly [number, string | undefined, string | undefined];

/** Batches that are read. */
export const recordBatches: FuzzedParser = {
  name: 'record-batches',
  reads: 'record batches of a fetch response, read where they lie',
  heldTo: 'refused as log.unavailable; keys and values lie within the batch; what was not spoilt is read as kafkajs reads it',
  format: 'bytes',
  slowness: 3,
  example: dice => Buffer.concat(dice.list(1, 3, () => aBatch(dice))),
  check: async input => {
    const set = await orRefusedLater(() => recordSet(input), isUnreadable);
    if (set === refused) return;
    expectThat(set.sections.length <= input.length / headerBytes, 'more batches than bytes', set.sections.length);
    const options = { topic: 't', partition: 0, highWatermark: 9, set, fromOffset: 0, toOffset: Number.MAX_SAFE_INTEGER };
    const records = orRefused(() => {
      const batch = sectionBatch(options);
      return batch === undefined ? [] : walked(batch.cursor());
    }, isUnreadable);
    if (records === refused) return;
    const listed = sectionBatch(options)?.records ?? [];
    expectSame(
      listed.map(({ offset, key, value }): Seen => [offset, hexOf(key), hexOf(value)]),
      records,
      'the listed records',
    );
    if (!isWhole(input)) return;
    // An offset outside of the checksum may be any number; our reader is asked for those of a log.
    const plain = await byKafkajs(input);
    const isOfLog = plain.every(([offset]) => offset >= 0 && offset < Number.MAX_SAFE_INTEGER);
    if (isOfLog) expectSame(JSON.stringify(records), JSON.stringify(plain), 'what kafkajs reads');
  },
};

/** One to a few records in a sealed batch. */
export function aBatch(dice: Dice): Buffer {
  const block = new RecordBlock({ topic: 't', partition: 0 });
  for (let left = dice.between(1, 4); left > 0; left -= 1) {
    const value = dice.isOneIn(6) ? dice.bytes(dice.below(300)) : Buffer.from(JSON.stringify(aRecord(dice)));
    const key = dice.maybe(() => Buffer.from('BTC/USD'));
    block.add(key, value, dice.isOneIn(8) ? -1 : 0, value.length);
  }
  const [batch] = block.batches;
  if (batch === undefined) return Buffer.alloc(0);
  const sealed = sealBatch(batch, { producerId: 7n, epoch: 1, sequence: 0, timeMs: 1_700_000_000_000 });
  sealed.writeBigInt64BE(BigInt(dice.pick([0, 7, 2 ** 31, 2 ** 40])), 0);
  return Buffer.from(sealed);
}

/** True when all batches are whole and have their checksums: what a broker sends. */
function isWhole(set: Buffer): boolean {
  let at = 0;
  for (; at + headerBytes <= set.length; ) {
    const end = at + 12 + set.readInt32BE(at + 8);
    if (end > set.length || end < at + headerBytes || set[at + 16] !== 2) return false;
    if (crc32c(set, at + 21, end) !== set.readUInt32BE(at + 17)) return false;
    at = end;
  }
  return at === set.length && at > 0;
}

async function byKafkajs(set: Buffer): Promise<readonly Seen[]> {
  const sized = Buffer.alloc(4 + set.length);
  sized.writeInt32BE(set.length);
  sized.set(set, 4);
  const messages = await decodeMessages(new Decoder(sized));
  return messages
    .filter(({ isControlRecord }) => !isControlRecord)
    .map(({ offset, key, value }) => [Number(offset), hexOf(key ?? undefined), hexOf(value ?? undefined)]);
}

function walked(cursor: RecordCursor): readonly Seen[] {
  const seen: Seen[] = [];
  while (cursor.next()) {
    const { offset, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    expectThat(keyEnd <= bytes.length && valueEnd <= bytes.length, 'a record lies beyond its batch', [keyEnd, valueEnd, bytes.length]);
    expectThat(keyStart <= keyEnd && valueStart <= valueEnd, 'a record ends before it begins');
    const part = (start: number, end: number) => (start < 0 ? undefined : hexOf(bytes.subarray(start, end)));
    seen.push([offset, part(keyStart, keyEnd), part(valueStart, valueEnd)]);
  }
  return seen;
}

/** Bytes to be compared; nothing for none. */
export function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

/** Batches that are written. */
export const sealedBatches: FuzzedParser = {
  name: 'sealed-batches',
  reads: 'any bytes as keys and values of records that are written',
  heldTo: 'read back as they were by our reader and by kafkajs, with the checksum that kafkajs computes',
  format: 'bytes',
  slowness: 2,
  example: dice => dice.bytes(dice.below(400)),
  check: async input => {
    const dice = new Dice(input.length, input[0] ?? 0, input.at(-1) ?? 0);
    const block = new RecordBlock({ topic: 't', partition: 0 });
    const written: Seen[] = [];
    for (let at = 0; at < input.length; ) {
      const [middle, end] = [at + dice.below(20), at + 20 + dice.below(200)];
      const key = dice.isOneIn(3) ? undefined : input.subarray(at, middle);
      const value = input.subarray(middle, end);
      const isTombstone = dice.isOneIn(5);
      block.add(key, value, isTombstone ? -1 : 0, value.length);
      written.push([written.length, hexOf(key), isTombstone ? undefined : hexOf(value)]);
      at = end;
    }
    const [batch] = block.batches;
    if (batch === undefined) return;
    const sealed = Buffer.from(sealBatch(batch, { producerId: 7n, epoch: 1, sequence: 0, timeMs: 1_700_000_000_000 }));
    expectSame(kafkajsCrc32c(sealed.subarray(21)) >>> 0, sealed.readUInt32BE(17), 'the checksum');
    expectSame(await byKafkajs(sealed), written, 'what kafkajs reads');
    const set = await recordSet(sealed);
    const read = sectionBatch({ topic: 't', partition: 0, highWatermark: 0, set, fromOffset: 0, toOffset: 1e9 });
    expectSame(read === undefined ? [] : walked(read.cursor()), written, 'what our reader reads');
  },
};

let records: EmbeddedRecords | undefined;

/** Rows of the embedded log. */
export const embeddedRecords: FuzzedParser = {
  name: 'embedded-records',
  reads: 'any bytes as keys and values of records of the embedded log',
  heldTo: 'read back as they were written, an empty one and none told apart',
  format: 'bytes',
  slowness: 4,
  example: dice => dice.bytes(dice.below(200)),
  check: input => {
    records ??= newRecords();
    const middle = input.length === 0 ? 0 : (input[0] as number) % (input.length + 1);
    const [key, value] = [input.subarray(0, middle), input.subarray(middle)];
    const isText = input.length % 3 === 0;
    const written = [
      { key: isText ? key.toString() : key, value },
      { key: undefined, value },
      { key, value: undefined },
    ];
    try {
      for (const [offset, record] of written.entries()) records.insert({ topicId: 1, partition: 0, offset, ...record }, 1);
      const read = records.read(1, 0, 0, 10).map(({ offset, key: k, value: v }): Seen => [offset, hexOf(k), hexOf(v)]);
      const expected = written.map(
        ({ key: k, value: v }, offset): Seen => [offset, k === undefined ? undefined : hexOf(Buffer.from(k)), hexOf(v)],
      );
      expectSame(read, expected, 'the records read back');
    } finally {
      records.deleteOldest(1, 0, 2, 10);
    }
  },
};

function newRecords(): EmbeddedRecords {
  const { connection } = openDatabase({ directory: folderOfFiles('log'), readOnly: false, durability: 'process', maxBytes: undefined });
  const made = new EmbeddedRecords(connection);
  made.createTopic('t', 1, undefined);
  return made;
}
