/** The values of the bar under the cross-hair, or of the last one, in words. */
import type { BoardBar } from '../board-messages.ts';
import { type IndicatorName, linesOf, valueDecimals } from './indicator-choices.ts';
import type { ChartValues } from './indicator-values.ts';
import { clock, fixed, volume } from './number-format.ts';
import type { GapSpan } from './time-slots.ts';

/** What stands under the cross-hair, or at the end of the chart. */
export interface PointedBar {
  readonly bar: BoardBar | undefined;
  readonly values: ChartValues | undefined;
  /** The gap that the place is part of. */
  readonly gap: GapSpan | undefined;
}

export interface ReadoutPart {
  readonly label: string;
  readonly text: string;
  /** The page's name of a colour. */
  readonly color?: string;
}

/** The values of a bar as texts; none where there is no bar. */
export function valuesOf({ bar, values }: PointedBar, names: readonly IndicatorName[], decimals: number): readonly ReadoutPart[] {
  if (bar === undefined) return [];
  const price = (label: string, value: number) => ({ label, text: fixed(value, decimals) });
  const own: readonly ReadoutPart[] = [
    price('O', bar.open),
    price('H', bar.high),
    price('L', bar.low),
    price('C', bar.close),
    { label: 'Vol', text: bar.volume === undefined ? '–' : volume(bar.volume) },
    { label: 'VWAP', text: bar.vwap === undefined ? '–' : fixed(bar.vwap, decimals) },
    { label: 'Ticks', text: fixed(bar.tickCount, 0) },
  ];
  const lines = linesOf(names).flatMap(({ value, label, color }) => {
    if (value === 'vwap') return [];
    const known = values?.indicators[value];
    const text = known === undefined ? '–' : `${values?.isOwn === true ? '≈ ' : ''}${fixed(known, valueDecimals(value, decimals))}`;
    return [{ label, text, color }];
  });
  return [...own, ...lines];
}

/** The gap at a place in words. */
export function gapText(gap: GapSpan, nowMs: number): string {
  if (gap.isOpen) return `gap since ${clock(gap.fromMs, nowMs)}: ${gap.reason}`;
  const span = `${clock(gap.fromMs, nowMs)} to ${clock(gap.toMs, nowMs)}: ${gap.reason}`;
  if (gap.isMissing) return `bars of ${span}`;
  return gap.filled ? `gap ${span}; filled from history` : `gap ${span}`;
}

/** The time of a bar in words: a trading day, or when its window began. */
export function barTime(bar: Pick<BoardBar, 'interval' | 'startMs'>, nowMs: number): string {
  return bar.interval === '1d' ? new Date(bar.startMs).toISOString().slice(0, 10) : clock(bar.startMs, nowMs);
}

/** All of it in one sentence, for a screen reader. */
export function spoken(at: PointedBar, names: readonly IndicatorName[], decimals: number, nowMs: number): string {
  const { bar, gap } = at;
  const words = valuesOf(at, names, decimals).map(({ label, text }) => `${label} ${text}`);
  const parts = [
    ...(bar === undefined ? ['no bar'] : [barTime(bar, nowMs), ...words, bar.state, ...bar.flags]),
    ...(gap === undefined ? [] : [gapText(gap, nowMs)]),
  ];
  return parts.join(', ');
}
