/** What Kafka's brokers and members send (frames, fetch responses, record batches, members' words), and records as the embedded log keeps them. */
import { createRequire } from 'node:module';
import { openDatabase } from '@tapeline/log/embedded-database';
import { EmbeddedRecords } from '@tapeline/log/embedded-records';
import { stickyAssigner } from '@tapeline/log/kafka-assigner';
import { recordSet, sectionBatch } from '@tapeline/log/kafka-batch';
import { encodeMember } from '@tapeline/log/kafka-client';
import { crc32c } from '@tapeline/log/kafka-crc32c';
import { decodeFetchResponse } from '@tapeline/log/kafka-fetch-response';
import { FrameReader } from '@tapeline/log/kafka-frames';
import { sealBatch } from '@tapeline/log/kafka-record-batch';
import type { RecordCursor } from '@tapeline/log/market-log';
import { RecordBlock } from '@tapeline/log/record-block';
import kafkajs from 'kafkajs';
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
/** 128 MiB, and the length before them. */
const mostFrameBytes = 2 ** 27 + 4;
const isUnreadable = withCode('log.unavailable');
type Seen = readonly [number, string | undefined, string | undefined];

const recordBatches: FuzzedParser = {
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
function aBatch(dice: Dice): Buffer {
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

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

const isOutOfRange = (error: unknown): boolean => error instanceof RangeError && error.message !== 'Invalid array length';

const fetchResponses: FuzzedParser = {
  name: 'fetch-responses',
  reads: 'fetch responses of version 11',
  heldTo: 'refused with a RangeError; record sets lie within the response; what was read is read the same when it is written again',
  format: 'bytes',
  example: dice =>
    encodedResponse({
      throttleMs: 0,
      errorCode: 0,
      topics: dice.list(0, 2, () => ({
        topicName: dice.pick(['market-data.feed', 't', 'é']),
        partitions: dice.list(0, 3, index => ({
          ...{ partition: index, errorCode: dice.pick([0, 0, 6]), highWatermark: dice.below(2 ** 40), aborted: dice.below(3) },
          recordSet: dice.isOneIn(3) ? Buffer.alloc(0) : aBatch(dice),
        })),
      })),
    }),
  check: input => {
    const response = orRefused(() => decodeFetchResponse(input), isOutOfRange);
    if (response === refused) return;
    const { clientSideThrottleTime: throttleMs, errorCode, responses } = response;
    for (const { recordSet: set } of responses.flatMap(({ partitions }) => partitions)) {
      const isWithin = set.length === 0 || (set.buffer === input.buffer && set.byteOffset + set.length <= input.byteOffset + input.length);
      expectThat(isWithin && set.byteOffset >= (set.length === 0 ? 0 : input.byteOffset), 'a record set lies beyond the response');
    }
    // Offsets of a log are safe integers; what is none loses digits when it is read.
    if (responses.some(({ partitions }) => partitions.some(({ highWatermark }) => !Number.isSafeInteger(highWatermark)))) return;
    const topics = responses.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(each => ({ ...each, aborted: 0 })),
    }));
    const again = decodeFetchResponse(encodedResponse({ throttleMs, errorCode, topics }));
    expectSame(plainResponse(again), plainResponse(response), 'the response written again');
  },
};

interface ResponseParts {
  readonly throttleMs: number;
  readonly errorCode: number;
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly highWatermark: number;
      readonly aborted: number;
      readonly recordSet: Uint8Array;
    }[];
  }[];
}

function encodedResponse({ throttleMs, errorCode, topics }: ResponseParts): Buffer {
  const parts: Buffer[] = [];
  const int16 = (value: number) => parts.push(wordOf(2, value));
  const int32 = (value: number) => parts.push(wordOf(4, value));
  int32(throttleMs);
  int16(errorCode);
  int32(0);
  int32(topics.length);
  for (const { topicName, partitions } of topics) {
    const name = Buffer.from(topicName);
    int16(name.length);
    parts.push(name);
    int32(partitions.length);
    for (const { partition, errorCode: code, highWatermark, aborted, recordSet: set } of partitions) {
      int32(partition);
      int16(code);
      int32(Math.floor(highWatermark / 2 ** 32));
      int32(highWatermark | 0);
      parts.push(Buffer.alloc(16));
      int32(aborted);
      parts.push(Buffer.alloc(16 * aborted), wordOf(4, -1));
      int32(set.length);
      parts.push(Buffer.from(set));
    }
  }
  return Buffer.concat(parts);
}

function wordOf(bytes: 2 | 4, value: number): Buffer {
  const word = Buffer.alloc(bytes);
  word.writeIntBE(bytes === 2 ? (value << 16) >> 16 : value | 0, 0, bytes);
  return word;
}

function plainResponse({ responses, ...rest }: ReturnType<typeof decodeFetchResponse>): unknown {
  const partsOf = (partitions: (typeof responses)[number]['partitions']) =>
    partitions.map(({ recordSet: set, ...each }) => ({ ...each, recordSet: hexOf(set) }));
  return { ...rest, responses: responses.map(({ topicName, partitions }) => ({ topicName, partitions: partsOf(partitions) })) };
}

const brokerFrames: FuzzedParser = {
  name: 'broker-frames',
  reads: 'the frames of a connection to a broker',
  heldTo:
    'refused with a RangeError; however the bytes arrive, the same whole frames are given, and together they are what came; at most 128 MiB are set aside for one',
  format: 'bytes',
  // Two readers, with a frame each.
  mostHeldBytes: 320 * 1_048_576,
  example: dice =>
    Buffer.concat(
      dice.list(1, 5, () => {
        const length = dice.isOneIn(12) ? dice.between(60_000, 90_000) : dice.below(200);
        return Buffer.concat([wordOf(4, length), Buffer.alloc(length, dice.below(256))]);
      }),
    ),
  check: input => {
    const dice = new Dice(input.length, input[0] ?? 0);
    const whole = received(input, () => input.length);
    const pieces = received(input, () => dice.between(1, dice.isOneIn(2) ? 5 : 9_000));
    expectSame(pieces, whole, 'the frames in pieces');
    if (whole === refused) return;
    const given = Buffer.concat(whole.map(hex => Buffer.from(hex, 'hex')));
    expectThat(given.equals(input.subarray(0, given.length)), 'the frames are not what came');
    const rest = input.subarray(given.length);
    expectThat(rest.length < 4 || rest.readInt32BE(0) + 4 > rest.length, 'a whole frame was kept back');
  },
};

/** As a socket does it: never more than there is room for. */
function received(bytes: Buffer, step: () => number): readonly string[] | typeof refused {
  const given: string[] = [];
  const reader = new FrameReader(frame => given.push(frame.toString('hex')));
  return orRefused(() => {
    for (let at = 0; at < bytes.length; ) {
      const room = reader.room();
      expectThat(room.length <= mostFrameBytes, 'more is set aside for a frame than any frame takes', room.length);
      const length = Math.min(step(), room.length, bytes.length - at);
      expectThat(length > 0, 'there is no room for what arrives');
      room.set(bytes.subarray(at, at + length));
      reader.took(length);
      at += length;
    }
    return given;
  }, isOutOfRange);
}

const sealedBatches: FuzzedParser = {
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

const groupMembers: FuzzedParser = {
  name: 'group-members',
  reads: 'what a member of a group says of itself to the leader',
  heldTo: 'never throws; every partition is assigned to one member, whatever one of them says',
  format: 'bytes',
  words: ['owned', 'peer', '{"owned":', '[0,1,'],
  example: dice =>
    encodeMember(['t'], JSON.stringify({ owned: dice.list(0, 5, () => dice.below(12)), peer: { host: 'h', port: 1, instance: 'i' } })),
  check: async input => {
    const cluster = { findTopicPartitionMetadata: () => Array.from({ length: memberPartitions }, (_, partitionId) => ({ partitionId })) };
    const assigner = stickyAssigner({ topic: 't', owned: () => [], joining: () => undefined })({ cluster } as unknown as Parameters<
      ReturnType<typeof stickyAssigner>
    >[0]);
    const honest = encodeMember(['t'], JSON.stringify({ owned: [0, 1, 2] }));
    const members = [
      { memberId: 'a', memberMetadata: input },
      { memberId: 'b', memberMetadata: honest },
    ];
    const assigned = await assigner.assign({ members, topics: ['t'] });
    const partitions = assigned.flatMap(
      ({ memberAssignment }) => kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment.t ?? [],
    );
    const all = Array.from({ length: memberPartitions }, (_, partition) => partition);
    expectSame(
      partitions.toSorted((a, b) => a - b),
      all,
      'the assigned partitions',
    );
  },
};

const memberPartitions = 12;

let records: EmbeddedRecords | undefined;

const embeddedRecords: FuzzedParser = {
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

export const kafkaParsers: readonly FuzzedParser[] = [
  brokerFrames,
  fetchResponses,
  recordBatches,
  sealedBatches,
  groupMembers,
  embeddedRecords,
];
