import { type DeadLetter, deadLetterIn } from '@tapeline/core/dead-letters';
import { PipelineError } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, type Heartbeat, recordTimeMs } from '@tapeline/core/records';
import { deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import type { LogRecord, MarketLog, PartitionOffsets } from '@tapeline/log/market-log';

type ReadableLog = Pick<MarketLog, 'offsets' | 'read'>;

/** Each feed's last heartbeat is looked for so far back, in the partition that has the fewest records. */
const feedRecords = 20_000;
const mostDeadLetters = 20_000;

/** The last heartbeat of each feed that is found near the end of the log, by feed. @throws PipelineError `log.unavailable`. */
export async function lastHeartbeats(log: ReadableLog, partitions: readonly PartitionOffsets[]): Promise<ReadonlyMap<string, Heartbeat>> {
  const [shortest] = [...partitions].sort((a, b) => sizeOf(a) - sizeOf(b));
  const last = new Map<string, Heartbeat>();
  if (shortest === undefined) return last;
  for await (const { key, value } of endOf(log, feedTopic.name, shortest, feedRecords)) {
    // Only records without a key are decoded: ticks have one.
    const record = key === undefined ? readable(() => decodeRecord(value)) : undefined;
    if (record?.kind === 'heartbeat') last.set(record.feed, record);
  }
  return last;
}

/** When the record at an offset, or the first one behind it, came; `undefined` when it cannot be read. */
export async function timeAt(log: ReadableLog, partition: number, fromOffset: number, toOffset: number): Promise<number | undefined> {
  for await (const { records } of log.read({ topic: feedTopic.name, partition, fromOffset, toOffset })) {
    for (const { value } of records) {
      const record: FeedRecord | undefined = readable(() => decodeRecord(value));
      if (record !== undefined) return recordTimeMs(record);
    }
  }
  return undefined;
}

/** Dead letters of a while, summed up. */
export interface RecentDeadLetters {
  readonly byReason: ReadonlyMap<string, number>;
  /** True when there may be more than were looked at. */
  readonly isCut: boolean;
  /** The last one that is `not-owner`: of whom, and why. */
  readonly lastNotOwner?: { readonly sender: string; readonly detail: string } | undefined;
}

/** How many dead letters since a time have which reason. */
export async function deadLettersSince(log: ReadableLog, sinceMs: number): Promise<RecentDeadLetters> {
  const byReason = new Map<string, number>();
  let isCut = false;
  let notOwner: DeadLetter | undefined;
  const places = new Set<string>();
  for (const partition of await log.offsets(deadLetterTopic.name)) {
    let isFirst = true;
    for await (const { value } of endOf(log, deadLetterTopic.name, partition, mostDeadLetters)) {
      const letter = deadLetterIn(value);
      const isRecent = letter !== undefined && letter.timeMs >= sinceMs;
      isCut ||= isFirst && isRecent && sizeOf(partition) > mostDeadLetters;
      isFirst = false;
      if (!isRecent || isRepeated(letter, places)) continue;
      byReason.set(letter.reason, (byReason.get(letter.reason) ?? 0) + 1);
      if (letter.reason === 'not-owner') notOwner = letter;
    }
  }
  return { byReason, isCut, lastNotOwner: notOwner && { sender: senderOf(notOwner), detail: notOwner.detail } };
}

/** A record that a restarted processor meets again is refused again: the letter stands there twice, with the same place in the log. */
function isRepeated({ origin }: DeadLetter, places: Set<string>): boolean {
  if (!/@\d+$/.test(origin)) return false;
  const before = places.size;
  return places.add(origin).size === before;
}

/** The feed whose record was refused. */
function senderOf({ value, origin }: DeadLetter): string {
  const record = readable(() => decodeRecord(Buffer.from(value)));
  return record !== undefined && 'feed' in record ? record.feed : origin;
}

async function* endOf(
  log: ReadableLog,
  topic: string,
  offsets: PartitionOffsets,
  most: number,
): AsyncGenerator<LogRecord, void, undefined> {
  const { partition, lowOffset, highWatermark: toOffset } = offsets;
  const fromOffset = Math.max(lowOffset, toOffset - most);
  if (fromOffset >= toOffset) return;
  for await (const { records } of log.read({ topic, partition, fromOffset, toOffset })) yield* records;
}

/** What is no record of ours is passed over here: the fold tells of it. */
function readable<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof PipelineError && error.retriable) throw error;
    return undefined;
  }
}

function sizeOf({ lowOffset, highWatermark }: PartitionOffsets): number {
  return highWatermark - lowOffset;
}
