/** Which places of the time axis are to be seen: the newest ones until the history is there, from then on what the reader chose. */
import type { IChartApi, ITimeScaleApi, Time } from 'lightweight-charts';
import type { Slot } from './time-slots.ts';

export interface ShownRange {
  /** The oldest bar is near, or to be seen. */
  readonly isNearStart: boolean;
  readonly isAtStart: boolean;
  /** The newest place is to be seen. */
  readonly isAtEnd: boolean;
}

/** So many bars before the oldest one the history is asked for more. */
const nearBars = 100;
/** Room for the bars to come. */
export const placesAtRight = 3;

export class ShownPlaces {
  readonly #scale: ITimeScaleApi<Time>;
  #count = 0;
  /** Places after the last bar. */
  #emptyAtEnd = 0;
  /** Until then each drawing chooses the range that is shown. */
  #isSettled = false;

  constructor(chart: IChartApi, ranged: () => void) {
    this.#scale = chart.timeScale();
    this.#scale.subscribeVisibleLogicalRangeChange(ranged);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Nothing is known before the reader chooses. */
  get range(): ShownRange | undefined {
    const range = this.#scale.getVisibleLogicalRange();
    if (range === null || !this.#isSettled) return undefined;
    return { isNearStart: range.from < nearBars, isAtStart: range.from < 1, isAtEnd: this.isAtEnd };
  }

  get isAtEnd(): boolean {
    return (this.#scale.getVisibleLogicalRange()?.to ?? -1) >= this.#count - 1;
  }

  /** In pixels. */
  get placeWidth(): number {
    return this.#scale.options().barSpacing;
  }

  /** Begins anew with other bars. */
  clear(windowMs: number): void {
    this.#isSettled = false;
    this.#scale.applyOptions({ timeVisible: true, secondsVisible: windowMs < 60_000 });
  }

  /** The history is there: from now on the range that is shown is the reader's. */
  settle(): void {
    this.#isSettled = true;
  }

  /** These places are about to be drawn. */
  take(slots: readonly Slot[]): void {
    this.#count = slots.length;
  }

  /** All places were drawn anew. @param wasAtEnd the newest one of those before was to be seen */
  drawn(slots: readonly Slot[], wasAtEnd: boolean): void {
    const count = slots.length;
    const before = this.#emptyAtEnd;
    this.#emptyAtEnd = count - 1 - slots.findLastIndex(slot => slot.bar !== undefined);
    if (this.#isSettled && wasAtEnd && this.#emptyAtEnd !== before) this.showNewest();
    if (this.#isSettled || count === 0) return;
    // The newest bars at a width that can be read; few bars stay at the right, where the next will come.
    const most = Math.round(this.#scale.width() / 8);
    const shown = Math.max(30, Math.min(most, count + 10));
    this.#scale.setVisibleLogicalRange({ from: count - shown, to: count + placesAtRight });
  }

  showNewest(): void {
    // The library counts from the last bar, behind which a gap may stand.
    this.#scale.scrollToPosition(placesAtRight + this.#emptyAtEnd, false);
  }

  /** Shows fewer bars, or more. */
  zoom(way: 'closer' | 'wider'): void {
    const spacing = this.#scale.options().barSpacing * (way === 'closer' ? 1.5 : 1 / 1.5);
    this.#scale.applyOptions({ barSpacing: Math.max(0.5, Math.min(spacing, 80)) });
  }
}
