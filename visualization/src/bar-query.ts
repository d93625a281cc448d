/** Answers a question for bars from the store, with what the store does not have yet from the live market. */
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import type { MarketStore } from '@tapeline/database/market-store';
import type { LiveMarket } from './live-market.ts';

export interface BarQuery {
  readonly symbol: string;
  readonly interval: Interval;
  /** Half-open with `toMs`; without it, as far back as `limit` bars can be expected. */
  readonly fromMs?: number;
  /** @default after the newest price of the symbol */
  readonly toMs?: number;
  readonly limit: number;
}

export interface BarAnswer {
  /** Oldest first. */
  readonly bars: readonly Bar[];
  /** The range holds more than `limit` bars; the newest are here. */
  readonly truncated: boolean;
}

const dayMs = 86_400_000;

/**
 * The range that a query means. A market has nights and weekends, so without `from` the range is eight times as long as `limit` bars,
 * and four days more. Time runs with the market: a board of recorded data looks back from its last price.
 */
export function rangeOf(query: BarQuery, market: LiveMarket, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const newestMs = market.latestOf(query.symbol)?.timeMs ?? nowMs;
  // A trading day may be labelled with the date after it began.
  const toMs = query.toMs ?? Math.max(newestMs, query.fromMs ?? 0) + 2 * dayMs;
  const lookBackMs = Math.min(query.limit * intervalMs(query.interval) * 8 + 4 * dayMs, toMs);
  return { fromMs: query.fromMs ?? toMs - lookBackMs, toMs };
}

/** The newest `limit` bars of a range, each at its highest version; a bar that is still open where nothing newer is stored. */
export async function queryBars(
  store: MarketStore,
  market: LiveMarket,
  query: BarQuery,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<BarAnswer> {
  const { symbol, interval, limit } = query;
  const stored = await store.bars({ symbol, interval, ...range, limit: limit + 1, order: 'descending' });
  const bars = new Map(stored.map(bar => [bar.startMs, bar]));
  for (const bar of market.recent(symbol, interval)) {
    if (bar.startMs < range.fromMs || bar.startMs >= range.toMs) continue;
    const known = bars.get(bar.startMs);
    if (known === undefined || bar.versionUs > known.versionUs) bars.set(bar.startMs, bar);
  }
  const ordered = [...bars.values()].sort((a, b) => a.startMs - b.startMs);
  return { bars: ordered.slice(-limit), truncated: ordered.length > limit };
}
