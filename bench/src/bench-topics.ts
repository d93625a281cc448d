/** The topics of the benchmarks: filled once with the load, kept, and read by everybody. */
import { feedTopic, topics } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { type LoadRecord, loadDefaults, loadRecordCount, loadRecords } from './load.ts';
import { LoadBlocks } from './load-blocks.ts';

/** Which load a topic holds. */
export interface BenchTopic {
  readonly ticks: number;
  readonly symbols: number;
}

const recordsPerAppend = 8_000;
const appendsInFlight = 4;
const resultRetentionMs = 600_000;

/** `bench-10000000-1000.`: what stands before the name of each topic. */
export function topicPrefix(topic: BenchTopic): string {
  return `bench-${topic.ticks}-${topic.symbols}.`;
}

/** The name of the feed topic as brokers know it. */
export function feedTopicOf(topic: BenchTopic): string {
  return `${topicPrefix(topic)}${feedTopic.name}`;
}

/**
 * Creates the topics of one pipeline under `prefix`; results are kept for ten minutes at most.
 * @param feedRetentionMs of the feed; -1 for ever
 */
export async function ensureBenchTopics(log: MarketLog, prefix: string, feedRetentionMs = -1): Promise<MarketLog> {
  const prefixed = prefixedLog(log, prefix);
  await prefixed.ensureTopics(
    topics.map(({ name, partitions = loadDefaults.partitions }) => ({
      name,
      partitions,
      retentionMs: name === feedTopic.name ? feedRetentionMs : resultRetentionMs,
    })),
  );
  return prefixed;
}

/**
 * Fills the feed topic with its load, or what is missing of it: the load of a partition is always the same, so an interrupted
 * filling goes on where it stopped.
 */
export async function fillTopic(log: MarketLog, topic: BenchTopic, onProgress: (records: number, of: number) => void): Promise<void> {
  const prefixed = await ensureBenchTopics(log, topicPrefix(topic));
  const total = loadRecordCount(topic.ticks, topic);
  const offsets = await prefixed.offsets(feedTopic.name);
  const present = offsets.map(({ highWatermark }) => highWatermark);
  let count = present.reduce((sum, records) => sum + records, 0);
  if (count > total)
    throw new RangeError(`${feedTopicOf(topic)} holds ${count} records, expected ${total}: remove it, another load wrote there`);
  if (count === total) return;
  const blocks = new LoadBlocks();
  const inFlight: Promise<void>[] = [];
  const flush = async (): Promise<void> => {
    count += blocks.count;
    inFlight.push(prefixed.appendBlocks(blocks.take()));
    if (inFlight.length > appendsInFlight) await inFlight.shift();
    onProgress(count, total);
  };
  for (const record of missingRecords(topic, present)) {
    blocks.add(record);
    if (blocks.count >= recordsPerAppend) await flush();
  }
  await flush();
  await Promise.all(inFlight);
}

function* missingRecords(topic: BenchTopic, present: readonly number[]): Generator<LoadRecord> {
  const next = new Array<number>(present.length).fill(0);
  for (const record of loadRecords(topic.ticks, topic)) {
    const offset = next[record.partition] ?? 0;
    next[record.partition] = offset + 1;
    if (offset >= (present[record.partition] ?? 0)) yield record;
  }
}
