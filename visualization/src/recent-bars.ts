/** The bars that closed last: they bridge the moment between the fold's word and the store's row. */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';

/** For each symbol and interval; a processor makes a bar durable within a second or so of its close. */
const kept = 5;

export class RecentBars {
  readonly #bars = new Map<string, Bar[]>();

  /** Takes a bar in, in the place of its earlier version. */
  add(bar: Bar): void {
    const key = keyOf(bar.symbol, bar.interval);
    const bars = this.#bars.get(key) ?? [];
    const others = bars.filter(other => other.startMs !== bar.startMs);
    this.#bars.set(key, [...others, bar].sort((a, b) => a.startMs - b.startMs).slice(-kept));
  }

  /** The last closed bars, oldest first. */
  of(symbol: string, interval: Interval): readonly Bar[] {
    return this.#bars.get(keyOf(symbol, interval)) ?? [];
  }

  /** Lets go of the symbols that `mine` says yes to. */
  forget(mine: (symbol: string) => boolean): void {
    for (const [key, bars] of this.#bars) {
      if (mine(bars[0]?.symbol ?? '')) this.#bars.delete(key);
    }
  }
}

function keyOf(symbol: string, interval: Interval): string {
  return `${interval} ${symbol}`;
}
