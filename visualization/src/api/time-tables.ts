/** The tables of what happened: ticks of a symbol, gaps and alerts. Their pages go back in time. */
import type { Alert } from '@tapeline/core/alerts';
import type { Gap, TickRow } from '@tapeline/database/market-store';
import { after, limit, oneSymbol, rule, symbol, timeRange } from './known-parameters.ts';
import {
  decodeAfter,
  encodeNext,
  keyOfAlert,
  keyOfGap,
  keyOfTick,
  noPlace,
  pageBack,
  type TimePlace,
  type TimeTable,
  timePlace,
} from './pages.ts';
import { checkRange, type TimeRange } from './query-parameters.ts';
import { tableRoute } from './table-route.ts';
import { alertRow, gapRow, tickRow } from './table-rows.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const mostRows = 50_000;
const rowsOtherwise = 10_000;
const mostTickDays = 31;
const mostEventDays = 1_100;

interface Asked {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly limit: number | undefined;
  readonly after: string | undefined;
}

export const tickRoute = tableRoute({
  path: '/api/ticks',
  name: 'ticks',
  summary: 'Prices of a symbol as they came, where the store keeps them; those of the last hour before the newest one without a range',
  parameters: { symbol, ...timeRange, limit: limit(mostRows, `the newest of the range; ${rowsOtherwise} when absent`), after },
  row: tickRow,
  most: limitOf,
  async answer(values, { market, store, now }) {
    const newestMs = market.latestOf(values.symbol)?.timeMs ?? now();
    const query = queryOf(values, { asked: [values.symbol], newestMs, spanMs: hourMs, mostDays: mostTickDays });
    const { rows, next } = await pageOf<TickRow>(query, {
      read: range => store.ticks({ ...range, symbol: values.symbol }),
      timeOf: row => row.tick.timeMs,
      keyOf: keyOfTick,
      isWanted: () => true,
    });
    return { rows: rows.map(row => row.tick), next };
  },
});

export const gapRoute = tableRoute({
  path: '/api/gaps',
  name: 'gaps',
  summary: 'Spans in which a feed was away or lost something, those that overlap the range; the last day without one',
  parameters: {
    ...{ ...timeRange, symbol: oneSymbol },
    ...{ limit: limit(mostRows, `the newest of the range; ${rowsOtherwise} when absent`), after },
  },
  row: gapRow,
  most: limitOf,
  async answer(values, { store, now }) {
    const query = queryOf(values, { asked: [values.symbol], newestMs: now(), spanMs: dayMs, mostDays: mostEventDays });
    return pageOf<Gap>(query, {
      // A gap is kept by its begin; one that reaches into the range may have begun long before it.
      read: range => store.gaps({ ...range, fromMs: Math.max(0, range.fromMs - mostEventDays * dayMs) }),
      timeOf: gap => gap.fromMs,
      keyOf: keyOfGap,
      isWanted: gap => gap.toMs > query.range.fromMs && isOf(gap.symbol, values.symbol),
    });
  },
});

export const alertRoute = tableRoute({
  path: '/api/alerts',
  name: 'alerts',
  summary: 'Alerts, oldest first; those of the last day without a range',
  parameters: {
    ...{ ...timeRange, symbol: oneSymbol, rule },
    ...{ limit: limit(mostRows, `the newest of the range; ${rowsOtherwise} when absent`), after },
  },
  row: alertRow,
  most: limitOf,
  async answer(values, { store, now }) {
    const query = queryOf(values, { asked: [values.symbol, values.rule], newestMs: now(), spanMs: dayMs, mostDays: mostEventDays });
    return pageOf<Alert>(query, {
      read: range => store.alerts(range),
      timeOf: alert => alert.timeMs,
      keyOf: keyOfAlert,
      isWanted: alert => isOf(alert.symbol, values.symbol) && isOf(alert.rule, values.rule),
    });
  },
});

function limitOf({ limit: given }: Pick<Asked, 'limit'>): number {
  return given ?? rowsOtherwise;
}

function isOf(value: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || value === wanted;
}

interface Bounds {
  /** What tells this query from others, besides its range. */
  readonly asked: readonly (string | undefined)[];
  /** The time that a query without `to` ends after. */
  readonly newestMs: number;
  /** How far a query without `from` looks back. */
  readonly spanMs: number;
  readonly mostDays: number;
}

interface TimeQuery {
  readonly asked: readonly unknown[];
  readonly range: TimeRange;
  readonly place: TimePlace | undefined;
  readonly limit: number;
}

/** What is asked for; a page after the first goes on in the first one's range. */
function queryOf(values: Asked, bounds: Bounds): TimeQuery {
  const { from: fromMs, to: toMs } = values;
  const asked = [...bounds.asked, fromMs, toMs];
  const place = decodeAfter(asked, values.after, timePlace);
  const range = place === undefined ? rangeOf(values, bounds) : { fromMs: place.fromMs, toMs: place.timeMs + 1 };
  // A place is the client's word, too; a gap may have begun before the range.
  if (range.toMs - range.fromMs > bounds.mostDays * dayMs + 1) throw noPlace();
  return { asked, place, range, limit: limitOf(values) };
}

function rangeOf({ from: givenFromMs, to: givenToMs }: Asked, { newestMs, spanMs, mostDays }: Bounds): TimeRange {
  const otherwise = givenFromMs === undefined ? newestMs + 1 : Math.max(newestMs + 1, givenFromMs + spanMs);
  const toMs = givenToMs ?? otherwise;
  const range = { fromMs: givenFromMs ?? Math.max(0, toMs - spanMs), toMs };
  checkRange(range, { ms: mostDays * dayMs, text: `${mostDays} days` });
  return range;
}

async function pageOf<Row>(
  { asked, ...query }: TimeQuery,
  table: TimeTable<Row>,
): Promise<{ readonly rows: readonly Row[]; readonly next: string | undefined }> {
  const page = await pageBack(table, query);
  return { rows: page.rows, next: page.next === undefined ? undefined : encodeNext(asked, page.next) };
}
