/** The tables with one row for each symbol: newest prices, and what a symbol is. */
import { z } from 'zod';
import { InstrumentSearch } from './instrument-search.ts';
import { after, limit, search, symbols } from './known-parameters.ts';
import { decodeAfter, encodeNext } from './pages.ts';
import { tableRoute } from './table-route.ts';
import { instrumentRow, latestRow } from './table-rows.ts';

const mostRows = 50_000;
const rowsOtherwise = 10_000;
const symbolPlace = z.object({ symbol: z.string() });
const rankPlace = z.object({ given: z.int().min(1) });

export const latestRoute = tableRoute({
  path: '/api/latest',
  name: 'latest',
  summary: 'The newest price of every symbol, by symbol',
  parameters: { symbols, limit: limit(mostRows, `${rowsOtherwise} when absent`), after },
  row: latestRow,
  most: limitOf,
  async answer(values, { market }) {
    const place = decodeAfter([values.symbols], values.after, symbolPlace);
    const rows =
      values.symbols === undefined ? market.latest() : [...new Set(values.symbols)].sort().flatMap(of => market.latestOf(of) ?? []);
    const rest = place === undefined ? rows : rows.filter(row => row.symbol > place.symbol);
    const page = rest.slice(0, limitOf(values));
    const last = page.at(-1)?.symbol;
    return { rows: page, next: rest.length > page.length ? encodeNext([values.symbols], { symbol: last }) : undefined };
  },
});

/** A route of its own for each server, because it remembers what the store told of the instruments for some seconds. */
export function instrumentRoute() {
  const instruments = new InstrumentSearch();
  return tableRoute({
    path: '/api/instruments',
    name: 'instruments',
    summary: 'Every symbol that is known, with what is known of it; what is new may be missing for some seconds',
    parameters: { search, limit: limit(mostRows, `${rowsOtherwise} when absent`), after },
    row: instrumentRow,
    most: limitOf,
    async answer(values, { market, store }) {
      const given = decodeAfter([values.search], values.after, rankPlace)?.given ?? 0;
      const found = await instruments.find(values.search ?? '', { market, store });
      const end = given + limitOf(values);
      return { rows: found.slice(given, end), next: found.length > end ? encodeNext([values.search], { given: end }) : undefined };
    },
  });
}

function limitOf({ limit: given }: { readonly limit: number | undefined }): number {
  return given ?? rowsOtherwise;
}
