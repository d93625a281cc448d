/** The bars of the chart, by time, each at its newest; bounded. */
import type { BoardBar } from '../board-messages.ts';
import type { TimeSpan } from './time-slots.ts';

/** A month of minutes is not looked at bar by bar: the next interval shows it. */
export const mostBars = 10_000;
/** Trimmed by so many at once, because the chart is drawn anew then. */
const trimmedBars = 500;

export class BarSeries {
  #bars: BoardBar[] = [];
  /** Whatever is told takes their place. */
  #doubted: ReadonlySet<BoardBar> = new Set();

  get bars(): readonly BoardBar[] {
    return this.#bars;
  }

  /** What is here may be of tables that serve no more, where a bar had another revision. */
  doubt(): void {
    this.#doubted = new Set(this.#bars);
  }

  clear(): void {
    this.#bars = [];
  }

  /**
   * Takes bars in, oldest first.
   * @returns what is to be drawn: `end` when all but the last bar and what follows it stayed as they were
   */
  merge(bars: readonly BoardBar[]): 'nothing' | 'end' | 'all' {
    const lastMs = this.#bars.at(-1)?.startMs ?? Number.NEGATIVE_INFINITY;
    const changed = bars.filter(bar => this.#put(bar));
    if (changed.length === 0) return 'nothing';
    if (this.#bars.length <= mostBars) return changed.every(bar => bar.startMs >= lastMs) ? 'end' : 'all';
    this.#bars = this.#bars.slice(trimmedBars - mostBars);
    return 'all';
  }

  /**
   * Leaves out what is before these newest bars when it does not join them: a page that was away for long would show a hole as if nothing
   * had been traded. @returns true when something went
   */
  leaveUnjoined([first]: readonly BoardBar[]): boolean {
    if (first === undefined || this.#bars.some(bar => bar.startMs === first.startMs)) return false;
    return this.leaveBefore(first.startMs);
  }

  /** Leaves out what is before a time: it is read again. @returns true when something went */
  leaveBefore(timeMs: number): boolean {
    const before = this.#bars.length;
    this.#bars = this.#bars.filter(bar => bar.startMs >= timeMs);
    return this.#bars.length < before;
  }

  /**
   * Leaves out what is in doubt still in a span that was read again: the tables that serve have no bar there.
   * @param missing of these the server does not know the bars: they stay
   * @returns true when something went
   */
  leaveDoubted(span: TimeSpan, missing: TimeSpan | undefined): boolean {
    const before = this.#bars.length;
    this.#bars = this.#bars.filter(bar => !this.#doubted.has(bar) || !isIn(span, bar) || (missing !== undefined && isIn(missing, bar)));
    return this.#bars.length < before;
  }

  /** Puts older bars before the others, as many as there is room for. @returns how many there was room for */
  prepend(bars: readonly BoardBar[]): number {
    const firstMs = this.#bars[0]?.startMs ?? Number.POSITIVE_INFINITY;
    const older = bars.filter(bar => bar.startMs < firstMs);
    const room = Math.max(0, mostBars - this.#bars.length);
    const taken = older.slice(Math.max(0, older.length - room));
    this.#bars = [...taken, ...this.#bars];
    return taken.length;
  }

  #put(bar: BoardBar): boolean {
    const index = this.#bars.findLastIndex(other => other.startMs <= bar.startMs);
    const known = this.#bars[index];
    if (known?.startMs !== bar.startMs) {
      this.#bars.splice(index + 1, 0, bar);
      return true;
    }
    if (!this.#doubted.has(known) && (isOlder(bar, known) || isSame(bar, known))) return false;
    this.#bars[index] = bar;
    return true;
  }
}

function isIn({ fromMs, toMs }: TimeSpan, { startMs }: BoardBar): boolean {
  return startMs >= fromMs && startMs < toMs;
}

/** An answer of the history can be older than what the socket said meanwhile. */
function isOlder(bar: BoardBar, known: BoardBar): boolean {
  if (bar.state !== known.state) return bar.state === 'forming';
  return bar.state === 'final' ? bar.revision < known.revision : bar.tickCount < known.tickCount;
}

/** Every bar that is open comes with each update, also one that waits for stragglers only: nothing is to be drawn of it. */
function isSame(bar: BoardBar, known: BoardBar): boolean {
  return (
    bar.state === 'forming' && known.state === 'forming' && bar.tickCount === known.tickCount && bar.flags.join() === known.flags.join()
  );
}
