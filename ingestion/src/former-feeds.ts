/**
 * When the feeds of a process are others than before, or a feed has another number of shards, symbols belong to other feeds, and some feeds
 * speak no more. Before any of the new ones connects, the log is told that each former one is disconnected, unless it said so itself: so a
 * symbol that another feed takes over has its gap from the last price on.
 */
import { patiently } from '@tapeline/core/patience';
import { pause } from '@tapeline/core/pause';
import { type FeedRecord, type Heartbeat, recordFormat } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { findLastSession, newestRecords, readableRecord, shortestFirst, sizeOf } from './last-session.ts';
import { logEntries } from './log-entries.ts';

export interface FormerFeedsOptions {
  readonly log: MarketLog;
  /** The feeds of this process, which will speak from now on, as `twelve-data/0`. */
  readonly feeds: readonly string[];
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** A feed of another process is listened to for so long at most. @default 5,000 */
  readonly listenMs?: number;
}

/** The newest that a feed said. */
interface LastWord {
  readonly feed: string;
  readonly session: number;
  readonly timeMs: number;
  readonly connected: boolean;
  /** Time of its last heartbeat, or of its session's record. */
  readonly untilMs: number | undefined;
  /** Where it was said: what is said again is another word. */
  readonly offset: number;
}

/** So far back a feed is looked for: it said four heartbeats a second, and nobody wrote much after the last of them. */
const recentRecords = 5_000;
/**
 * A feed of another process may be alive: it says heartbeats four times a second, and a standby takes over within seconds. So it is listened
 * to, however old the time is that it told last: polls tell the begin of their last round. One that is called dead by mistake is believed
 * again with its next heartbeat.
 */
const defaultListenMs = 5_000;
const listenAgainMs = 300;

/** Tries until the log takes it. @throws PipelineError what no trying mends, `record.newer` among it. */
export async function silenceFormerFeeds(options: FormerFeedsOptions): Promise<void> {
  try {
    if (!options.signal.aborted) await patiently('asking the log for former feeds', () => silence(options), options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

async function silence(options: FormerFeedsOptions): Promise<void> {
  const { log, feeds, logger, signal } = options;
  const sources = new Set(feeds.map(sourceOf));
  const partition = (await shortestFirst(log)).find(each => sizeOf(each) > 0)?.partition;
  if (partition === undefined) return;
  const words = await lastWords(log, partition);
  const others = [...words.values()].filter(({ feed }) => !sources.has(sourceOf(feed)));
  const silent = await silentAmong(others, partition, options);
  if (signal.aborted) return;
  const former = [...words.values()].filter(word => silent.includes(word) || !others.includes(word));
  const isAsBefore = former.every(({ feed }) => feeds.includes(feed)) && feeds.every(feed => words.has(feed));
  const unsaid = former.filter(({ connected }) => connected);
  if (isAsBefore || unsaid.length === 0) return;
  const names = unsaid.map(({ feed }) => feed);
  logger.info({ former: names, feeds }, `${names.join(', ')} spoke last, ${feeds.join(', ')} from now on: symbols may change their feed`);
  const partitions = await log.partitionCount(feedTopic.name);
  const last = await Promise.all(unsaid.map(word => disconnected(log, word)));
  await log.append(last.flatMap(heartbeat => logEntries(heartbeat, partitions)));
}

/** Those that did not say that they are disconnected, and say nothing while they are listened to. */
async function silentAmong(words: readonly LastWord[], partition: number, options: FormerFeedsOptions): Promise<readonly LastWord[]> {
  const { log, signal, listenMs = defaultListenMs } = options;
  let quiet = words.filter(({ connected }) => connected);
  for (const endMs = performance.now() + listenMs; quiet.length > 0 && performance.now() < endMs && !signal.aborted; ) {
    await pause(listenAgainMs, signal);
    const now = await lastWords(log, partition);
    quiet = quiet.filter(word => (now.get(word.feed) ?? word).offset === word.offset);
  }
  return quiet;
}

/** Its last heartbeat's time is said again: by that nothing is known of later, and time does not move. */
async function disconnected(log: MarketLog, { feed, session, timeMs, untilMs = timeMs }: LastWord): Promise<Heartbeat> {
  const { lastDataMs } = (await findLastSession(log, feed)) ?? {};
  return { v: recordFormat, kind: 'heartbeat', feed, session, timeMs: untilMs, connected: false, lastDataMs };
}

/** By feed, at the end of a partition. */
async function lastWords(log: MarketLog, partition: number): Promise<ReadonlyMap<string, LastWord>> {
  const words = new Map<string, LastWord>();
  const ends = (await log.offsets(feedTopic.name)).find(each => each.partition === partition);
  if (ends === undefined) return words;
  for await (const { value, offset } of newestRecords(log, ends, recentRecords)) note(words, readableRecord(value), offset);
  return words;
}

function note(words: Map<string, LastWord>, record: FeedRecord | undefined, offset: number): void {
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
    offset,
  });
}

function sourceOf(feed: string): string {
  return feed.split('/', 1)[0] ?? '';
}
