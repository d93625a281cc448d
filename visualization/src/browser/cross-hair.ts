/** The place that is pointed at: where the pointer is, or where keys have put the cross-hair. */
import type { IChartApi } from 'lightweight-charts';
import { type CandleDrawing, timeOf } from './candle-drawing.ts';
import { type Slot, slotAt } from './time-slots.ts';

export class CrossHair {
  readonly #chart: IChartApi;
  readonly #candles: CandleDrawing;
  readonly #moved: () => void;
  #slots: readonly Slot[] = [];
  #atMs: number | undefined;
  /** The keys have put it where it is. */
  #isPinned = false;

  constructor(chart: IChartApi, candles: CandleDrawing, moved: () => void) {
    this.#chart = chart;
    this.#candles = candles;
    this.#moved = moved;
    chart.subscribeCrosshairMove(({ time, sourceEvent }) => {
      // What keys have chosen stays until the pointer moves, also while new bars push the others to the left.
      if (this.#isPinned && sourceEvent === undefined) return;
      this.#isPinned = false;
      this.#atMs = typeof time === 'number' ? time * 1_000 : undefined;
      this.#moved();
    });
  }

  /** Start of the window that is pointed at. */
  get atMs(): number | undefined {
    return this.#atMs;
  }

  /** The chart has drawn these places. It stands at a pixel; the bar that it is to stand at moves with each new one. */
  drawn(slots: readonly Slot[]): void {
    this.#slots = slots;
    this.#show();
  }

  /** Moves by so many places, from the newest one where it is nowhere. */
  step(places: number): void {
    const from = this.#atMs === undefined ? this.#slots.length : slotAt(this.#slots, this.#atMs);
    this.#moveTo(Math.max(0, Math.min(from + places, this.#slots.length - 1)));
  }

  /** Moves to the oldest or the newest place. */
  stepTo(end: 'oldest' | 'newest'): void {
    this.#moveTo(end === 'oldest' ? 0 : this.#slots.length - 1);
  }

  /** Goes away. */
  leave(): void {
    this.#isPinned = false;
    this.#atMs = undefined;
    this.#chart.clearCrosshairPosition();
    this.#moved();
  }

  #moveTo(index: number): void {
    const slot = this.#slots[index];
    if (slot === undefined) return;
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (index < range.from || index > range.to)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: index - half, to: index + half });
    }
    this.#atMs = slot.startMs;
    this.#isPinned = true;
    this.#show();
    this.#moved();
  }

  #show(): void {
    const index = this.#atMs === undefined ? -1 : slotAt(this.#slots, this.#atMs);
    const slot = this.#slots[index];
    if (!this.#isPinned || slot === undefined) return;
    this.#chart.setCrosshairPosition(slot.bar?.close ?? this.#lastClose(index), timeOf(slot.startMs), this.#candles.candles);
  }

  #lastClose(index: number): number {
    return this.#slots.slice(0, index).findLast(slot => slot.bar !== undefined)?.bar?.close ?? 0;
  }
}
