/** A market whose symbols all move whenever somebody looks: a load for the socket, without a log. */
import type { Bar } from '@tapeline/core/bars';
import type { LatestRow, LiveMarket, Watch } from '../../src/live-market.ts';
import type { RecentBars } from '../../src/recent-bars.ts';

export class ScriptedMarket implements LiveMarket {
  readonly intervals = ['1s', '1m', '1d'] as const;
  readonly closed = Promise.resolve();
  readonly #symbols: readonly string[];
  /** Price of every symbol; rises by one with each look. */
  price = 0;

  constructor(symbols: number) {
    this.#symbols = Array.from({ length: symbols }, (_, index) => `SYMBOL-${String(index).padStart(4, '0')}/${'X'.repeat(48)}`);
  }

  latest(): readonly LatestRow[] {
    return this.#symbols.map(symbol => this.latestOf(symbol));
  }

  latestOf(symbol: string): LatestRow {
    return { symbol, price: this.price, timeMs: 1, receivedTimeMs: 1 };
  }

  forming(): Bar | undefined {
    return undefined;
  }

  recent(): RecentBars {
    return { bars: [], letGoMs: undefined, gaps: [] };
  }

  symbols(): readonly string[] {
    return this.#symbols;
  }

  feeds(): readonly never[] {
    return [];
  }

  openGap(): undefined {
    return undefined;
  }

  watch(): Watch {
    const drain = () => {
      this.price += 1;
      return { symbols: new Set(this.#symbols), bars: [], missedBars: false, alerts: [] };
    };
    return { drain, close: () => undefined };
  }

  caughtUp(): boolean {
    return true;
  }

  problem(): string | undefined {
    return undefined;
  }
}
