/**
 * Samples, while everything goes wrong, that no committed offset and no snapshot is ahead of what the store holds: the offset is read
 * first, then the log is folded up to it, and all that gave must be in the store, at that version or a later one.
 */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { barBytes } from '../../../bench/src/stored-bars.ts';
import { keyOf } from '../support/tick-key.ts';
import { LogFold } from './log-fold.ts';

export interface DurabilityCheckOptions {
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly group: string;
  readonly partitions: number;
  readonly committedOffsets: () => Promise<ReadonlyMap<number, number>>;
}

export class DurabilityCheck {
  readonly faults: string[] = [];
  /** Samples that got all their answers, and those that a server in trouble left without. */
  samples = 0;
  skipped = 0;
  /** Bars and ticks that were compared. */
  compared = 0;
  readonly #options: DurabilityCheckOptions;
  readonly #fold: LogFold;
  readonly #seenTicks = new Set<string>();
  readonly #seenBars = new Map<string, number>();

  constructor(options: DurabilityCheckOptions) {
    this.#options = options;
    this.#fold = new LogFold(options.log, options.partitions);
  }

  async sample(): Promise<void> {
    try {
      await this.#sample();
      this.samples += 1;
    } catch {
      this.skipped += 1;
    }
  }

  async #sample(): Promise<void> {
    const { committedOffsets, partitions } = this.#options;
    const committed = await committedOffsets();
    for (let partition = 0; partition < partitions; partition += 1) {
      const saved = await this.#savedOffset(partition);
      await this.#fold.advance(partition, Math.max(saved, committed.get(partition) ?? 0));
    }
    await this.#compareBars();
    await this.#compareTicks();
  }

  async #savedOffset(partition: number): Promise<number> {
    const { store, group } = this.#options;
    const snapshot = await store.loadSnapshot({ consumerGroup: group, topic: feedTopic.name, partition });
    return snapshot?.nextOffset ?? 0;
  }

  async #compareBars(): Promise<void> {
    const changed = [...this.#fold.expected.bars].filter(([key, bar]) => this.#seenBars.get(key) !== bar.versionUs);
    for (const [series, wanted] of groupedBy(changed, ([, { symbol, interval }]) => `${symbol} ${interval}`)) {
      const [symbol = '', interval = ''] = series.split(' ');
      const starts = wanted.map(([, { startMs }]) => startMs);
      const range = { fromMs: Math.min(...starts), toMs: Math.max(...starts) + 1, limit: 1_000_000 };
      const stored = await this.#options.store.bars({ symbol, interval: interval as Interval, ...range });
      const byStart = new Map(stored.map(bar => [bar.startMs, bar]));
      for (const [key, bar] of wanted) {
        this.#judge(key, bar, byStart.get(bar.startMs));
        this.#seenBars.set(key, bar.versionUs);
      }
    }
  }

  #judge(key: string, wanted: Bar, stored: Bar | undefined): void {
    this.compared += 1;
    if (stored === undefined) this.faults.push(`committed, but no bar ${key} in the store`);
    else if (stored.versionUs < wanted.versionUs) this.faults.push(`committed, but bar ${key} is at an older version`);
    else if (stored.versionUs === wanted.versionUs && barBytes(stored) !== barBytes(wanted))
      this.faults.push(`bar ${key} differs at its version`);
  }

  async #compareTicks(): Promise<void> {
    const fresh = [...this.#fold.expected.ticks].filter(([key]) => !this.#seenTicks.has(key));
    for (const [symbol, wanted] of groupedBy(fresh, ([, tick]) => tick.symbol)) {
      const times = wanted.map(([, { timeMs }]) => timeMs);
      const range = { fromMs: Math.min(...times), toMs: Math.max(...times) + 1, limit: 1_000_000 };
      const stored = new Set((await this.#options.store.ticks({ symbol, ...range })).map(({ tick }) => keyOf(tick)));
      for (const [key] of wanted) {
        this.compared += 1;
        if (!stored.has(key)) this.faults.push(`committed, but no tick ${key} in the store`);
        this.#seenTicks.add(key);
      }
    }
  }
}

function groupedBy<T>(items: readonly T[], keyOfItem: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
