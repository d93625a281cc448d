/**
 * When the feeds of a process are others than before, or a feed has another number of shards, symbols belong to other feeds, and some feeds
 * speak no more. Before any of the new ones connects, the log is told that each former one is disconnected, unless it said so itself: so a
 * symbol that another feed takes over has its gap from the last price on.
 */
import { isPassing, reasonOf } from '@tapeline/core/errors';
import { type FeedRecord, type Heartbeat, recordFormat } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { BackOff, pause } from './back-off.ts';
import { findLastSession, readableRecord, shortestFirst, sizeOf } from './last-session.ts';
import { logEntries } from './log-entries.ts';

export interface FormerFeedsOptions {
  readonly log: MarketLog;
  /** The feeds of this process, which will speak from now on, as `twelve-data/0`. */
  readonly feeds: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The newest that a feed said. */
interface LastWord {
  readonly feed: string;
  readonly session: number;
  readonly timeMs: number;
  readonly connected: boolean;
  /** Time of its last heartbeat, or of its session's record. */
  readonly untilMs: number | undefined;
}

/** So far back a feed is looked for: it said four heartbeats a second, and nobody wrote much after the last of them. */
const recentRecords = 5_000;
/**
 * A feed of another process may be alive: it says heartbeats four times a second, yahoo one a round, and a standby takes over within seconds.
 * One that is called dead by mistake is believed again with its next heartbeat.
 */
const silentMs = 60_000;

/** Tries until the log takes it. @throws PipelineError what no trying mends, `record.newer` among it. */
export async function silenceFormerFeeds(options: FormerFeedsOptions): Promise<void> {
  const { logger, signal } = options;
  const backOff = new BackOff();
  while (!signal.aborted) {
    try {
      return await silence(options);
    } catch (error) {
      if (!isPassing(error)) throw error;
      const waitMs = backOff.nextMs();
      logger.error(
        { code: error.code, waitMs },
        `the log cannot be asked for former feeds: ${reasonOf(error)}; trying again in ${waitMs} ms`,
      );
      await pause(waitMs, signal);
    }
  }
}

async function silence({ log, feeds, clock, logger }: FormerFeedsOptions): Promise<void> {
  const nowMs = clock();
  const sources = new Set(feeds.map(sourceOf));
  const words = await lastWords(log);
  const former = [...words.values()].filter(({ feed, timeMs }) => sources.has(sourceOf(feed)) || nowMs - timeMs >= silentMs);
  const isSame = former.every(({ feed }) => feeds.includes(feed)) && feeds.every(feed => words.has(feed));
  const unsaid = former.filter(({ connected }) => connected);
  if (isSame || unsaid.length === 0) return;
  const names = unsaid.map(({ feed }) => feed);
  logger.info({ former: names, feeds }, `${names.join(', ')} spoke last, ${feeds.join(', ')} from now on: symbols may change their feed`);
  const partitions = await log.partitionCount(feedTopic.name);
  const last = await Promise.all(unsaid.map(word => disconnected(log, word)));
  await log.append(last.flatMap(heartbeat => logEntries(heartbeat, partitions)));
}

/** Its last heartbeat's time is said again: by that nothing is known of later, and time does not move. */
async function disconnected(log: MarketLog, { feed, session, timeMs, untilMs = timeMs }: LastWord): Promise<Heartbeat> {
  const { lastDataMs } = (await findLastSession(log, feed)) ?? {};
  return { v: recordFormat, kind: 'heartbeat', feed, session, timeMs: untilMs, connected: false, lastDataMs };
}

/** By feed, at the end of the log. */
async function lastWords(log: MarketLog): Promise<ReadonlyMap<string, LastWord>> {
  const quietest = (await shortestFirst(log)).find(each => sizeOf(each) > 0);
  const words = new Map<string, LastWord>();
  if (quietest === undefined) return words;
  const { partition, lowOffset, highWatermark: toOffset } = quietest;
  const fromOffset = Math.max(lowOffset, toOffset - recentRecords);
  for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset, toOffset })) {
    for (const { value } of batch.records) note(words, readableRecord(value));
  }
  return words;
}

function note(words: Map<string, LastWord>, record: FeedRecord | undefined): void {
  if (record?.kind !== 'heartbeat' && record?.kind !== 'session' && record?.kind !== 'tick') return;
  const { feed, session } = record;
  const known = words.get(feed);
  if (known !== undefined && known.session > session) return;
  const isTick = record.kind === 'tick';
  words.set(feed, {
    feed,
    session,
    timeMs: isTick ? record.receivedTimeMs : record.timeMs,
    connected: record.kind !== 'heartbeat' || record.connected,
    untilMs: isTick ? (known?.session === session ? known.untilMs : undefined) : record.timeMs,
  });
}

function sourceOf(feed: string): string {
  return feed.split('/', 1)[0] ?? '';
}
