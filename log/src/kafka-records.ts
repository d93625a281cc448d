/** Makes records of the log out of what kafkajs decoded: the way back when its responses cannot be read in place. */
import type { LogBatch, LogRecord } from './market-log.ts';
import { plainBatch } from './plain-batch.ts';

interface FetchedMessage {
  readonly offset: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** A mark of a transaction's end: it takes an offset and carries nothing. */
  readonly isControlRecord?: boolean;
}

/** One partition of a fetch response, as kafkajs decodes it. */
export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: readonly FetchedMessage[];
}

/** The partitions of `topic` in a fetch response. */
export function fetchedPartitions(response: unknown, topic: string): readonly FetchedPartition[] {
  const { responses } = response as { responses: readonly { topicName: string; partitions: readonly FetchedPartition[] }[] };
  return responses.filter(({ topicName }) => topicName === topic).flatMap(({ partitions }) => partitions);
}

/**
 * The records in `[fromOffset, toOffset)`; `undefined` when there are none (a compressed batch may begin before the offset that was
 * asked for, and control records are not given). Their bytes are copied into one piece: a slice would keep the whole
 * response alive for as long as one slow partition is not read.
 */
export function toBatch(topic: string, fetched: FetchedPartition, fromOffset: number, toOffset: number): LogBatch | undefined {
  const isWanted = (offset: number) => offset >= fromOffset && offset < toOffset;
  const wanted = fetched.messages.filter(({ offset, isControlRecord }) => isControlRecord !== true && isWanted(Number(offset)));
  if (wanted.length === 0) return undefined;
  const bytes = new Uint8Array(wanted.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0));
  let end = 0;
  const copy = (source: Uint8Array | null): Uint8Array | undefined => {
    if (source === null) return undefined;
    const start = end;
    bytes.set(source, start);
    end += source.length;
    return bytes.subarray(start, end);
  };
  const records = wanted.map(({ offset, key, value }): LogRecord => ({ offset: Number(offset), key: copy(key), value: copy(value) }));
  return plainBatch({ topic, partition: fetched.partition, records, highWatermark: Number(fetched.highWatermark) });
}
