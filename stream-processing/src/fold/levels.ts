/** The intervals of a fold as levels: which of them ticks touch, and which roll up into which. */
import { type Interval, intervalMs, tradingDayStartMs, windowStartMs } from '@tapeline/core/intervals';

export interface FoldOptions {
  readonly partition: number;
  /** Of the feed topic: the fold says of a symbol without ticks whether it is its own. */
  readonly partitions: number;
  readonly intervals: readonly Interval[];
  readonly allowedLatenessMs: number;
  readonly correctionHorizonMs: number;
}

export interface Level {
  readonly interval: Interval;
  /** Index of the level whose closed bars it is made of; `undefined` when ticks touch it. */
  readonly source: number | undefined;
  /** Indexes of the levels that its closed bars roll up into. */
  readonly parents: readonly number[];
}

/** A trading day may end on any quarter of an hour of UTC (India, Nepal), so no longer bar rolls up into it. */
const longestSourceOfDayMs = intervalMs('15m');

/** Levels in rising order of their interval. */
export function levelsOf(intervals: readonly Interval[]): readonly Level[] {
  const rising = [...new Set(intervals)].sort((a, b) => intervalMs(a) - intervalMs(b));
  const sources = rising.map((interval, index) => sourceOf(interval, index, rising));
  return rising.map((interval, index) => ({
    interval,
    source: sources[index],
    parents: rising.map((_, other) => other).filter(other => sources[other] === index),
  }));
}

/** The window of a level that holds `timeMs`; a `1d` window is the trading day that the tick names. */
export function windowOf(
  interval: Interval,
  timeMs: number,
  tradingDay: string,
  tradingDayEndMs: number,
): { startMs: number; endMs: number } {
  if (interval === '1d') return { startMs: tradingDayStartMs(tradingDay), endMs: tradingDayEndMs };
  const startMs = windowStartMs(timeMs, interval);
  return { startMs, endMs: startMs + intervalMs(interval) };
}

/** When a window really begins: a trading day does so a day before its end, not at its label. */
export function realStartMs(interval: Interval, span: { readonly startMs: number; readonly endMs: number }): number {
  return interval === '1d' ? span.endMs - intervalMs('1d') : span.startMs;
}

function sourceOf(interval: Interval, index: number, rising: readonly Interval[]): number | undefined {
  for (let candidate = index - 1; candidate >= 0; candidate -= 1) {
    const length = intervalMs(rising[candidate] as Interval);
    if (interval === '1d' ? length <= longestSourceOfDayMs : intervalMs(interval) % length === 0) return candidate;
  }
  return undefined;
}
