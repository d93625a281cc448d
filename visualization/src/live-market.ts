/**
 * The market as it is now: replicas of the fold over every partition. Keeps nothing but screen state, so it runs beside the
 * processors or in a process of its own, on any log and any store.
 */
import type { Bar } from '@tapeline/core/bars';
import { PipelineError } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { partitionOf } from '@tapeline/core/partitioner';
import { pause } from '@tapeline/core/pause';
import { feedTopic } from '@tapeline/core/topics';
import type { LatestPrice, MarketStore } from '@tapeline/database/market-store';
import { LogLag } from '@tapeline/log/log-lag';
import type { MarketLog } from '@tapeline/log/market-log';
import type { FoldOutput } from '@tapeline/stream-processing/fold/outputs';
import type { FoldOptions } from '@tapeline/stream-processing/fold/partition-fold';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { FeedStatus, OpenGap } from './board-messages.ts';
import type { BoardTrace } from './board-trace.ts';
import { FeedLooks, mergeFeeds, openGapOf } from './feed-status.ts';
import { ChangeCollector, type MarketChanges } from './market-changes.ts';
import { PartitionReplica } from './partition-replica.ts';
import { type RecentBars, RecentResults } from './recent-bars.ts';

/** A price for a table: the newest tick of a symbol. */
export type LatestRow = Omit<LatestPrice, 'versionUs'>;

export interface LiveMarketOptions {
  /** Waited for; `undefined` when it is time to stop. */
  readonly log: MarketLog | Promise<MarketLog | undefined>;
  readonly store: MarketStore;
  /** Consumer group whose snapshots are read. @default 'stream-processor' */
  readonly group?: string;
  readonly foldOptions: Omit<FoldOptions, 'partition' | 'partitions'>;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Stops the reading; `closed` tells when it is over. */
  readonly signal: AbortSignal;
  /** Sampled ticks are followed. @default none */
  readonly trace?: BoardTrace | undefined;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** So often the feeds are looked at when nobody asks for them. */
const lookMs = 1_000;
/** So often it is told that partitions wait: each of them tries again by itself, several times a minute. */
const complainMs = 10_000;

/** Collects what changed until somebody looks. */
export interface Watch {
  drain(): MarketChanges;
  close(): void;
}

export interface LiveMarket {
  readonly intervals: readonly Interval[];
  /** The newest price of every symbol, by symbol. */
  latest(): readonly LatestRow[];
  latestOf(symbol: string): LatestRow | undefined;
  /** The newest bar that is still open. */
  forming(symbol: string, interval: Interval): Bar | undefined;
  /** Bars that are open or closed lately, and gaps that ended lately: what the store may not have yet. */
  recent(symbol: string, interval: Interval): RecentBars;
  symbols(): readonly string[];
  feeds(): readonly FeedStatus[];
  /** The gap that the symbol is in, by these `feeds`; `undefined` when it is in none. */
  openGap(symbol: string, feeds: readonly FeedStatus[]): OpenGap | undefined;
  watch(): Watch;
  /** True once all that was in the log at the start has been applied. */
  caughtUp(): boolean;
  /** What keeps it from showing the present; `undefined` when nothing does. */
  problem(): string | undefined;
  /** Resolves when the reading is over; rejects on a programming error. */
  readonly closed: Promise<void>;
}

/** A market that follows a log by itself. */
export interface FollowingMarket extends LiveMarket {
  /** Begins again from the processors' snapshots: the store was changed for another. */
  restore(): void;
  /** As {@link problem}, but for a log that went away: what was shown before is shown still. */
  unready(): string | undefined;
  /** That the log went away; `undefined` while it is there. */
  outage(): string | undefined;
}

/** Starts to follow the log. Errors of the log and the store are waited out; see {@link LiveMarket.problem}. */
export function openLiveMarket(options: LiveMarketOptions): FollowingMarket {
  return new ReplicatedMarket(options);
}

class ReplicatedMarket implements FollowingMarket {
  readonly closed: Promise<void>;
  readonly #options: LiveMarketOptions;
  readonly #now: () => number;
  readonly #recent = new RecentResults();
  readonly #watches = new Set<ChangeCollector>();
  readonly #feedLooks = new FeedLooks();
  readonly #metrics: MarketMetrics;
  /** Where symbols that have prices are: partitions never change. */
  readonly #homes = new Map<string, PartitionReplica>();
  #replicas: readonly PartitionReplica[] = [];
  #lag: LogLag | undefined;
  #problem: string | undefined = 'waiting for the log';
  /** Undefined while all is well. */
  #complainedMs: number | undefined;

  constructor(options: LiveMarketOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#metrics = marketMetrics(options.registry);
    // A feed that falls silent while nobody asks is known to be silent when somebody does.
    const looking = setInterval(() => {
      this.feeds();
      this.#lookAtLog();
      if (this.#complainedMs !== undefined && this.problem() === undefined) this.#recovered();
    }, lookMs).unref();
    this.closed = this.#run().finally(() => clearInterval(looking));
    // Whoever awaits `closed` gets the error; nobody has to.
    this.closed.catch(() => undefined);
  }

  get intervals(): readonly Interval[] {
    return this.#options.foldOptions.intervals;
  }

  latest(): readonly LatestRow[] {
    return this.symbols().flatMap(symbol => this.latestOf(symbol) ?? []);
  }

  latestOf(symbol: string): LatestRow | undefined {
    return this.#replicaOf(symbol)?.fold.shownPrice(symbol);
  }

  forming(symbol: string, interval: Interval): Bar | undefined {
    return this.#replicaOf(symbol)?.fold.forming(symbol, interval);
  }

  recent(symbol: string, interval: Interval): RecentBars {
    const open = this.#replicaOf(symbol)?.fold.openBars(symbol, interval) ?? [];
    const recent = this.#recent.of(symbol, interval);
    return { ...recent, bars: [...recent.bars, ...open] };
  }

  symbols(): readonly string[] {
    return this.#replicas.flatMap(replica => replica.fold.symbols()).sort();
  }

  feeds(): readonly FeedStatus[] {
    const states = mergeFeeds(this.#replicas.map(replica => replica.fold.feeds()));
    return this.#feedLooks.look(states, this.#now(), this.caughtUp());
  }

  openGap(symbol: string, feeds: readonly FeedStatus[]): OpenGap | undefined {
    return openGapOf(this.#replicaOf(symbol)?.fold.ownership(symbol), feeds);
  }

  watch(): Watch {
    const collector = new ChangeCollector();
    this.#watches.add(collector);
    return { drain: () => collector.drain(), close: () => this.#watches.delete(collector) };
  }

  caughtUp(): boolean {
    return this.#replicas.length > 0 && this.#replicas.every(replica => replica.caughtUp);
  }

  problem(): string | undefined {
    return this.outage() ?? this.unready();
  }

  outage(): string | undefined {
    return this.#lag?.problem;
  }

  unready(): string | undefined {
    const failing = this.#replicas.find(replica => replica.problem !== undefined)?.problem;
    const problem = this.#problem ?? failing;
    if (problem !== undefined) return problem;
    return this.caughtUp() ? undefined : 'catching up with the log';
  }

  restore(): void {
    for (const replica of this.#replicas) replica.restart();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    const log = await this.#options.log;
    const partitions = log && (await this.#partitions(log));
    if (log === undefined || partitions === undefined) return;
    this.#replicas = Array.from({ length: partitions }, (_, partition) => this.#replica(log, { partition, partitions }));
    const nextOffsets = () => this.#replicas.map(({ nextOffset }) => nextOffset).entries();
    this.#lag = new LogLag({ log, topic: feedTopic.name, gauge: this.#metrics.lag, nextOffsets });
    this.#problem = undefined;
    await Promise.all(this.#replicas.map(replica => replica.run()));
    if (signal.aborted) this.#watches.clear();
  }

  /** The number of partitions, once the topic is there; `undefined` when it is time to stop. */
  async #partitions(log: MarketLog): Promise<number | undefined> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        return await log.partitionCount(feedTopic.name);
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        this.#problem = error.message;
        this.#complain(error.message);
        await pause(1_000, signal);
      }
    }
    return undefined;
  }

  #replica(log: MarketLog, { partition, partitions }: { readonly partition: number; readonly partitions: number }): PartitionReplica {
    const { store, group = 'stream-processor', foldOptions, logger, signal, trace } = this.#options;
    const metrics = this.#metrics;
    return new PartitionReplica({
      log,
      store,
      group,
      fold: { ...foldOptions, partition, partitions },
      logger,
      signal,
      trace,
      restored: () => this.#restored(partition),
      applied: (outputs, moved) => this.#applied(outputs, moved),
      progress: (records, lag) => {
        metrics.records.inc(records);
        this.#lag?.tell(partition, lag);
      },
      skipped: code => metrics.skipped.inc({ code }),
      troubled: problem => this.#complain(problem),
    });
  }

  #lookAtLog(): void {
    this.#lag?.look();
    const outage = this.outage();
    if (outage !== undefined) this.#complain(outage);
  }

  #complain(problem: string): void {
    const nowMs = performance.now();
    if (this.#complainedMs !== undefined && nowMs - this.#complainedMs < complainMs) return;
    this.#complainedMs = nowMs;
    const waiting = this.#replicas.filter(replica => replica.problem !== undefined).length;
    this.#options.logger.warn({ topic: feedTopic.name, waiting }, `live market: ${problem}; trying again`);
  }

  #recovered(): void {
    this.#complainedMs = undefined;
    this.#options.logger.info({ topic: feedTopic.name }, 'live market: every partition is followed again');
  }

  #restored(partition: number): void {
    this.#recent.forget(symbol => partitionOf(symbol, this.#replicas.length) === partition);
    const symbols = this.#replicas[partition]?.fold.symbols() ?? [];
    for (const watch of this.#watches) {
      watch.missed();
      for (const symbol of symbols) watch.touched(symbol);
    }
  }

  #applied(outputs: readonly FoldOutput[], moved: readonly string[]): void {
    for (const watch of this.#watches) {
      for (const symbol of moved) watch.touched(symbol);
    }
    for (const output of outputs) {
      if (output.kind === 'gap') {
        this.#recent.addGap(output.symbol, output);
        for (const watch of this.#watches) watch.touched(output.symbol);
      } else if (output.kind === 'bar') {
        this.#recent.add(output.bar);
        for (const watch of this.#watches) watch.changed(output.bar);
      } else if (output.kind === 'alert') {
        for (const watch of this.#watches) watch.given(output.alert);
      }
    }
  }

  /** Asked for each price that is shown; symbols that nobody knows are not remembered. */
  #replicaOf(symbol: string): PartitionReplica | undefined {
    const known = this.#homes.get(symbol);
    if (known !== undefined || this.#replicas.length === 0) return known;
    const replica = this.#replicas[partitionOf(symbol, this.#replicas.length)];
    if (replica?.fold.shownPrice(symbol) !== undefined) this.#homes.set(symbol, replica);
    return replica;
  }
}

type MarketMetrics = ReturnType<typeof marketMetrics>;

function marketMetrics(registry: Registry) {
  return {
    records: metricOf(registry, 'tapeline_live_board_records_total'),
    skipped: metricOf(registry, 'tapeline_live_board_records_skipped_total'),
    lag: metricOf(registry, 'tapeline_live_board_lag_records'),
  };
}
