/** The request that writes batches of several partitions, and what a broker answers for each of them. */

import type { Exchange } from './kafka-exchange.ts';
import type { PartedRequest } from './kafka-sending.ts';
import { newEncoder, produceKey, produceResponse } from './kafka-wire.ts';

export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  /** A sealed batch of records. */
  readonly batch: Buffer;
}

/** As kafkajs decodes it: an answer for each partition, errors among them. */
export interface ProduceAnswers {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly partition: number; readonly baseOffset?: string }[];
  }[];
}

export const produceVersion = 7;

const allInSync = -1;
const timeoutMs = 10_000;
/** Produce, version 7 (https://kafka.apache.org/protocol#The_Messages_Produce). Each partition once. */
export function produceExchange(batches: readonly PartitionBatch[]): Exchange<ProduceAnswers> {
  const request: PartedRequest = {
    apiKey: produceKey,
    apiVersion: produceVersion,
    apiName: 'Produce',
    parts: () => partsOf(batches),
    encode: () => Promise.reject(new TypeError('this request is sent in parts')),
  };
  return { request, response: { decode: produceResponse.decode, parse: async decoded => decoded as ProduceAnswers } };
}

/** The batches, and between them what says where they belong. */
function partsOf(batches: readonly PartitionBatch[]): readonly Buffer[] {
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  const parts: Buffer[] = [];
  let words = newEncoder(0).writeString(null).writeInt16(allInSync).writeInt32(timeoutMs).writeInt32(topics.size);
  for (const [topic, ofTopic] of topics) {
    words.writeString(topic).writeInt32(ofTopic.length);
    for (const { partition, batch } of ofTopic) {
      words.writeInt32(partition).writeInt32(batch.length);
      parts.push(words.buffer, batch);
      words = newEncoder(0);
    }
  }
  return parts;
}

/** The offset of the first record of a batch that was written. */
export function baseOffsetOf({ topics }: ProduceAnswers, { topic, partition }: PartitionBatch): number | undefined {
  const answer = topics.find(({ topicName }) => topicName === topic)?.partitions.find(one => one.partition === partition);
  return answer?.baseOffset === undefined ? undefined : Number(answer.baseOffset);
}

/** kafkajs' error for what the broker said of this partition; `undefined` when it was written. */
export async function refusalOf({ topics }: ProduceAnswers, { topic, partition }: PartitionBatch): Promise<unknown> {
  const answer = topics.find(({ topicName }) => topicName === topic)?.partitions.find(one => one.partition === partition);
  if (answer === undefined) return new TypeError(`the broker said nothing about ${topic}/${partition}`);
  try {
    await produceResponse.parse({ topics: [{ topicName: topic, partitions: [answer] }] });
    return undefined;
  } catch (refusal) {
    return refusal;
  }
}
