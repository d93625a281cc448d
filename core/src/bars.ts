/** A bar: open, high, low and close of a symbol in one window, with all that says how far to trust it. */
import type { Interval } from './intervals.ts';

export const barFlags = ['partial', 'gap', 'filled', 'corrected', 'reconciled', 'mismatch'] as const;

/**
 * - `partial`: the symbol was first observed in the middle of the window
 * - `gap`: the feed was absent in part of the window
 * - `filled`: made from a vendor's history
 * - `corrected`: changed by a late tick after it had been given out
 * - `reconciled`: compared with the vendor's bar and found equal, or replaced by it
 * - `mismatch`: differs from the vendor's bar by more than the tolerance
 */
export type BarFlag = (typeof barFlags)[number];

/** Flags that only a `history` record gives, and each one does: a bar with one of them was made of such a record. */
export const historyFlags = ['filled', 'reconciled', 'mismatch'] as const satisfies readonly BarFlag[];

/** Values at the close of a bar, from the bars as they closed; absent until enough bars are there. */
export interface Indicators {
  readonly sma20?: number;
  readonly ema12?: number;
  readonly ema26?: number;
  readonly macd?: number;
  readonly macdSignal?: number;
  readonly macdHistogram?: number;
  readonly rsi14?: number;
  readonly bollingerUpper?: number;
  readonly bollingerLower?: number;
  readonly atr14?: number;
  readonly momentum10?: number;
  readonly volatility20?: number;
}

export interface Bar {
  readonly symbol: string;
  readonly interval: Interval;
  /** Start of the half-open window; of a `1d` bar its trading day at 00:00 UTC. Milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** End of the window; of a `1d` bar the end of the trading day where its exchange is. */
  readonly endMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Absent when no tick could be compared with a baseline; 0 when compared and flat. */
  readonly volume?: number;
  readonly vwap?: number;
  /** `exact` from trade sizes, `estimate` from increases of the day's volume. */
  readonly vwapKind?: 'exact' | 'estimate';
  readonly tickCount: number;
  /** Mean of ask − bid over the ticks that had both. */
  readonly spreadMean?: number;
  readonly state: 'forming' | 'final';
  readonly flags: readonly BarFlag[];
  /** 0 when first given out, one more each time it was given out again with a change. */
  readonly revision: number;
  /** Hybrid logical clock of the log, in microseconds; 0 on a forming bar. A later version of the same bar has a higher one. */
  readonly versionUs: number;
  readonly indicators?: Indicators;
}

/** A bar as a line of JSON: the value of `market-data.bars`. Field order is fixed, so equal bars are equal bytes. */
export function encodeBar(bar: Bar): string {
  return JSON.stringify({
    v: 1,
    symbol: bar.symbol,
    interval: bar.interval,
    startMs: bar.startMs,
    endMs: bar.endMs,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    volume: bar.volume,
    vwap: bar.vwap,
    vwapKind: bar.vwapKind,
    tickCount: bar.tickCount,
    spreadMean: bar.spreadMean,
    state: bar.state,
    flags: bar.flags,
    revision: bar.revision,
    versionUs: bar.versionUs,
    indicators: bar.indicators,
  });
}

/** True for a bar that a `history` record made: it tells no indicators, and changes none that was given out before. */
export function isOfHistory({ flags }: Pick<Bar, 'flags'>): boolean {
  return flags.length > 0 && historyFlags.some(flag => flags.includes(flag));
}

/** Flags in their one order, each once. */
export function orderedFlags(flags: Iterable<BarFlag>): readonly BarFlag[] {
  const set = new Set(flags);
  return barFlags.filter(flag => set.has(flag));
}
