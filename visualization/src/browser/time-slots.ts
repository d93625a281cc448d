/**
 * The places of the chart's time axis: one for each bar, and empty ones where data is missing, so that a gap can be seen as a span.
 * The axis counts places and not milliseconds: nights and weekends take no room.
 */
import type { BoardBar } from '../board-messages.ts';

/** Half-open, milliseconds since the Unix epoch. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface GapSpan extends TimeSpan {
  readonly symbol: string;
  readonly reason: string;
  /** A vendor's history has filled it since. */
  readonly filled: boolean;
  /** It still goes on: `toMs` is now. */
  readonly isOpen?: true;
  /** No gap of a feed: bars closed there that the server does not know, because the store is behind. */
  readonly isMissing?: true;
}

export type GapKind = 'gap' | 'filled' | 'missing';

export function kindOf({ filled, isMissing }: Pick<GapSpan, 'filled' | 'isMissing'>): GapKind {
  if (isMissing) return 'missing';
  return filled ? 'filled' : 'gap';
}

export interface Slot {
  readonly startMs: number;
  /** Absent in an empty place. */
  readonly bar?: BoardBar;
}

/** A long gap shows that it is one with so many places; each of its windows would push all candles off the screen. */
const mostEmptySlots = 24;

/** A vendor's history has no shorter bars. */
const shortestFilledMs = 60_000;

/** Gaps as they are at an interval: history fills windows of a minute and longer, shorter ones stay empty. */
export function gapsAt(windowMs: number, gaps: readonly GapSpan[]): readonly GapSpan[] {
  return windowMs >= shortestFilledMs ? gaps : gaps.map(gap => ({ ...gap, filled: false }));
}

/** The places of `bars`, which are ordered by time, and of the windows that `gaps` left empty between and after them. */
export function slotsOf(bars: readonly BoardBar[], gaps: readonly GapSpan[], windowMs: number): readonly Slot[] {
  const slots = new Map<number, Slot>(bars.map(bar => [bar.startMs, { startMs: bar.startMs, bar }]));
  const firstMs = bars[0]?.startMs;
  if (firstMs === undefined) return [];
  const known = slots.size;
  for (const gap of gaps) {
    for (const startMs of emptyWindows(gap, firstMs, windowMs, slots)) slots.set(startMs, { startMs });
  }
  if (slots.size === known) return [...slots.values()];
  return [...slots.values()].sort((a, b) => a.startMs - b.startMs);
}

/** Starts of the windows of a gap that have no bar; at most so many, evenly spread. */
function emptyWindows(gap: GapSpan, firstMs: number, windowMs: number, taken: ReadonlyMap<number, unknown>): readonly number[] {
  const fromMs = Math.max(firstMs, Math.floor(gap.fromMs / windowMs) * windowMs);
  const count = Math.ceil((gap.toMs - fromMs) / windowMs);
  if (count <= 0) return [];
  const step = Math.max(1, Math.ceil(count / mostEmptySlots));
  const starts = Array.from({ length: Math.ceil(count / step) }, (_, index) => fromMs + index * step * windowMs);
  return starts.filter(startMs => !taken.has(startMs));
}

/**
 * Where a time stands on the axis, in places: 3 is the middle of the fourth one, 2.5 and 3.5 are its edges. A time between two places
 * is at the edge of the first.
 */
export function positionOf(slots: readonly Slot[], timeMs: number, windowMs: number): number {
  const index = slotAt(slots, timeMs);
  const slot = slots[index];
  if (slot === undefined) return -0.5;
  return index - 0.5 + Math.min(1, (timeMs - slot.startMs) / windowMs);
}

/** Index of the last place that begins at `timeMs` or before; −1 before the first. */
export function slotAt(slots: readonly Slot[], timeMs: number): number {
  let [low, high] = [0, slots.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((slots[middle] as Slot).startMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
