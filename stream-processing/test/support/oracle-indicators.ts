/** The oracle's indicators: each from its textbook definition over all bars of an interval as they closed, oldest first. */
import type { Indicators } from '@tapeline/core/bars';
import { derived, sum } from './oracle-bars.ts';

export interface ClosedBar {
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** What is known at the close of the last bar; `undefined` when nothing is. */
export function indicatorsOf(bars: readonly ClosedBar[]): Indicators | undefined {
  const closes = bars.map(bar => bar.close);
  const last = closes.at(-1) as number;
  const ema12 = exponentialMeans(closes, 12);
  const ema26 = exponentialMeans(closes, 26);
  const macds = ema26.map((slow, index) => (ema12[index + 14] as number) - slow);
  const signals = exponentialMeans(macds, 9);
  const macd = macds.at(-1);
  const signal = signals.at(-1);
  const twenty = closes.length < 20 ? undefined : closes.slice(-20);
  const deviation = twenty && Math.sqrt(sum(twenty.map(close => (close - mean(twenty)) ** 2)) / 20);
  const all: Record<keyof Indicators, number | undefined> = {
    sma20: twenty && mean(twenty),
    ema12: ema12.at(-1),
    ema26: ema26.at(-1),
    macd,
    macdSignal: signal,
    macdHistogram: macd === undefined || signal === undefined ? undefined : macd - signal,
    rsi14: rsi(closes),
    bollingerUpper: twenty && deviation !== undefined ? mean(twenty) + 2 * deviation : undefined,
    bollingerLower: twenty && deviation !== undefined ? mean(twenty) - 2 * deviation : undefined,
    atr14: wilderMeans(trueRanges(bars), 14).at(-1),
    momentum10: closes.length > 10 ? last - (closes.at(-11) as number) : undefined,
    volatility20: closes.length > 20 ? sampleDeviation(logReturns(closes.slice(-21))) : undefined,
  };
  const known = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, derived(value)] as const]));
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

function rsi(closes: readonly number[]): number | undefined {
  const changes = closes.slice(1).map((close, index) => close - (closes[index] as number));
  const gain = wilderMeans(
    changes.map(change => Math.max(change, 0)),
    14,
  ).at(-1);
  const loss = wilderMeans(
    changes.map(change => Math.max(-change, 0)),
    14,
  ).at(-1);
  if (gain === undefined || loss === undefined) return undefined;
  if (gain === 0 && loss === 0) return 50;
  return loss === 0 ? 100 : 100 - 100 / (1 + gain / loss);
}

function trueRanges(bars: readonly ClosedBar[]): readonly number[] {
  return bars.slice(1).map(({ high, low }, index) => {
    const before = (bars[index] as ClosedBar).close;
    return Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
  });
}

function logReturns(closes: readonly number[]): readonly number[] {
  return closes.slice(1).map((close, index) => Math.log(close) - Math.log(closes[index] as number));
}

function sampleDeviation(values: readonly number[]): number {
  return Math.sqrt(sum(values.map(value => (value - mean(values)) ** 2)) / (values.length - 1));
}

/** From the `period`-th value on: its simple mean first, then 2 / (period + 1) of each further value. */
function exponentialMeans(values: readonly number[], period: number): readonly number[] {
  const weight = 2 / (period + 1);
  return smoothed(values, period, (before, value) => value * weight + before * (1 - weight));
}

/** From the `period`-th value on: its simple mean first, then Wilder's smoothing. */
function wilderMeans(values: readonly number[], period: number): readonly number[] {
  return smoothed(values, period, (before, value) => (before * (period - 1) + value) / period);
}

function smoothed(values: readonly number[], period: number, next: (before: number, value: number) => number): readonly number[] {
  if (values.length < period) return [];
  const means = [mean(values.slice(0, period))];
  for (const value of values.slice(period)) means.push(next(means.at(-1) as number, value));
  return means;
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
