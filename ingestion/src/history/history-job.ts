/**
 * Loads the bars of the last days once: `1d` and `1m` of each symbol, through a queue of its own, as far as credits are left over. What is
 * done is durable after each answer, so a job that was killed goes on where it was, and one that was done asks for nothing.
 */
import { counted } from '@tapeline/core/counted';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import type { Patience } from '@tapeline/core/patience';
import { nameInPrices } from '@tapeline/core/shards';
import type { MarketStore } from '@tapeline/database/market-store';
import type { WorkItems } from '@tapeline/database/work-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BackfillRequest } from '../backfill/backfill-job.ts';
import { BackfillQueue, type BackfillQueueOptions } from '../backfill/backfill-queue.ts';
import { ItemBackfillStore } from '../backfill/backfill-store.ts';
import { patientItems } from '../backfill/patient-stores.ts';
import type { RestClient, VendorInterval } from '../twelve-data/rest-client.ts';
import { BarLoader, type LoadedBars } from './bar-loader.ts';
import { type DayRange, LoadedRanges } from './loaded-ranges.ts';

export interface HistoryJobOptions {
  readonly client: Pick<RestClient, 'timeSeries'>;
  readonly store: Pick<MarketStore, 'bars'>;
  readonly log: MarketLog;
  readonly jobs: WorkItems;
  /** What of each symbol was queued already. */
  readonly ranges: WorkItems;
  /** Of the bars; `1d` and `1m` are loaded, where they are among them. */
  readonly intervals: readonly Interval[];
  /** As the vendor spells them: bars of `RY:TSX` are named `RY`. */
  readonly symbols: readonly string[];
  /** Pre- and post-market too. @default false */
  readonly extendedHours?: boolean;
  /** So many days (UTC) that are over. */
  readonly days: number;
  /** A window is asked for so long after its end: more than the allowed lateness and the correction horizon, for until then the fold may change it. */
  readonly settleMs: number;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  readonly pause?: BackfillQueueOptions['pause'];
}

export interface HistoryResult extends LoadedBars {
  /** Loads that the vendor refuses; they stay in the queue for the next run. */
  readonly refused: number;
}

const dayMs = 86_400_000;
/** A trading day may end so long after the midnight (UTC) that follows its label. */
const latestDayEndMs = dayMs / 2;
const loadedIntervals = ['1d', '1m'] as const satisfies readonly VendorInterval[];

/**
 * Resolves when all is loaded that the vendor gives, or when the signal aborts.
 * @throws PipelineError `feed.key-refused`, and what no waiting helps against.
 */
export async function runHistoryJob(options: HistoryJobOptions): Promise<HistoryResult> {
  const { logger, registry, signal, symbols, days, clock = Date.now } = options;
  const patience: Patience = { signal, logger };
  const loader = new BarLoader(options);
  const vendorNames = new Map(symbols.map(symbol => [nameInPrices(symbol), symbol]));
  const jobs = new ItemBackfillStore(patientItems(options.jobs, patience));
  const queue = await BackfillQueue.open({
    client: options.client,
    store: jobs,
    take: answer => loader.take(answer, patience),
    vendorSymbol: symbol => vendorNames.get(symbol) ?? symbol,
    extendedHours: options.extendedHours ?? false,
    settleMs: options.settleMs,
    clock,
    ...(options.pause === undefined ? {} : { pause: options.pause }),
    owner: 'history',
    logger,
    registry,
  });
  // What an earlier run left comes first: then it is known what the vendor still refuses.
  await queue.run(signal, 'done');
  const ranges = await LoadedRanges.open(patientItems(options.ranges, patience));
  const refused = new Set((await jobs.all()).map(({ symbol, interval }) => `${symbol} ${interval}`));
  const intervals = loadedIntervals.filter(interval => options.intervals.includes(interval));
  for (const interval of intervals) {
    const wanted = overDays(interval, { nowMs: clock() - options.settleMs, days });
    // More days of what is refused would be refused as well.
    const askable = [...vendorNames.keys()].filter(symbol => !refused.has(`${symbol} ${interval}`));
    for (const symbol of askable) {
      if (!signal.aborted) await queueMissing({ queue, ranges }, { symbol, interval }, wanted);
    }
  }
  await queue.run(signal, 'done');
  const result = { ...loader.bars, refused: queue.progress.refused };
  logger.info({ ...result, symbols: symbols.length, days, isDone: !signal.aborted }, endLine(result, options));
  return result;
}

async function queueMissing(
  { queue, ranges }: { readonly queue: BackfillQueue; readonly ranges: LoadedRanges },
  key: Pick<BackfillRequest, 'symbol' | 'interval'>,
  wanted: DayRange,
): Promise<void> {
  const missing = ranges.missing(key, wanted);
  if (missing.length === 0) return;
  await queue.enqueueAll(missing.map(range => ({ ...key, ...range, reason: 'daily history' })));
  await ranges.add(key, wanted);
}

/** The last days whose windows are all over, of `1d` by their labels. */
function overDays(interval: VendorInterval, { nowMs, days }: { readonly nowMs: number; readonly days: number }): DayRange {
  const latestMs = intervalMs(interval) === dayMs ? nowMs - latestDayEndMs : nowMs;
  const toMs = Math.floor(latestMs / dayMs) * dayMs;
  return { fromMs: toMs - days * dayMs, toMs };
}

function endLine({ loaded, stored, refused }: HistoryResult, { symbols, days, signal }: HistoryJobOptions): string {
  const end = signal.aborted ? 'history is stopped and goes on with the next run' : 'history is loaded';
  const refusals = refused === 0 ? '' : `, ${refused} loads are refused by the vendor`;
  return `${end}: ${counted(symbols.length, 'symbol')}, ${counted(days, 'day')}; ${loaded} bars were missing and are loaded, ${stored} were stored and stay${refusals}`;
}
