/**
 * One screen: what it has not been told yet. Changes are kept as a set of names and the newest bars, never as a queue of messages,
 * so a slow screen skips to the newest and costs no more memory than a fast one.
 */
import type { Bar } from '@tapeline/core/bars';
import type { BoardBar, ChartSubscription, FeedStatus, UpdateMessage } from './board-messages.ts';
import type { LiveMarket } from './live-market.ts';

/** What one flush tells every client. */
export interface FlushNews {
  readonly nowMs: number;
  readonly feeds: readonly FeedStatus[];
  /** Grows with each change of `feeds`. */
  readonly feedsVersion: number;
  readonly problem: string;
  /** A row as JSON; made once for all clients. */
  readonly rowText: (symbol: string) => string | undefined;
}

/** A screen that hears nothing for longer takes the connection for lost. */
const quietMs = 2_000;

/** Closed bars kept for a screen; past it, the screen reads its history again. */
const maxBars = 500;

export class BoardClient {
  readonly #market: LiveMarket;
  #watched = new Set<string>();
  #rows = new Set<string>();
  #subscription: ChartSubscription | undefined;
  #bars = new Map<number, Bar>();
  #formingChanged = false;
  #reload = false;
  #feedsVersion = -1;
  #problem = '';
  #toldMs = 0;

  constructor(market: LiveMarket) {
    this.#market = market;
  }

  /** Chooses the rows; all of them come with the next update. */
  watch(symbols: readonly string[]): void {
    this.#watched = new Set(symbols);
    this.#rows = new Set(symbols);
  }

  /** Chooses the chart; what is open or just closed comes with the next update. */
  subscribe(subscription: ChartSubscription | undefined): void {
    this.#subscription = subscription;
    this.#bars.clear();
    this.#reload = false;
    this.#formingChanged = true;
    if (subscription === undefined) return;
    for (const bar of this.#market.recent(subscription.symbol, subscription.interval)) {
      if (bar.state === 'final') this.#bars.set(bar.startMs, bar);
    }
  }

  /** Notes a symbol whose price changed. */
  touched(symbol: string): void {
    if (this.#watched.has(symbol)) this.#rows.add(symbol);
    if (symbol === this.#subscription?.symbol) this.#formingChanged = true;
  }

  /** Notes a bar that closed or was corrected. */
  changed(bar: Bar): void {
    if (bar.symbol !== this.#subscription?.symbol || bar.interval !== this.#subscription.interval) return;
    this.#bars.set(bar.startMs, bar);
    if (this.#bars.size > maxBars) this.missedBars();
  }

  /** Bars were missed: the screen shall read its history again. */
  missedBars(): void {
    this.#bars.clear();
    this.#reload = true;
    this.#formingChanged = true;
  }

  /** The message that brings the screen up to date, as JSON; `undefined` when it is and was told so lately. Takes it as told. */
  update(news: FlushNews): string | undefined {
    const rows = [...this.#rows].flatMap(symbol => news.rowText(symbol) ?? []);
    const parts = [
      ...(rows.length === 0 ? [] : [`"rows":[${rows.join(',')}]`]),
      ...(this.#feedsVersion === news.feedsVersion ? [] : [`"feeds":${JSON.stringify(news.feeds)}`]),
      ...(this.#problem === news.problem ? [] : [`"problem":${JSON.stringify(news.problem)}`]),
      ...this.#chartText(),
    ];
    this.#rows.clear();
    this.#feedsVersion = news.feedsVersion;
    this.#problem = news.problem;
    if (parts.length === 0 && Math.abs(news.nowMs - this.#toldMs) < quietMs) return undefined;
    this.#toldMs = news.nowMs;
    return `{${[`"nowMs":${news.nowMs}`, ...parts].join(',')}}`;
  }

  #chartText(): readonly string[] {
    const subscription = this.#subscription;
    if (subscription === undefined || !(this.#formingChanged || this.#reload || this.#bars.size > 0)) return [];
    const open = this.#market.recent(subscription.symbol, subscription.interval).filter(bar => bar.state === 'forming');
    const bars = [...this.#bars.values(), ...open]
      .sort((a, b) => a.startMs - b.startMs)
      .map(bar =>
        subscription.indicators === true && bar.indicators !== undefined ? { ...boardBar(bar), indicators: bar.indicators } : boardBar(bar),
      );
    const chart: UpdateMessage['chart'] = { ...subscription, bars, ...(this.#reload ? { reload: true } : {}) };
    this.#bars.clear();
    this.#formingChanged = false;
    this.#reload = false;
    return [`"chart":${JSON.stringify(chart)}`];
  }
}

/** The fields of a bar that screens see. */
export function boardBar(bar: Bar): BoardBar {
  const { symbol, interval, startMs, open, high, low, close, volume, vwap, tickCount, state, flags, revision } = bar;
  return { symbol, interval, startMs, open, high, low, close, volume, vwap, tickCount, state, flags, revision };
}
