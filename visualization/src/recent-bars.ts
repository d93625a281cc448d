/** The bars that closed last, and the last gaps: they bridge the time between the fold's word and the store's row. */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';

/** A half-open span of time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What of a symbol and interval the store may not have yet. */
export interface RecentBars {
  /** Oldest first. */
  readonly bars: readonly Bar[];
  /** Start of the newest bar that closed and is not held any more, after a former one that is; `undefined` when all are held. */
  readonly letGoMs: number | undefined;
  /** By the order in which they came. */
  readonly gaps: readonly Span[];
}

/** A processor makes a bar durable within a second or so of its close: so many are held of each symbol and interval, however many there are. */
const fewest = 5;
/** All together hold so many beyond that, about, for a processor that is away for a while. */
const mostTogether = 20_000;
const gapsOfSymbol = 5;

interface Kept {
  readonly bars: Bar[];
  letGoMs: number | undefined;
}

export class RecentResults {
  readonly #kept = new Map<string, Kept>();
  readonly #gaps = new Map<string, readonly Span[]>();

  /** Takes a bar in, in the place of its earlier version. */
  add(bar: Bar): void {
    const kept = this.#of(keyOf(bar.symbol, bar.interval));
    if (bar.startMs <= (kept.letGoMs ?? -1)) return;
    put(kept.bars, bar);
    const most = Math.max(fewest, Math.floor(mostTogether / this.#kept.size));
    if (kept.bars.length > most) kept.letGoMs = kept.bars.splice(0, kept.bars.length - most).at(-1)?.startMs;
  }

  addGap(symbol: string, { fromMs, toMs }: Span): void {
    this.#gaps.set(symbol, [...(this.#gaps.get(symbol) ?? []), { fromMs, toMs }].slice(-gapsOfSymbol));
  }

  of(symbol: string, interval: Interval): RecentBars {
    const { bars = [], letGoMs } = this.#kept.get(keyOf(symbol, interval)) ?? {};
    return { bars, letGoMs, gaps: this.#gaps.get(symbol) ?? [] };
  }

  /** Lets go of the symbols that `mine` says yes to, as if nothing had been heard of them. */
  forget(mine: (symbol: string) => boolean): void {
    for (const [key, { bars }] of this.#kept) {
      if (mine(bars[0]?.symbol ?? '')) this.#kept.delete(key);
    }
    for (const symbol of this.#gaps.keys()) {
      if (mine(symbol)) this.#gaps.delete(symbol);
    }
  }

  #of(key: string): Kept {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const kept: Kept = { bars: [], letGoMs: undefined };
    this.#kept.set(key, kept);
    return kept;
  }
}

/** Puts a bar where its time is: at the end, nearly always. */
function put(bars: Bar[], bar: Bar): void {
  const before = bars.findLastIndex(other => other.startMs <= bar.startMs);
  const isKnown = bars[before]?.startMs === bar.startMs;
  bars.splice(isKnown ? before : before + 1, isKnown ? 1 : 0, bar);
}

function keyOf(symbol: string, interval: Interval): string {
  return `${interval} ${symbol}`;
}
