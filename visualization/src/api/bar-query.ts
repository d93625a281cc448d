/** Answers a question for bars from the store, with what the store does not have yet from the live market. */
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import type { MarketStore } from '@tapeline/database/market-store';
import type { LiveMarket } from '../live-market.ts';

export interface BarSource {
  readonly store: Pick<MarketStore, 'bars' | 'gaps'>;
  readonly market: Pick<LiveMarket, 'recent'>;
}

/** `fromMs` inclusive, by the `startMs` of bars; absent: as far back as is worth looking. */
export interface BarQuery {
  readonly symbol: string;
  readonly interval: Interval;
  readonly fromMs: number | undefined;
  readonly toMs: number;
  readonly limit: number;
}

export interface BarPage<Row = Bar> {
  /** Oldest first, at most `limit`, the newest of the range. */
  readonly rows: readonly Row[];
  /** There are more before them. */
  readonly hasMore: boolean;
}

const dayMs = 86_400_000;
/** Without a start one looks no farther back than so many windows: a week of `1s`, 400 days of `1m`, all `1d`. */
const farthestWindows = 600_000;

/** The newest bars of a range, each at its highest version; a bar that is still open where nothing newer is stored. */
export async function queryBars(source: BarSource, query: BarQuery): Promise<BarPage> {
  if (query.fromMs !== undefined) return barsFrom(source, query, query.fromMs);
  // A market has nights and weekends: eight times as long as its bars, and four days more, is enough nearly always.
  const near = query.toMs - query.limit * intervalMs(query.interval) * 8 - 4 * dayMs;
  const page = await barsFrom(source, query, Math.max(0, near));
  if (page.hasMore || near <= farthest(query)) return page;
  return barsFrom(source, query, farthest(query));
}

/** The last bar that begins before a time, if one is near enough. */
export async function barBefore(source: BarSource, query: Pick<BarQuery, 'symbol' | 'interval' | 'toMs'>): Promise<Bar | undefined> {
  const page = await queryBars(source, { ...query, fromMs: undefined, limit: 1 });
  return page.rows[0];
}

function farthest({ toMs, interval }: Pick<BarQuery, 'toMs' | 'interval'>): number {
  return Math.max(0, toMs - farthestWindows * intervalMs(interval));
}

async function barsFrom({ store, market }: BarSource, query: BarQuery, fromMs: number): Promise<BarPage> {
  const { symbol, interval, toMs, limit } = query;
  const stored = await store.bars({ symbol, interval, fromMs, toMs, limit: limit + 1, order: 'descending' });
  const bars = new Map(stored.map(bar => [bar.startMs, bar]));
  for (const bar of market.recent(symbol, interval)) {
    if (bar.startMs < fromMs || bar.startMs >= toMs) continue;
    const known = bars.get(bar.startMs);
    if (known === undefined || bar.versionUs > known.versionUs) bars.set(bar.startMs, bar);
  }
  const ordered = [...bars.values()].sort((a, b) => a.startMs - b.startMs);
  return { rows: ordered.slice(-limit), hasMore: ordered.length > limit };
}
