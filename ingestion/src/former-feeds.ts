/**
 * When a feed comes back with another number of shards, symbols belong to other shards than before, and some shards speak no more. Before any of
 * them connects, the log is told that each former one is disconnected: so a symbol that another shard takes over has its gap from the last price on.
 */
import { hasCode, isPassing, reasonOf } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, type Heartbeat, recordFormat } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { BackOff, pause } from './back-off.ts';
import { logEntries } from './log-entries.ts';

export interface FormerShardsOptions {
  readonly log: MarketLog;
  /** The shards that will speak from now on, as `twelve-data/0`; all of one source. */
  readonly feeds: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** So far back a shard is looked for: it said four heartbeats a second, and nobody wrote much after the last of them. */
const recentRecords = 5_000;

/** Tries until the log takes it. @throws PipelineError what no trying mends, `record.newer` among it. */
export async function silenceFormerShards(options: FormerShardsOptions): Promise<void> {
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
        `the log cannot be asked for former shards: ${reasonOf(error)}; trying again in ${waitMs} ms`,
      );
      await pause(waitMs, signal);
    }
  }
}

async function silence({ log, feeds, clock, logger }: FormerShardsOptions): Promise<void> {
  const source = feeds[0]?.split('/', 1)[0] ?? '';
  const former = await formerShards(log, source);
  const isSame = former.size === feeds.length && feeds.every(feed => former.has(feed));
  if (former.size === 0 || isSame) return;
  logger.info(
    { former: [...former.keys()], feeds },
    `${source} had ${former.size} shards and has ${feeds.length} now: symbols change their shard`,
  );
  const partitions = await log.partitionCount(feedTopic.name);
  const timeMs = clock();
  const last = [...former.values()].map((heartbeat): Heartbeat => ({ ...heartbeat, timeMs, connected: false }));
  await log.append(last.flatMap(heartbeat => logEntries(heartbeat, partitions)));
}

/** The newest word of each shard of a source at the end of the log, as a heartbeat. */
async function formerShards(log: MarketLog, source: string): Promise<ReadonlyMap<string, Heartbeat>> {
  const partitions = (await log.offsets(feedTopic.name)).filter(({ lowOffset, highWatermark }) => highWatermark > lowOffset);
  const [quietest] = partitions.sort((a, b) => a.highWatermark - a.lowOffset - (b.highWatermark - b.lowOffset));
  const found = new Map<string, Heartbeat>();
  if (quietest === undefined) return found;
  const { partition, lowOffset, highWatermark: toOffset } = quietest;
  const fromOffset = Math.max(lowOffset, toOffset - recentRecords);
  for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset, toOffset })) {
    for (const { value } of batch.records) note(found, readable(value), source);
  }
  return found;
}

function note(found: Map<string, Heartbeat>, record: FeedRecord | undefined, source: string): void {
  if (record?.kind !== 'heartbeat' && record?.kind !== 'session' && record?.kind !== 'tick') return;
  const { feed, session, timeMs } = record;
  if (!feed.startsWith(`${source}/`)) return;
  const known = found.get(feed);
  if (known !== undefined && known.session > session) return;
  const said = record.kind === 'tick' ? record.receivedTimeMs : record.kind === 'heartbeat' ? record.lastDataMs : undefined;
  const lastDataMs = said ?? (known?.session === session ? known.lastDataMs : undefined);
  found.set(feed, { v: recordFormat, kind: 'heartbeat', feed, session, timeMs, connected: false, lastDataMs });
}

function readable(value: Uint8Array | undefined): FeedRecord | undefined {
  try {
    return decodeRecord(value);
  } catch (error) {
    if (hasCode(error, 'record.invalid')) return undefined;
    throw error;
  }
}
