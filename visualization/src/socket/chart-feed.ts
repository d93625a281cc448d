/** What happens on one chart, for all clients that follow it: closed bars with their order, and the bar that is open. */
import type { Bar } from '@tapeline/core/bars';
import type { BoardBar, ChartSubscription, FeedStatus, OpenGap } from '../board-messages.ts';
import type { LiveMarket } from '../live-market.ts';
import { textFrame } from './websocket-frame.ts';

/** How much of a chart a client was told. */
export interface ToldChart {
  /** The number of the last bar that closed or was corrected. */
  readonly bar: number;
  /** The number of the last change of the open bar. */
  readonly forming: number;
  /** The number of the last change of the gap that goes on. */
  readonly gap: number;
}

/** Bars kept for clients that are behind; those who are further behind read the history again. */
const keptBars = 500;
/** Bars that a client gets when it begins: what closes between its subscription and its question for the history. */
const justClosed = 5;

export class ChartFeed {
  readonly subscription: ChartSubscription;
  clients = 0;
  readonly #market: LiveMarket;
  readonly #bars = new Map<number, { readonly bar: Bar; readonly number: number }>();
  #bar = 0;
  #forming = 0;
  #gap = 0;
  #openGap: OpenGap | undefined;
  /** Who was told less than this missed bars. */
  #forgotten = 0;
  #made: { readonly told: ToldChart | undefined; readonly now: ToldChart; readonly nowMs: number; readonly frame: Buffer } | undefined;

  constructor(market: LiveMarket, subscription: ChartSubscription) {
    this.#market = market;
    this.subscription = subscription;
  }

  /** A price moved the open bar. */
  touched(): void {
    this.#forming += 1;
  }

  /** The feeds changed: a gap of the symbol may have begun or ended. */
  look(feeds: readonly FeedStatus[]): void {
    const gap = this.#market.openGap(this.subscription.symbol, feeds);
    if (gap?.fromMs === this.#openGap?.fromMs && gap?.reason === this.#openGap?.reason) return;
    this.#openGap = gap;
    this.#gap += 1;
  }

  /** A bar closed or was corrected. */
  changed(bar: Bar): void {
    this.#bar += 1;
    this.#bars.delete(bar.startMs);
    this.#bars.set(bar.startMs, { bar, number: this.#bar });
    if (this.#bars.size <= keptBars) return;
    const [oldest] = this.#bars;
    if (oldest === undefined) return;
    this.#bars.delete(oldest[0]);
    this.#forgotten = oldest[1].number;
  }

  /** Bars were missed: clients shall read their history again. */
  missedBars(): void {
    this.#bars.clear();
    this.#bar += 1;
    this.#forming += 1;
    this.#forgotten = this.#bar;
  }

  /** What a client knows when it was told everything. */
  now(): ToldChart {
    return { bar: this.#bar, forming: this.#forming, gap: this.#gap };
  }

  /**
   * The frame that brings a client up to date; the same one for all who know the same.
   * @param told what it was told; `undefined` when it begins: it gets what is open and what closed just now
   */
  frame(told: ToldChart | undefined, nowMs: number): Buffer | undefined {
    const now = this.now();
    if (isEqual(told, now)) return undefined;
    const made = this.#made;
    if (made !== undefined && made.nowMs === nowMs && isEqual(made.told, told) && isEqual(made.now, now)) return made.frame;
    const frame = textFrame(JSON.stringify({ nowMs, chart: this.#chart(told) }));
    this.#made = { told, now, nowMs, frame };
    return frame;
  }

  #chart(told: ToldChart | undefined): object {
    const { symbol, interval, indicators } = this.subscription;
    const recent = this.#market.recent(symbol, interval).bars;
    const missed = told !== undefined && told.bar < this.#forgotten;
    const closed =
      told === undefined
        ? recent.filter(bar => bar.state === 'final').slice(-justClosed)
        : this.#closedAfter(missed ? this.#bar : told.bar);
    const bars = [...closed, ...recent.filter(bar => bar.state === 'forming')]
      .sort((a, b) => a.startMs - b.startMs)
      .map(bar => boardBar(bar, indicators));
    const gap = this.#openGap;
    return { ...this.subscription, bars, ...(gap === undefined ? {} : { gap }), ...(missed ? { reload: true } : {}) };
  }

  #closedAfter(number: number): readonly Bar[] {
    return [...this.#bars.values()].flatMap(known => (known.number > number ? known.bar : []));
  }
}

function isEqual(a: ToldChart | undefined, b: ToldChart | undefined): boolean {
  return a?.bar === b?.bar && a?.forming === b?.forming && a?.gap === b?.gap;
}

/** The fields of a bar that screens see. */
function boardBar(bar: Bar, indicators?: true): BoardBar {
  const { symbol, interval, startMs, open, high, low, close, volume, vwap, tickCount, state, flags, revision } = bar;
  const shown = { symbol, interval, startMs, open, high, low, close, volume, vwap, tickCount, state, flags, revision };
  return indicators === true && bar.indicators !== undefined ? { ...shown, indicators: bar.indicators } : shown;
}
