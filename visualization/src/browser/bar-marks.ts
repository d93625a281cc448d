/** How a bar shows what is to be known before trusting it, and where the alerts stand. */
import type { BarFlag } from '@tapeline/core/bars';
import type { BoardAlert, BoardBar } from '../board-messages.ts';
import { type Slot, slotAt } from './time-slots.ts';

export interface FlagLook {
  readonly flag: BarFlag;
  /** The letter at the bar; absent where the candle itself says it, or where there is nothing to warn of. */
  readonly letter?: string;
  readonly says: string;
}

/** From the one that matters most to the one that matters least: a bar carries one mark. */
export const flagLooks: readonly FlagLook[] = [
  { flag: 'gap', letter: 'G', says: 'the feed was absent in part of it' },
  { flag: 'mismatch', letter: 'M', says: "differs from the vendor's bar" },
  { flag: 'corrected', letter: 'C', says: 'changed by a late tick after it was given out' },
  { flag: 'partial', letter: 'P', says: 'begun in the middle of its window' },
  { flag: 'filled', says: "hollow candle: made from the vendor's history" },
  { flag: 'reconciled', says: "no mark, named above the chart: compared with the vendor's bar, or replaced by it" },
];

/** A mark on the chart; `color` is the page's name of one. */
export interface ChartMark {
  readonly startMs: number;
  readonly position: 'aboveBar' | 'belowBar';
  readonly shape: 'circle' | 'arrowUp';
  readonly color: string;
  readonly text: string;
  readonly size: number;
}

/** A candle made from a vendor's history is hollow. */
export function isHollow(bar: Pick<BoardBar, 'flags'>): boolean {
  return bar.flags.includes('filled');
}

/** The mark of a bar's weightiest flag that has a letter. */
export function markOf(bar: Pick<BoardBar, 'flags' | 'startMs'>): ChartMark | undefined {
  const look = flagLooks.find(({ flag, letter }) => letter !== undefined && bar.flags.includes(flag));
  if (look?.letter === undefined) return undefined;
  return { startMs: bar.startMs, position: 'aboveBar', shape: 'circle', color: `--flag-${look.flag}`, text: look.letter, size: 0.5 };
}

/** In pixels, with some room around it. */
const widestAlertText = 64;

/** How many places the text at an alert needs for itself, where each is so many pixels wide. */
export function placesOfAlertText(placeWidth: number): number {
  return Math.ceil(widestAlertText / placeWidth);
}

/**
 * The alerts of a symbol at the bars that showed them: an alert's time is the end of its bar. One mark for a place.
 * @param places that a text needs: where another alert is nearer, the arrows stand alone
 */
export function alertMarks(alerts: readonly BoardAlert[], symbol: string, slots: readonly Slot[], places: number): readonly ChartMark[] {
  const counts = new Map<number, number>();
  for (const alert of alerts) {
    const at = alert.symbol === symbol ? slotAt(slots, alert.timeMs - 1) : -1;
    if (at >= 0) counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  const marked = [...counts].sort(([a], [b]) => a - b);
  return marked.flatMap(([at, count], index) => {
    const slot = slots[at];
    if (slot === undefined) return [];
    const nearest = [marked[index - 1], marked[index + 1]].map(other => (other === undefined ? places : Math.abs(other[0] - at)));
    const text = count === 1 ? 'alert' : `${count} alerts`;
    return {
      startMs: slot.startMs,
      ...{ position: 'belowBar', shape: 'arrowUp', color: '--alert', text: Math.min(...nearest) < places ? '' : text, size: 0.8 },
    };
  });
}
