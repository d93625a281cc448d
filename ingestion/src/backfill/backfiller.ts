/**
 * Looks for what is to be asked of the vendor (gaps that are not filled, ticks that came too late, days that were not compared), queues it, and has the answers
 * carried out. It writes nothing but `history` records into the log: the fold stays the only writer of bars.
 */
import { counted } from '@tapeline/core/counted';
import { isPassing } from '@tapeline/core/errors';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import type { Patience } from '@tapeline/core/patience';
import { pause } from '@tapeline/core/pause';
import { nameInPrices } from '@tapeline/core/shards';
import type { Gap, MarketStore } from '@tapeline/database/market-store';
import type { WorkItems } from '@tapeline/database/work-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { isVendorInterval, type RestClient, type VendorInterval } from '../twelve-data/rest-client.ts';
import type { BackfillRequest } from './backfill-job.ts';
import { BackfillQueue } from './backfill-queue.ts';
import { ItemBackfillStore } from './backfill-store.ts';
import type { Tolerance } from './comparison.ts';
import { GapFiller } from './gap-filler.ts';
import { isComparable } from './history-records.ts';
import { HistoryWriter } from './history-writer.ts';
import { comparisonsOf, readLateTicks } from './late-ticks.ts';
import { Notes } from './notes.ts';
import { patientItems } from './patient-stores.ts';
import { Reconciler } from './reconciler.ts';

export interface BackfillerOptions {
  readonly client: Pick<RestClient, 'timeSeries'>;
  readonly store: Pick<MarketStore, 'bars' | 'gaps'>;
  readonly log: MarketLog;
  readonly jobs: WorkItems;
  readonly notes: WorkItems;
  /** Of the bars; those that the vendor has are asked for. */
  readonly intervals: readonly Interval[];
  /** What the feed subscribes to now, as the vendor spells it (prices of `RY:TSX` are named `RY`); the same array until it changes. */
  readonly symbolsNow: () => readonly string[];
  /** Pre- and post-market too, as the feed has them. @default false */
  readonly extendedHours?: boolean;
  readonly tolerance: Tolerance;
  /** A window is asked for so long after its end: more than the allowed lateness and the correction horizon, for until then the fold may change it. */
  readonly settleMs: number;
  /** How often the store is looked at for gaps. @default 15,000 */
  readonly lookIntervalMs?: number;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Gaps that ended before are left as they are. */
const lookBackMs = 7 * dayMs;
/** Gaps that reach into that time may have begun so long ago, as those of a laptop that was off; they are rare, so looked for now and then. */
const longestGapMs = 31 * dayMs;
const longGapsEveryMs = 600_000;
const mostGapsOfLook = 50_000;
/** Labels of trading days that a moment may fall into: a day may end 12 h after its date does, and begin 13 h before. */
const dayLabelReach = { backMs: 12 * hourMs, aheadMs: 13 * hourMs };

/**
 * Runs until the signal aborts.
 * @throws PipelineError `feed.key-refused`, and what no waiting helps against.
 */
export async function runBackfiller(options: BackfillerOptions): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const running: Promise<void>[] = [];
  try {
    const { queue, lookout } = await openBackfiller({ ...options, signal });
    // A former process may have queued a part of what a gap asks for: the rest has to be known before that part is worked on.
    running.push(
      lookout.hasLooked.then(() => queue.run(signal)),
      lookout.run(signal),
    );
    await Promise.all(running);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    ended.abort();
    await Promise.allSettled(running);
  }
}

async function openBackfiller(options: BackfillerOptions) {
  const { client, store, log, logger, registry, settleMs, tolerance, clock = Date.now } = options;
  const patience: Patience = { signal: options.signal, logger };
  const writer = new HistoryWriter(log, registry, 'backfiller');
  const filler = new GapFiller({ store, writer, logger });
  const reconciler = new Reconciler({ store, writer, tolerance, logger, registry });
  const names = new VendorNames(options.symbolsNow);
  const queue = await BackfillQueue.open({
    client,
    store: new ItemBackfillStore(patientItems(options.jobs, patience)),
    take: answer => (answer.job.kind === 'fill' ? filler : reconciler).take(answer, patience),
    vendorSymbol: symbol => names.of(symbol),
    extendedHours: options.extendedHours ?? false,
    settleMs,
    clock,
    logger,
    registry,
  });
  const notes = await Notes.open(patientItems(options.notes, patience));
  return { queue, lookout: new Lookout({ ...options, clock, queue, notes, names }) };
}

interface LookoutOptions extends Omit<BackfillerOptions, 'notes'> {
  readonly clock: () => number;
  readonly queue: BackfillQueue;
  readonly notes: Notes;
  readonly names: VendorNames;
}

/** Our symbols, and how the vendor spells them. */
class VendorNames {
  readonly #symbolsNow: () => readonly string[];
  #asked: readonly string[] | undefined;
  #names: ReadonlyMap<string, string> = new Map();

  constructor(symbolsNow: () => readonly string[]) {
    this.#symbolsNow = symbolsNow;
  }

  symbols(): readonly string[] {
    return [...this.#now().keys()];
  }

  has(symbol: string): boolean {
    return this.#now().has(symbol);
  }

  /** As it is, of a symbol that is not among ours any more. */
  of(symbol: string): string {
    return this.#now().get(symbol) ?? symbol;
  }

  #now(): ReadonlyMap<string, string> {
    const symbols = this.#symbolsNow();
    if (symbols !== this.#asked) this.#names = new Map(symbols.map(symbol => [nameInPrices(symbol), symbol]));
    this.#asked = symbols;
    return this.#names;
  }
}

/** Finds work in the store. */
class Lookout {
  readonly #options: LookoutOptions;
  readonly #intervals: readonly VendorInterval[];
  readonly #firstLook = Promise.withResolvers<void>();
  #nextLongGapsMs = 0;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#intervals = options.intervals.filter(isVendorInterval);
  }

  /** Resolves after the first look, also one that failed: the queue may be too full for it. */
  get hasLooked(): Promise<void> {
    return this.#firstLook.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { logger, lookIntervalMs = 15_000 } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#look(signal);
      } catch (error) {
        if (!isPassing(error)) throw error;
        logger.warn({ code: error.code }, `gaps could not be looked for: ${error.message}; trying again`);
      } finally {
        this.#firstLook.resolve();
      }
      await pause(lookIntervalMs, signal);
    }
    // One that was stopped before it looked at all.
    this.#firstLook.resolve();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, notes, queue } = this.#options;
    const nowMs = clock();
    // Before more is queued: what is refused may have filled the queue.
    await queue.forgetRefused(nowMs - lookBackMs - dayMs);
    const due = (await this.#gaps(nowMs)).filter(gap => notes.isDue(gap, nowMs));
    for (const gaps of Map.groupBy(due, ({ symbol }) => symbol).values()) {
      if (signal.aborted) return;
      await this.#queueGaps(gaps);
      for (const gap of gaps) await notes.looked(gap, nowMs);
    }
    await this.#queueLateTicks(nowMs, signal);
    await this.#queueDays(nowMs, signal);
    await notes.forget(nowMs - lookBackMs - dayMs);
  }

  /** Gaps that are not filled and ended within the last week, of our symbols, the oldest first. */
  async #gaps(nowMs: number): Promise<readonly Gap[]> {
    const lookFromMs = nowMs - lookBackMs;
    const recent = await this.#gapsThatBegan(lookFromMs, nowMs);
    if (nowMs < this.#nextLongGapsMs) return recent;
    const older = await this.#gapsThatBegan(nowMs - longestGapMs, lookFromMs);
    this.#nextLongGapsMs = nowMs + longGapsEveryMs;
    return [...older.filter(({ toMs }) => toMs > lookFromMs), ...recent];
  }

  async #gapsThatBegan(beginMs: number, endMs: number): Promise<readonly Gap[]> {
    const isOurs = ({ filled, symbol }: Gap) => !filled && this.#options.names.has(symbol);
    const gaps: Gap[] = [];
    for (let fromMs = beginMs; fromMs < endMs; ) {
      const toMs = Math.min(endMs, fromMs + dayMs);
      const found = await this.#options.store.gaps({ fromMs, toMs, limit: mostGapsOfLook });
      const restMs = found.length < mostGapsOfLook ? toMs : startOfRest(found);
      gaps.push(...found.filter(gap => gap.fromMs < restMs && isOurs(gap)));
      fromMs = restMs;
    }
    return gaps;
  }

  /** Of one symbol. */
  async #queueGaps(gaps: readonly Gap[]): Promise<void> {
    const { queue, logger } = this.#options;
    const requests = gaps.flatMap(({ symbol, fromMs, toMs, reason }) => {
      const about = { symbol, gap: { fromMs, toMs, reason }, reason: `gap: ${reason}` };
      return this.#intervals.map(interval => ({ ...about, interval, ...rangeOf(interval, fromMs, toMs) }));
    });
    await queue.enqueueAll(requests);
    for (const { symbol, fromMs, toMs, reason } of gaps) {
      const message = `the gap of ${symbol} from ${new Date(fromMs).toISOString()} is queued to be filled`;
      logger.info({ symbol, fromMs, toMs, reason }, message);
    }
  }

  /** What ticks that came too late would have changed. */
  async #queueLateTicks(nowMs: number, signal: AbortSignal): Promise<void> {
    const { log, notes, queue, names, logger } = this.#options;
    const { ticks, nextOffset } = await readLateTicks(log, notes.nextLetter, signal);
    const ours = ticks.filter(({ symbol, timeMs }) => names.has(symbol) && timeMs >= nowMs - lookBackMs);
    const queued = await queue.enqueueAll(comparisonsOf(ours, this.#intervals));
    await notes.lettersRead(nextOffset);
    if (queued > 0)
      logger.info({ ticks: ours.length, comparisons: queued }, `${counted(ours.length, 'tick')} came too late: comparisons are queued`);
  }

  /** Each day of the last week once, an hour after its end. */
  async #queueDays(nowMs: number, signal: AbortSignal): Promise<void> {
    const { notes } = this.#options;
    const today = Math.floor((nowMs - hourMs) / dayMs) * dayMs;
    for (let startMs = today - lookBackMs; startMs < today && !signal.aborted; startMs += dayMs) {
      if (notes.isCompared(startMs)) continue;
      for (const symbol of this.#options.names.symbols()) await this.#queueDay(symbol, startMs);
      await notes.willBeCompared(startMs);
    }
  }

  /** Only what there is something to compare of: each request costs a credit. */
  async #queueDay(symbol: string, startMs: number): Promise<void> {
    const { store, queue } = this.#options;
    for (const interval of this.#intervals) {
      // A trading day may end half a day after its date.
      const fromMs = interval === '1d' ? startMs - dayMs : startMs;
      const range = { fromMs, toMs: fromMs + dayMs };
      const bars = await store.bars({ symbol, interval, ...range, limit: dayMs / intervalMs(interval) });
      const request: BackfillRequest = { kind: 'compare', symbol, interval, ...range, reason: 'comparison of a day' };
      if (bars.some(isComparable)) await queue.enqueue(request);
    }
  }
}

/** Where to read on behind as many gaps as are read at once: those that begin with the last one may not all be among them. */
function startOfRest(gaps: readonly Gap[]): number {
  const [firstMs = 0, lastMs = 0] = [gaps[0]?.fromMs, gaps.at(-1)?.fromMs];
  return firstMs === lastMs ? lastMs + 1 : lastMs;
}

function rangeOf(interval: VendorInterval, fromMs: number, toMs: number): { readonly fromMs: number; readonly toMs: number } {
  if (interval !== '1d') return { fromMs, toMs };
  return { fromMs: Math.max(0, fromMs - dayLabelReach.backMs), toMs: toMs + dayLabelReach.aheadMs };
}
