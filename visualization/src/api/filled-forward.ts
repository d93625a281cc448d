/** Bars with every window in between: a reader's view, made at query time and never stored. */
import type { Bar } from '@tapeline/core/bars';
import { intervalMs } from '@tapeline/core/intervals';
import type { Gap } from '@tapeline/database/market-store';
import type { Span } from '../recent-bars.ts';
import { type BarPage, type BarQuery, type BarSource, barBefore, barsOf, type KnownBars, knownBars, missingIn } from './bar-query.ts';
import { keyOfGap, pageBack, type TimePlace, type TimeTable } from './pages.ts';
import type { BarRow } from './table-rows.ts';

const dayMs = 86_400_000;
/** Gaps are kept by their begin; one that has gone on for longer than this, or began before half a million others, is no longer found. */
const gapLookBackMs = 32 * dayMs;
/** Pages of gaps that are looked at, of all symbols: half a million rows. */
const mostGapPages = 10;
const gapsOfPage = 50_000;

/**
 * The newest `limit` windows of a range, those without a bar with the close of the bar before. It begins with the first bar and ends with
 * the last one that is known: beyond that nobody knows that nothing happened. Windows in which the feed was away have the flag `gap`;
 * those that may have a bar which nobody can tell yet are left out, and told as `missing`.
 * @param newestMs a time that no bar is beyond
 */
export async function queryFilledForward(source: BarSource, query: BarQuery, newestMs: number): Promise<BarPage<BarRow>> {
  const lengthMs = intervalMs(query.interval);
  const known = await knownBars(source, query);
  // The last bar that is known, be it beyond the range: up to there all is known but what is missing.
  const newest = await barBefore(known, { ...query, toMs: Math.max(query.toMs, newestMs) });
  if (newest === undefined) return { rows: [], hasMore: false };
  const lastMs = lastWindow(known, Math.min(query.toMs, newest.startMs + lengthMs), lengthMs);
  const earliestMs = Math.ceil((query.fromMs ?? 0) / lengthMs) * lengthMs;
  const firstMs = Math.max(earliestMs, lastMs - (query.limit - 1) * lengthMs);
  const missing = missingIn(known, { fromMs: firstMs, toMs: query.toMs });
  if (firstMs > lastMs) return { rows: [], hasMore: false, missing };
  const page = { ...query, fromMs: firstMs, toMs: lastMs + lengthMs };
  const [{ rows: bars }, former, gaps] = await Promise.all([
    barsOf(known, page),
    barBefore(known, { ...query, toMs: firstMs }),
    gapsIn(known, page),
  ]);
  const rows = filled(bars, { former, gaps: gaps.spans, missing, firstMs, lastMs, lengthMs });
  // Where nobody looked for gaps, the next page does.
  const looked = rows.filter(row => row.startMs >= Math.min(gaps.lookedFromMs, lastMs));
  return { rows: looked, hasMore: looked.length < rows.length || (former !== undefined && firstMs > earliestMs), missing };
}

/** The last window before a time that is not missing. */
function lastWindow({ missing }: KnownBars, toMs: number, lengthMs: number): number {
  const isMissing = missing !== undefined && missing.fromMs < toMs && toMs <= missing.toMs;
  return Math.floor(((isMissing ? missing.fromMs : toMs) - 1) / lengthMs) * lengthMs;
}

interface Filling {
  readonly former: Bar | undefined;
  readonly gaps: readonly Span[];
  readonly missing: Span | undefined;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly lengthMs: number;
}

function filled(bars: readonly Bar[], { former, gaps, missing, firstMs, lastMs, lengthMs }: Filling): readonly BarRow[] {
  const known = new Map(bars.map(bar => [bar.startMs, bar]));
  const rows: BarRow[] = [];
  let before = former;
  let gap = 0;
  for (let startMs = firstMs; startMs <= lastMs; startMs += lengthMs) {
    const bar = known.get(startMs);
    const isMissing = missing !== undefined && missing.fromMs <= startMs && startMs < missing.toMs;
    while (gap < gaps.length && (gaps[gap]?.toMs ?? 0) <= startMs) gap += 1;
    if (bar !== undefined) rows.push(bar);
    else if (before !== undefined && !isMissing) rows.push(repeated(before, startMs, (gaps[gap]?.fromMs ?? Infinity) < startMs + lengthMs));
    before = bar ?? before;
  }
  return rows;
}

function repeated({ symbol, interval, close }: Bar, startMs: number, isInGap: boolean): BarRow {
  const prices = { open: close, high: close, low: close, close };
  const flags = isInGap ? (['gap'] as const) : [];
  return { symbol, interval, startMs, ...prices, volume: 0, tickCount: 0, state: 'filled-forward', flags, revision: 0 };
}

interface FoundGaps {
  /** By begin, none overlapping another. */
  readonly spans: readonly Span[];
  /** Gaps that begin before were not looked for: there are too many. */
  readonly lookedFromMs: number;
}

/** The gaps of the symbol that reach into a page, the newest first looked for. */
async function gapsIn({ store, recent }: KnownBars, { symbol, fromMs, toMs }: BarQuery & { readonly fromMs: number }): Promise<FoundGaps> {
  const table: TimeTable<Gap> = {
    read: range => store.gaps(range),
    timeOf: gap => gap.fromMs,
    keyOf: keyOfGap,
    isWanted: gap => gap.symbol === symbol && gap.toMs > fromMs,
  };
  const range = { fromMs: Math.max(0, fromMs - gapLookBackMs), toMs };
  const found: (readonly Span[])[] = [recent.gaps.filter(gap => gap.fromMs < toMs && gap.toMs > fromMs)];
  let place: TimePlace | undefined;
  for (let page = 0; page < mostGapPages; page += 1) {
    const { rows, next } = await pageBack(table, { range, limit: gapsOfPage, place });
    found.push(rows);
    place = next;
    if (next === undefined) break;
  }
  return { spans: joined(found.flat().sort((a, b) => a.fromMs - b.fromMs)), lookedFromMs: place?.timeMs ?? 0 };
}

/** As one where they overlap. */
function joined(gaps: readonly Span[]): readonly Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const gap of gaps) {
    const last = spans.at(-1);
    if (last !== undefined && gap.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, gap.toMs);
    else spans.push({ fromMs: gap.fromMs, toMs: gap.toMs });
  }
  return spans;
}
