/** Finds in the log how far a feed got, so that the next process goes on numbering and its gap starts at the last price. */
import { hasCode } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { LogRecord, MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import type { LastSession } from './feed.ts';
import { standstillMs } from './session.ts';

/** What is known of a feed's newest session: by one record, by a partition, by all. */
interface Finding {
  readonly session: number;
  /** Receipt of the newest tick that was met. */
  readonly tickMs?: number | undefined;
  /** Until the newest heartbeat nothing is missing. */
  readonly whole?: { readonly untilMs: number; readonly lastDataMs: number | undefined } | undefined;
  /** When the session began, if its record was met. */
  readonly startMs?: number | undefined;
  /** How it ended, where a heartbeat after its end tells so. */
  readonly endReason?: string | undefined;
}

const firstStep = 1_000;
const longestStep = 64_000;
/** The begin of a session without prices, and a heartbeat before its last prices, are looked for only so far back. */
const patienceRecords = 200_000;

/**
 * Reads the feed topic backwards from its end until every partition has shown the feed's newest session or heartbeat.
 * @returns `undefined` when the log knows nothing of the feed, or when the topic does not exist yet.
 * @throws PipelineError `log.unavailable`; `record.newer` when a newer ingester wrote: upgrade first.
 */
export async function findLastSession(log: MarketLog, feed: string): Promise<LastSession | undefined> {
  const partitions = await shortestFirst(log);
  const findings: Finding[] = [];
  for (const partition of partitions) {
    const found = await searched(log, feed, partition);
    // A session is told to every partition: one that never heard of the feed speaks for all.
    if (found === undefined && sizeOf(partition) > 0) break;
    if (found !== undefined) findings.push(found);
  }
  const found = findings.reduce<Finding | undefined>(merged, undefined);
  if (found === undefined) return undefined;
  const { session, endReason: reason = 'ended without a word' } = found;
  const wholes = findings.flatMap(each => (each.session === session && each.whole !== undefined ? [each.whole] : []));
  const everywhere = wholes.reduce<Finding['whole']>(
    (oldest, each) => (oldest && oldest.untilMs <= each.untilMs ? oldest : each),
    undefined,
  );
  return { session, reason, lastDataMs: lastDataOf(found, everywhere) };
}

/**
 * The last price. The last one before the last heartbeat that is `everywhere`, where
 * - not all partitions have the newest one: one of them did not take its part of an append, which prices may have been in, too
 * - no heartbeat was near it: what a process received after it stood still had waited in the socket, see {@link Session.standstill}, and this
 *   one was killed before it could tell so
 */
function lastDataOf({ tickMs, whole, startMs }: Finding, everywhere: Finding['whole']): number | undefined {
  if (whole === undefined || everywhere === undefined) return tickMs ?? startMs;
  const { untilMs } = everywhere;
  const isHeldUp = tickMs !== undefined && tickMs - untilMs >= standstillMs;
  if (untilMs < whole.untilMs || isHeldUp) return everywhere.lastDataMs ?? Math.min(startMs ?? untilMs, untilMs);
  return latest([tickMs, whole.lastDataMs]) ?? startMs;
}

/** The partitions of the feeds' topic: what is told to every one is found soonest in the one that has the fewest records. */
export async function shortestFirst(log: Pick<MarketLog, 'offsets'>): Promise<readonly PartitionOffsets[]> {
  return [...(await log.offsets(feedTopic.name))].sort((a, b) => sizeOf(a) - sizeOf(b));
}

/** The last `most` records of a partition of the feeds' topic, in order, or all where there are fewer. */
export async function* newestRecords(
  log: Pick<MarketLog, 'read'>,
  { partition, lowOffset, highWatermark: toOffset }: PartitionOffsets,
  most: number,
  signal?: AbortSignal,
): AsyncGenerator<LogRecord, void, void> {
  const fromOffset = Math.max(lowOffset, toOffset - most);
  for await (const { records } of log.read({ topic: feedTopic.name, partition, fromOffset, toOffset, signal })) yield* records;
}

async function searched(
  log: MarketLog,
  feed: string,
  { partition, lowOffset, highWatermark }: PartitionOffsets,
): Promise<Finding | undefined> {
  let found: Finding | undefined;
  let step = firstStep;
  for (let end = highWatermark; end > lowOffset && !isEnough(found, highWatermark - end); step = Math.min(step * 4, longestStep)) {
    const start = Math.max(lowOffset, end - step);
    for await (const { records } of log.read({ topic: feedTopic.name, partition, fromOffset: start, toOffset: end })) {
      for (const record of records) found = merged(found, findingOf(recordOfFeed(record.value, feed)));
    }
    end = start;
  }
  return found;
}

/** A session record is enough, or a heartbeat with a price before it. */
function isEnough(found: Finding | undefined, readRecords: number): boolean {
  if (found === undefined) return false;
  const { tickMs, whole, startMs } = found;
  const isKnown = whole !== undefined && (tickMs ?? whole.lastDataMs) !== undefined;
  return isKnown || startMs !== undefined || readRecords >= patienceRecords;
}

/** A record of the log that names its feed. */
export type RecordOfFeed = Extract<FeedRecord, { readonly feed: string }>;

/** The record in these bytes, if it is one of the feed. @throws PipelineError `record.newer`. */
export function recordOfFeed(value: LogRecord['value'], feed: string): RecordOfFeed | undefined {
  const record = readableRecord(value);
  return record !== undefined && 'feed' in record && record.feed === feed ? record : undefined;
}

/** The record in these bytes; what is no record of ours is passed over. @throws PipelineError `record.newer`. */
export function readableRecord(value: LogRecord['value']): FeedRecord | undefined {
  try {
    return decodeRecord(value);
  } catch (error) {
    if (hasCode(error, 'record.invalid')) return undefined;
    throw error;
  }
}

function findingOf(record: RecordOfFeed | undefined): Finding | undefined {
  if (record === undefined) return undefined;
  const { session } = record;
  if (record.kind === 'tick') return { session, tickMs: record.receivedTimeMs };
  if (record.kind === 'heartbeat') {
    const { timeMs: untilMs, lastDataMs, endReason } = record;
    return { session, whole: { untilMs, lastDataMs }, endReason };
  }
  return { session, startMs: record.kind === 'session' ? record.timeMs : undefined };
}

function merged(a: Finding | undefined, b: Finding | undefined): Finding | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.session !== b.session) return a.session > b.session ? a : b;
  return {
    session: a.session,
    tickMs: latest([a.tickMs, b.tickMs]),
    whole: newest(a.whole, b.whole),
    startMs: latest([a.startMs, b.startMs]),
    endReason: a.endReason ?? b.endReason,
  };
}

/** One that is told again for a session's record may know of prices that came since. */
function newest(a: Finding['whole'], b: Finding['whole']): Finding['whole'] {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.untilMs !== b.untilMs) return a.untilMs > b.untilMs ? a : b;
  return (a.lastDataMs ?? 0) < (b.lastDataMs ?? 0) ? a : b;
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter(time => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

export function sizeOf({ lowOffset, highWatermark }: PartitionOffsets): number {
  return highWatermark - lowOffset;
}
