/** What changed on the market since a screen last looked: a set of names and not a queue, so it is bounded however slow the screen. */
import type { Bar } from '@tapeline/core/bars';

export interface MarketChanges {
  /** Symbols with new ticks. */
  readonly symbols: ReadonlySet<string>;
  /** Bars that closed or were corrected, each at its newest version, in the order in which they first came. */
  readonly bars: readonly Bar[];
  /** More bars changed than were kept: screens read their history again. */
  readonly missedBars: boolean;
}

/** Closed bars kept between two looks. */
const maxBars = 20_000;

export class ChangeCollector {
  #symbols = new Set<string>();
  #bars = new Map<string, Bar>();
  #missedBars = false;

  touched(symbol: string): void {
    this.#symbols.add(symbol);
  }

  changed(bar: Bar): void {
    if (this.#bars.size >= maxBars) this.missed();
    this.#bars.set(`${bar.interval} ${bar.startMs} ${bar.symbol}`, bar);
  }

  /** Forgets the bars and remembers that it did. */
  missed(): void {
    this.#bars.clear();
    this.#missedBars = true;
  }

  /** Hands over what was collected and begins anew. */
  drain(): MarketChanges {
    const changes = { symbols: this.#symbols, bars: [...this.#bars.values()], missedBars: this.#missedBars };
    this.#symbols = new Set();
    this.#bars = new Map();
    this.#missedBars = false;
    return changes;
  }
}
