/** Reads all rows of a range from the store, oldest first, a page at a time. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import type { Gap, MarketStore, RangeQuery, TickRow } from '@tapeline/database/market-store';
import { keyOfAlert, keyOfGap, keyOfTick, type TimeTable } from '../api/pages.ts';
import type { TimeRange } from '../api/query-parameters.ts';

/** Reads oldest first. */
export type Readable<Row> = Omit<TimeTable<Row>, 'isWanted'>;

const rowsOfPage = 5_000;
/** Symbols that are read ahead: a store far away answers them together. */
const readAhead = 8;

/** All rows of a range, each once. Rows that share the last time of a page are told apart by their keys. */
export async function* pagesOf<Row>(table: Readable<Row>, range: TimeRange): AsyncGenerator<readonly Row[]> {
  const { read, timeOf, keyOf } = table;
  let query: RangeQuery = { ...range, limit: rowsOfPage, order: 'ascending' };
  let seen = new Set<string>();
  for (;;) {
    const rows = await read(query);
    const fresh = rows.filter(row => timeOf(row) !== query.fromMs || !seen.has(keyOf(row)));
    if (fresh.length > 0) yield fresh;
    const last = rows.at(-1);
    if (last === undefined || rows.length < (query.limit ?? 0)) return;
    const lastMs = timeOf(last);
    const sharing = rows.filter(row => timeOf(row) === lastMs).map(keyOf);
    seen = new Set(lastMs === query.fromMs ? [...seen, ...sharing] : sharing);
    query = { ...query, fromMs: lastMs, limit: rowsOfPage + seen.size };
  }
}

/** All rows of several tables, one table after the other; the first pages of those that come next are on their way. */
export async function* pagesOfAll<Row>(tables: readonly Readable<Row>[], range: TimeRange): AsyncGenerator<readonly Row[]> {
  const ahead: { readonly pages: AsyncGenerator<readonly Row[]>; readonly first: Promise<IteratorResult<readonly Row[]>> }[] = [];
  let next = 0;
  try {
    for (;;) {
      while (ahead.length < readAhead && next < tables.length) {
        const pages = pagesOf(tables[next] as Readable<Row>, range);
        const first = pages.next();
        first.catch(() => undefined);
        ahead.push({ pages, first });
        next += 1;
      }
      const table = ahead.shift();
      if (table === undefined) return;
      const first = await table.first;
      if (first.done === true) continue;
      yield first.value;
      yield* table.pages;
    }
  } finally {
    await Promise.allSettled(ahead.map(({ first }) => first));
  }
}

/** Bars of a symbol. */
export function barsOf(store: Pick<MarketStore, 'bars'>, symbol: string, interval: Interval): Readable<Bar> {
  return { read: query => store.bars({ ...query, symbol, interval }), timeOf: bar => bar.startMs, keyOf: () => '' };
}

/** Ticks of a symbol. */
export function ticksOf(store: Pick<MarketStore, 'ticks'>, symbol: string): Readable<TickRow> {
  return { read: query => store.ticks({ ...query, symbol }), timeOf: row => row.tick.timeMs, keyOf: keyOfTick };
}

/** Gaps by their begin. */
export function gapsOf(store: Pick<MarketStore, 'gaps'>): Readable<Gap> {
  return { read: query => store.gaps(query), timeOf: gap => gap.fromMs, keyOf: keyOfGap };
}

export function alertsOf(store: Pick<MarketStore, 'alerts'>): Readable<Alert> {
  return { read: query => store.alerts(query), timeOf: alert => alert.timeMs, keyOf: keyOfAlert };
}

/** The rows that are wanted. */
export async function* wantedOf<Row>(
  pages: AsyncIterable<readonly Row[]>,
  isWanted: (row: Row) => boolean,
): AsyncGenerator<readonly Row[]> {
  for await (const page of pages) yield page.filter(isWanted);
}

/** The same pages until the signal aborts. @throws the signal's reason */
export async function* untilAborted<Row>(pages: AsyncIterable<readonly Row[]>, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  for await (const page of pages) {
    signal.throwIfAborted();
    yield page;
  }
}

/** Every symbol that the store knows, sorted. */
export async function knownSymbols(store: Pick<MarketStore, 'latest' | 'instruments'>): Promise<readonly string[]> {
  const [latest, instruments] = await Promise.all([store.latest(), store.instruments()]);
  return [...new Set([...latest.map(row => row.symbol), ...instruments.map(row => row.instrument.symbol)])].sort();
}
