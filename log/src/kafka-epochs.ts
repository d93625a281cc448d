/**
 * Asks a leader where its records of a leader epoch end: OffsetForLeaderEpoch, version 3
 * (https://kafka.apache.org/protocol#The_Messages_OffsetForLeaderEpoch). Whoever has read beyond that end under this epoch has read what
 * the log has lost since, for each leader writes under an epoch of its own (KIP-101, KIP-320).
 */
import type { Logger } from 'pino';
import type { Broker } from './kafka-client.ts';
import type { Exchange } from './kafka-exchange.ts';
import { failureType } from './kafka-failure.ts';
import { ResponseReader } from './kafka-response-reader.ts';
import { canExchange, epochKey, exchange, newEncoder, parseFetch } from './kafka-wire.ts';

export interface EpochQuestion {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly leaderEpoch: number }[];
}

interface EpochAnswers {
  readonly clientSideThrottleTime: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly EpochAnswer[] }[];
}

interface EpochAnswer {
  readonly partition: number;
  readonly errorCode: number;
  readonly endOffset: number;
}

const version = 3;
/** A consumer, no replica: it needs the right to describe the topic, which the right to read it contains. */
const noReplica = -1;
/** Answered whatever epoch the leader has itself. */
const anyLeader = -1;

let warned = false;

/**
 * The offset after the last record of the epoch, by partition; −1 where the leader knows neither that epoch nor a greater one. Empty where
 * the broker cannot tell, or may not, with one warning. Throws kafkajs' error for what passes: another leader, a lost connection.
 */
export async function epochEnds(broker: Broker, question: EpochQuestion, logger: Logger): Promise<ReadonlyMap<number, number>> {
  const { topic } = question;
  if (!canExchange(broker, epochKey, version)) return untold(logger, { topic, type: 'UNSUPPORTED_VERSION' });
  try {
    const { responses } = await exchange(broker, epochExchange(question));
    const answers = responses.filter(({ topicName }) => topicName === topic).flatMap(({ partitions }) => partitions);
    return new Map(answers.map(({ partition, endOffset }) => [partition, endOffset]));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return untold(logger, { topic, type: failureType(error) });
  }
}

function epochExchange({ topic, partitions }: EpochQuestion): Exchange<EpochAnswers> {
  const encode = async () => {
    const words = newEncoder(0).writeInt32(noReplica).writeInt32(1).writeString(topic).writeInt32(partitions.length);
    for (const { partition, leaderEpoch } of partitions) words.writeInt32(partition).writeInt32(anyLeader).writeInt32(leaderEpoch);
    return words;
  };
  return {
    request: { apiKey: epochKey, apiVersion: version, apiName: 'OffsetForLeaderEpoch', encode },
    response: {
      decode: async bytes => decodeEpochEnds(bytes),
      parse: async decoded => (await parseFetch(decoded)) as EpochAnswers,
    },
  };
}

/** @throws RangeError when the bytes end before the response does. */
function decodeEpochEnds(bytes: Buffer): EpochAnswers {
  const reader = new ResponseReader(bytes);
  const clientSideThrottleTime = reader.int32();
  const responses = reader.array(() => ({ topicName: reader.string(), partitions: reader.array(() => epochAnswer(reader)) }));
  return { clientSideThrottleTime, responses };
}

function epochAnswer(reader: ResponseReader): EpochAnswer {
  const errorCode = reader.int16();
  const partition = reader.int32();
  // The epoch of the end: the one that was asked for, or the greatest below it.
  reader.skip(4);
  return { partition, errorCode, endOffset: reader.int64() };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'KafkaJSProtocolError' && 'retriable' in error && error.retriable === false;
}

function untold(logger: Logger, fields: { readonly topic: string; readonly type: string | undefined }): ReadonlyMap<number, number> {
  const message =
    'the broker does not tell whether the log has lost records that were read, so their loss is noticed at the next start only: ' +
    'expected Kafka 2.3 or newer, and the right to describe the topic';
  if (!warned) logger.warn(fields, message);
  warned = true;
  return new Map();
}
