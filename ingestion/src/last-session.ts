/** Finds in the log how far a feed got, so that the next process goes on numbering and its gap starts at the last price. */
import { hasCode } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { LogRecord, MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import type { LastSession } from './feed.ts';

/** What one partition knows of a feed's newest session. */
interface Finding {
  readonly session: number;
  readonly lastDataMs: number | undefined;
  /** When the session began, if its record was met. */
  readonly startMs: number | undefined;
}

const firstStep = 1_000;
const longestStep = 64_000;
/** For a session without prices its begin is looked for only so far back, through its heartbeats. */
const patienceRecords = 200_000;

/**
 * Reads the feed topic backwards from its end until every partition has shown the feed's newest session or heartbeat.
 * @returns `undefined` when the log knows nothing of the feed, or when the topic does not exist yet.
 * @throws PipelineError `log.unavailable`; `record.newer` when a newer ingester wrote: upgrade first.
 */
export async function findLastSession(log: MarketLog, feed: string): Promise<LastSession | undefined> {
  const partitions = [...(await log.offsets(feedTopic.name))].sort((a, b) => sizeOf(a) - sizeOf(b));
  const findings: Finding[] = [];
  for (const partition of partitions) {
    const found = await searched(log, feed, partition);
    // A session is told to every partition: one that never heard of the feed speaks for all.
    if (found === undefined && sizeOf(partition) > 0) break;
    if (found !== undefined) findings.push(found);
  }
  if (findings.length === 0) return undefined;
  const session = Math.max(...findings.map(finding => finding.session));
  const newest = findings.filter(finding => finding.session === session);
  const lastDataMs = latest(newest.map(finding => finding.lastDataMs)) ?? latest(newest.map(finding => finding.startMs));
  return { session, reason: 'ended without a word', lastDataMs };
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
      for (const record of records) found = merged(found, findingIn(record, feed));
    }
    end = start;
  }
  return found;
}

/** A session record or a known receipt is enough. */
function isEnough(found: Finding | undefined, readRecords: number): boolean {
  if (found === undefined) return false;
  return found.lastDataMs !== undefined || found.startMs !== undefined || readRecords >= patienceRecords;
}

function findingIn({ value }: LogRecord, feed: string): Finding | undefined {
  try {
    return findingOf(decodeRecord(value), feed);
  } catch (error) {
    if (hasCode(error, 'record.invalid')) return undefined;
    throw error;
  }
}

function findingOf(record: FeedRecord, feed: string): Finding | undefined {
  if (!('feed' in record) || record.feed !== feed) return undefined;
  const { session } = record;
  if (record.kind === 'tick') return { session, lastDataMs: record.receivedTimeMs, startMs: undefined };
  if (record.kind === 'heartbeat') return { session, lastDataMs: record.lastDataMs, startMs: undefined };
  return { session, lastDataMs: undefined, startMs: record.kind === 'session' ? record.timeMs : undefined };
}

function merged(a: Finding | undefined, b: Finding | undefined): Finding | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.session !== b.session) return a.session > b.session ? a : b;
  return { session: a.session, lastDataMs: latest([a.lastDataMs, b.lastDataMs]), startMs: latest([a.startMs, b.startMs]) };
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter(time => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function sizeOf({ lowOffset, highWatermark }: PartitionOffsets): number {
  return highWatermark - lowOffset;
}
