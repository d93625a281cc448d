/** The bars of the chart, by time, each at its newest; bounded. */
import type { BoardBar } from '../board-messages.ts';

const maxBars = 2_000;

export class BarSeries {
  #bars: BoardBar[] = [];

  get bars(): readonly BoardBar[] {
    return this.#bars;
  }

  clear(): void {
    this.#bars = [];
  }

  at(startMs: number): BoardBar | undefined {
    return this.#bars.findLast(bar => bar.startMs === startMs);
  }

  /**
   * Takes bars in, oldest first.
   * @returns the bars to draw at the end when nothing before them changed, else `undefined`: draw them all.
   */
  merge(bars: readonly BoardBar[]): readonly BoardBar[] | undefined {
    const lastMs = this.#bars.at(-1)?.startMs ?? Number.NEGATIVE_INFINITY;
    const changed = bars.filter(bar => this.#put(bar));
    if (this.#bars.length > maxBars) this.#bars = this.#bars.slice(-maxBars);
    return changed.every(bar => bar.startMs >= lastMs) ? changed : undefined;
  }

  #put(bar: BoardBar): boolean {
    const index = this.#bars.findLastIndex(other => other.startMs <= bar.startMs);
    const known = this.#bars[index];
    if (known?.startMs !== bar.startMs) {
      this.#bars.splice(index + 1, 0, bar);
      return true;
    }
    if (isOlder(bar, known)) return false;
    this.#bars[index] = bar;
    return true;
  }
}

/** An answer of the history can be older than what the socket said meanwhile. */
function isOlder(bar: BoardBar, known: BoardBar): boolean {
  if (bar.state !== known.state) return bar.state === 'forming';
  return bar.state === 'final' ? bar.revision < known.revision : bar.tickCount < known.tickCount;
}
