/** A seeded market without a log: some of its symbols have prices from the start, others get their first one later. */
import type { Bar } from '@tapeline/core/bars';
import { type Random, randomOf } from '../../../test/support/random.ts';
import type { LatestRow, LiveMarket, Watch } from '../../src/live-market.ts';
import { ChangeCollector } from '../../src/market-changes.ts';
import type { RecentBars } from '../../src/recent-bars.ts';

export class RandomMarket implements LiveMarket {
  readonly intervals = ['1s', '1m', '1d'] as const;
  readonly closed = Promise.resolve();
  readonly allSymbols: readonly string[];
  readonly #random: Random;
  readonly #rows = new Map<string, LatestRow>();
  readonly #collectors = new Set<ChangeCollector>();

  constructor(symbols: number, seed: number) {
    this.#random = randomOf(seed);
    this.allSymbols = Array.from({ length: symbols }, (_, index) => `S${index}`);
    for (const symbol of this.allSymbols.slice(0, symbols / 2)) this.#price(symbol);
  }

  /** Moves some prices, `times` as many; now and then a symbol gets its first one. */
  move(times = 1): void {
    for (let count = 0; count < (times * this.allSymbols.length) / 4; count += 1) {
      const priced = this.#random.below(Math.min(this.allSymbols.length, this.#rows.size + 1));
      this.#price(this.allSymbols[priced] ?? 'S0');
    }
  }

  /** A bar closed or was corrected. */
  close(bar: Bar): void {
    for (const collector of this.#collectors) collector.changed(bar);
  }

  latest(): readonly LatestRow[] {
    return [...this.#rows.values()];
  }

  latestOf(symbol: string): LatestRow | undefined {
    return this.#rows.get(symbol);
  }

  forming(): Bar | undefined {
    return undefined;
  }

  recent(): RecentBars {
    return { bars: [], letGoMs: undefined, gaps: [] };
  }

  symbols(): readonly string[] {
    return [...this.#rows.keys()];
  }

  feeds(): readonly never[] {
    return [];
  }

  openGap(): undefined {
    return undefined;
  }

  watch(): Watch {
    const collector = new ChangeCollector();
    this.#collectors.add(collector);
    return { drain: () => collector.drain(), close: () => this.#collectors.delete(collector) };
  }

  caughtUp(): boolean {
    return true;
  }

  problem(): string | undefined {
    return undefined;
  }

  #price(symbol: string): void {
    const cents = this.#random.below(1_000_000);
    const quote = this.#random.next() < 0.5 ? {} : { bid: (cents - 1) / 100, ask: (cents + 1) / 100 };
    const volume = this.#random.next() < 0.5 ? {} : { dayVolume: this.#random.next() * 1e9 };
    const timeMs = Date.now();
    this.#rows.set(symbol, {
      symbol,
      price: this.#random.next() < 0.1 ? this.#random.next() : cents / 100,
      ...quote,
      ...volume,
      timeMs,
      receivedTimeMs: timeMs,
    });
    for (const collector of this.#collectors) collector.touched(symbol);
  }
}
