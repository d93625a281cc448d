/** The charts that somebody follows, by symbol. */
import type { Bar } from '@tapeline/core/bars';
import type { ChartSubscription, FeedStatus } from '../board-messages.ts';
import type { LiveMarket } from '../live-market.ts';
import { ChartFeed } from './chart-feed.ts';

export class ChartFeeds {
  readonly #market: LiveMarket;
  readonly #bySymbol = new Map<string, ChartFeed[]>();

  constructor(market: LiveMarket) {
    this.#market = market;
  }

  /** The feed of a chart, for one client more. @param feeds as they are now */
  take(subscription: ChartSubscription, feeds: readonly FeedStatus[]): ChartFeed {
    const charts = this.#bySymbol.get(subscription.symbol) ?? [];
    const known = charts.find(({ subscription: other }) => isSame(other, subscription));
    const chart = known ?? new ChartFeed(this.#market, subscription);
    if (known === undefined) {
      this.#bySymbol.set(subscription.symbol, [...charts, chart]);
      chart.look(feeds);
    }
    chart.clients += 1;
    return chart;
  }

  /** One client less. */
  release(feed: ChartFeed | undefined): void {
    if (feed === undefined) return;
    feed.clients -= 1;
    if (feed.clients > 0) return;
    const { symbol } = feed.subscription;
    const others = (this.#bySymbol.get(symbol) ?? []).filter(other => other !== feed);
    if (others.length === 0) this.#bySymbol.delete(symbol);
    else this.#bySymbol.set(symbol, others);
  }

  /** A price of the symbol came. */
  touched(symbol: string): void {
    if (this.#bySymbol.size === 0) return;
    for (const feed of this.#bySymbol.get(symbol) ?? []) feed.touched();
  }

  /** The feeds changed: gaps may have begun or ended. */
  look(feeds: readonly FeedStatus[]): void {
    for (const charts of this.#bySymbol.values()) {
      for (const chart of charts) chart.look(feeds);
    }
  }

  /** A bar closed or was corrected. */
  changed(bar: Bar): void {
    for (const feed of this.#bySymbol.get(bar.symbol) ?? []) {
      if (feed.subscription.interval === bar.interval) feed.changed(bar);
    }
  }

  /** Bars were missed: whoever follows a chart reads the history again. */
  missedBars(): void {
    for (const feeds of this.#bySymbol.values()) {
      for (const feed of feeds) feed.missedBars();
    }
  }
}

function isSame(a: ChartSubscription, b: ChartSubscription): boolean {
  return a.interval === b.interval && a.indicators === b.indicators;
}
