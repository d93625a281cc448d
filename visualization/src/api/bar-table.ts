/** `GET /api/bars`: bars of a symbol, as they are or with every window in between. */
import { intervalMs } from '@tapeline/core/intervals';
import { z } from 'zod';
import { type BarPage, type BarQuery, queryBars } from './bar-query.ts';
import { queryFilledForward } from './filled-forward.ts';
import { after, fill, indicators, interval, limit, symbol, timeRange } from './known-parameters.ts';
import { decodeAfter, encodeNext } from './pages.ts';
import { checkRange } from './query-parameters.ts';
import { type ApiParts, type TablePage, tableRoute } from './table-route.ts';
import { type BarRow, barRow, indicatorNames } from './table-rows.ts';

const dayMs = 86_400_000;
const mostBars = 50_000;
const mostWindows = 50_000_000;
const place = z.object({ beforeMs: z.int().min(0) });

const plainFields = Object.keys(barRow.shape).filter(field => field !== 'indicators');
const flatColumns = [...plainFields, ...indicatorNames];

export const barRoute = tableRoute({
  path: '/api/bars',
  name: 'bars',
  summary: 'Bars of a symbol, oldest first; without `from` the last ones before `to`. The one that is still open is `forming`',
  parameters: {
    ...{ symbol, interval, ...timeRange },
    limit: limit(mostBars, 'the newest of the range; 500 when absent, 10000 with `from`'),
    ...{ after, fill, indicators },
  },
  row: barRow,
  canMiss: true,
  most: limitOf,
  async answer(values, { market, store, now }) {
    const { symbol: name, interval: of, from: fromMs, to: givenToMs, fill: filling } = values;
    const asked = [name, of, fromMs, givenToMs, filling];
    const beforeMs = decodeAfter(asked, values.after, place)?.beforeMs;
    const toMs = givenToMs ?? endOf(name, { fromMs, market, now });
    if (fromMs !== undefined) {
      const most = mostWindows * intervalMs(of);
      checkRange({ fromMs, toMs }, { ms: most, text: `${Math.floor(most / dayMs)} days at interval ${of}` });
    }
    const query: BarQuery = { symbol: name, interval: of, fromMs, toMs: Math.min(toMs, beforeMs ?? toMs), limit: limitOf(values) };
    const source = { market, store };
    const newestMs = endOf(name, { fromMs: undefined, market, now });
    const page: BarPage<BarRow> =
      filling === 'forward' ? await queryFilledForward(source, query, newestMs) : await queryBars(source, query);
    const next = page.hasMore ? encodeNext(asked, { beforeMs: page.rows[0]?.startMs ?? 0 }) : undefined;
    return { ...shown(page.rows, values.indicators === true), next, missing: page.missing };
  },
});

function limitOf(values: { readonly limit: number | undefined; readonly from: number | undefined }): number {
  return values.limit ?? (values.from === undefined ? 500 : 10_000);
}

/** Time runs with the market: a board of recorded data looks back from its last price. A trading day may be labelled with the date after it began. */
function endOf(
  symbol: string,
  { fromMs, market, now }: Pick<ApiParts, 'market' | 'now'> & { readonly fromMs: number | undefined },
): number {
  return Math.max(market.latestOf(symbol)?.timeMs ?? now(), fromMs ?? 0) + 2 * dayMs;
}

function shown(rows: readonly BarRow[], withIndicators: boolean): TablePage<BarRow> {
  if (!withIndicators) return { rows, fields: plainFields };
  return { rows, flat: { columns: flatColumns, of: row => ({ ...row, ...row.indicators }) } };
}
