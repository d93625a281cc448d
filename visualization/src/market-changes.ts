/** What changed on the market since a screen last looked: a set of names and not a queue, so it is bounded however slow the screen. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';

export interface MarketChanges {
  /** Symbols with new ticks. */
  readonly symbols: ReadonlySet<string>;
  /** Bars that closed or were corrected, each at its newest version, in the order in which they first came. */
  readonly bars: readonly Bar[];
  /** More bars changed than were kept: screens read their history again. */
  readonly missedBars: boolean;
  /** The newest that were given, in their order. */
  readonly alerts: readonly Alert[];
}

/** Closed bars kept between two looks. */
const maxBars = 20_000;
/** As many as a screen lists. */
export const mostAlerts = 100;

export class ChangeCollector {
  #symbols = new Set<string>();
  #bars = new Map<string, Bar>();
  #missedBars = false;
  #alerts: Alert[] = [];

  touched(symbol: string): void {
    this.#symbols.add(symbol);
  }

  changed(bar: Bar): void {
    if (this.#bars.size >= maxBars) this.missed();
    this.#bars.set(`${bar.interval} ${bar.startMs} ${bar.symbol}`, bar);
  }

  given(alert: Alert): void {
    this.#alerts.push(alert);
    if (this.#alerts.length > mostAlerts) this.#alerts.shift();
  }

  /** Forgets the bars and remembers that it did. */
  missed(): void {
    this.#bars.clear();
    this.#missedBars = true;
  }

  /** Hands over what was collected and begins anew. */
  drain(): MarketChanges {
    const changes = { symbols: this.#symbols, bars: [...this.#bars.values()], missedBars: this.#missedBars, alerts: this.#alerts };
    this.#symbols = new Set();
    this.#bars = new Map();
    this.#missedBars = false;
    this.#alerts = [];
    return changes;
  }
}
