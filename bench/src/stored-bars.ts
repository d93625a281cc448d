/** Bars of a store and of a replay, to be held against each other: what each is known by, its bytes, and all that a store has of some symbols. */
import { type Bar, encodeBar } from '@tapeline/core/bars';
import { type Interval, intervals } from '@tapeline/core/intervals';
import type { MarketStore } from '@tapeline/database/market-store';

/** Half-open, of the bars' starts. */
export interface StartRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export const allTime: StartRange = { fromMs: 0, toMs: 8_640_000_000_000_000 };
const mostBars = 1_000_000;

export function barName({ symbol, interval, startMs }: Bar): string {
  return `${symbol} ${interval} ${startMs}`;
}

/** Its version included; indicators by name, for a table has another order than the fold. */
export function barBytes(bar: Bar): string {
  if (bar.indicators === undefined) return encodeBar(bar);
  const sorted = Object.entries(bar.indicators).sort(([a], [b]) => (a < b ? -1 : 1));
  return encodeBar({ ...bar, indicators: Object.fromEntries(sorted) });
}

/**
 * Asks the store for every symbol and interval.
 * @param atOnce questions that wait for their answer together
 * @returns the bars by {@link barName}
 */
export async function storedBars(
  store: Pick<MarketStore, 'bars'>,
  symbols: Iterable<string>,
  rangeOf: (interval: Interval) => StartRange,
  atOnce = 1,
): Promise<ReadonlyMap<string, Bar>> {
  const questions = [...symbols].flatMap(symbol => intervals.map(interval => ({ symbol, interval })));
  const left = questions.values();
  const stored = new Map<string, Bar>();
  const ask = async (): Promise<void> => {
    for (const { symbol, interval } of left) {
      for (const bar of await store.bars({ symbol, interval, ...rangeOf(interval), limit: mostBars })) stored.set(barName(bar), bar);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return stored;
}
