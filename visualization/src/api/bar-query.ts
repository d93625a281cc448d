/** Answers a question for bars from the store, with what the store does not have yet from the live market. */
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import type { MarketStore } from '@tapeline/database/market-store';
import type { LiveMarket } from '../live-market.ts';
import type { RecentBars, Span } from '../recent-bars.ts';

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
  /** Of these windows nobody knows their bars yet: the store is behind by more than the live market holds. */
  readonly missing?: Span | undefined;
}

/** A store, and what the live market knew before it was asked: what is let go of meanwhile is not lost between the two. */
export interface KnownBars {
  readonly store: BarSource['store'];
  readonly recent: RecentBars;
  /** From the end of the last bar that is stored to the first one that is held, if others were in between. */
  readonly missing: Span | undefined;
}

const dayMs = 86_400_000;
/** Without a start one looks no farther back than so many windows: a week of `1s`, 400 days of `1m`, all `1d`. */
const farthestWindows = 600_000;

/** The newest bars of a range, each at its highest version; a bar that is still open where nothing newer is stored. */
export async function queryBars(source: BarSource, query: BarQuery): Promise<BarPage> {
  const known = await knownBars(source, query);
  const page = await barsOf(known, query);
  const fromMs = page.hasMore ? (page.rows[0]?.startMs ?? 0) : (query.fromMs ?? 0);
  return { ...page, missing: missingIn(known, { fromMs, toMs: query.toMs }) };
}

/** What can be known of a symbol and interval now. */
export async function knownBars({ store, market }: BarSource, query: Pick<BarQuery, 'symbol' | 'interval'>): Promise<KnownBars> {
  const recent = market.recent(query.symbol, query.interval);
  return { store, recent, missing: await missingBetween(store, recent, query) };
}

/** The windows that are missing, if some are in a range. */
export function missingIn({ missing }: KnownBars, { fromMs, toMs }: Span): Span | undefined {
  return missing !== undefined && missing.fromMs < toMs && missing.toMs > fromMs ? missing : undefined;
}

/** As {@link queryBars}, of what is known. */
export async function barsOf(known: KnownBars, query: BarQuery): Promise<BarPage> {
  if (query.fromMs !== undefined) return barsFrom(known, query, query.fromMs);
  // A market has nights and weekends: eight times as long as its bars, and four days more, is enough nearly always.
  const near = query.toMs - query.limit * intervalMs(query.interval) * 8 - 4 * dayMs;
  const page = await barsFrom(known, query, Math.max(0, near));
  if (page.hasMore || near <= farthest(query)) return page;
  return barsFrom(known, query, farthest(query));
}

/** The last bar that begins before a time, if one is near enough. */
export async function barBefore(known: KnownBars, query: Pick<BarQuery, 'symbol' | 'interval' | 'toMs'>): Promise<Bar | undefined> {
  const page = await barsOf(known, { ...query, fromMs: undefined, limit: 1 });
  return page.rows[0];
}

function farthest({ toMs, interval }: Pick<BarQuery, 'toMs' | 'interval'>): number {
  return Math.max(0, toMs - farthestWindows * intervalMs(interval));
}

async function missingBetween(
  store: BarSource['store'],
  { bars: [held], letGoMs }: RecentBars,
  { symbol, interval }: Pick<BarQuery, 'symbol' | 'interval'>,
): Promise<Span | undefined> {
  if (held === undefined || letGoMs === undefined) return undefined;
  const newest = (range: Span) => store.bars({ symbol, interval, ...range, limit: 1, order: 'descending' });
  // Bars are stored in the order in which they closed, so one tells of all before it.
  const [stored] = await newest({ fromMs: letGoMs, toMs: letGoMs + 1 });
  if (stored !== undefined) return undefined;
  const fromMs = farthest({ toMs: letGoMs, interval });
  const [last] = await newest({ fromMs, toMs: letGoMs });
  return { fromMs: last === undefined ? fromMs : last.startMs + intervalMs(interval), toMs: held.startMs };
}

async function barsFrom({ store, recent }: KnownBars, query: BarQuery, fromMs: number): Promise<BarPage> {
  const { symbol, interval, toMs, limit } = query;
  const stored = await store.bars({ symbol, interval, fromMs, toMs, limit: limit + 1, order: 'descending' });
  const bars = new Map(stored.map(bar => [bar.startMs, bar]));
  for (const bar of recent.bars) {
    if (bar.startMs < fromMs || bar.startMs >= toMs) continue;
    const known = bars.get(bar.startMs);
    if (known === undefined || bar.versionUs > known.versionUs) bars.set(bar.startMs, bar);
  }
  const ordered = [...bars.values()].sort((a, b) => a.startMs - b.startMs);
  return { rows: ordered.slice(-limit), hasMore: ordered.length > limit };
}
