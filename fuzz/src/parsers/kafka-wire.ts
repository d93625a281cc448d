/** What Kafka's brokers and members send: frames, fetch responses, members' words. */
import { stickyAssigner } from '@tapeline/log/kafka-assigner';
import { encodeMember } from '@tapeline/log/kafka-client';
import { decodeFetchResponse } from '@tapeline/log/kafka-fetch-response';
import { FrameReader } from '@tapeline/log/kafka-frames';
import kafkajs from 'kafkajs';
import { Dice } from '../dice.ts';
import { expectSame, expectThat, orRefused, refused } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';
import { aBatch, embeddedRecords, hexOf, recordBatches, sealedBatches } from './log-records.ts';

/** 128 MiB, and the length before them. */
const mostFrameBytes = 2 ** 27 + 4;

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

const groupMembers: FuzzedParser = {
  name: 'group-members',
  reads: 'what a member of a group says of itself to the leader',
  heldTo: 'never throws; every partition is assigned to one member, whatever one of them says',
  format: 'bytes',
  words: ['owned', 'peer', '{"owned":', '[0,1,'],
  example: dice =>
    encodeMember(['t'], JSON.stringify({ owned: dice.list(0, 5, () => dice.below(12)), peer: { host: 'h', port: 1, instance: 'i' } })),
  check: async input => {
    const cluster = {
      addTargetTopic: async () => undefined,
      findTopicPartitionMetadata: () => Array.from({ length: memberPartitions }, (_, partitionId) => ({ partitionId })),
    };
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

/** With those of the records in them. */
export const kafkaParsers: readonly FuzzedParser[] = [
  brokerFrames,
  fetchResponses,
  recordBatches,
  sealedBatches,
  groupMembers,
  embeddedRecords,
];
