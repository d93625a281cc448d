/** The HTTP interface of the board: bars, latest prices, gaps, symbols and feeds, as JSON or CSV. */
import { PipelineError } from '@tapeline/core/errors';
import { intervalMs } from '@tapeline/core/intervals';
import type { ProbeAnswer } from '@tapeline/core/probes';
import type { MarketStore } from '@tapeline/database/market-store';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { queryBars, rangeOf } from './bar-query.ts';
import { toCsv } from './csv.ts';
import type { LiveMarket } from './live-market.ts';
import { checkRange, QueryParameters, RequestError } from './query-parameters.ts';

/** What Kubernetes and Prometheus ask of the process that the board runs in. */
export interface BoardProbes {
  livez(): ProbeAnswer | Promise<ProbeAnswer>;
  readyz(): ProbeAnswer | Promise<ProbeAnswer>;
  metrics(): ProbeAnswer | Promise<ProbeAnswer>;
}

export interface ApiOptions {
  readonly market: LiveMarket;
  readonly store: MarketStore;
  readonly probes: BoardProbes;
  readonly logger: Logger;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

type Row = Readonly<Record<string, unknown>>;

/** What a route gives: rows for both formats, of which `columns` are shown. */
interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly object[];
  readonly truncated?: boolean;
}

const dayMs = 86_400_000;
const maxBars = 50_000;
const maxWindows = 50_000_000;
const maxGaps = 50_000;
/** Gaps are kept by the day on which they began; one that reaches into the range may have begun long before it. */
const gapLookBackMs = 1_100 * dayMs;

const barColumns = 'symbol interval startMs open high low close volume vwap tickCount state flags revision'.split(' ');

/** Adds the routes to a server. */
export function addApi(server: FastifyInstance, options: ApiOptions): void {
  addTable(server, '/api/bars', ['symbol', 'interval', 'from', 'to', 'limit', 'format'], query => barTable(query, options));
  addTable(server, '/api/latest', ['format'], () => ({
    name: 'latest',
    columns: ['symbol', 'price', 'bid', 'ask', 'dayVolume', 'timeMs', 'receivedTimeMs'],
    rows: options.market.latest(),
  }));
  addTable(server, '/api/gaps', ['from', 'to', 'limit', 'format'], query => gapTable(query, options));
  addTable(server, '/api/symbols', ['format'], () => symbolTable(options));
  server.get('/api/feeds', async (request, reply) => {
    new QueryParameters(searchOf(request), []);
    return reply.header('cache-control', 'no-store').send({ feeds: options.market.feeds() });
  });
  for (const probe of ['livez', 'readyz', 'metrics'] as const) {
    server.get(`/${probe}`, { logLevel: 'silent' }, async (_request, reply) => {
      const answer = await options.probes[probe]();
      return reply.code(answer.status).type(answer.type).header('cache-control', 'no-store').send(answer.body);
    });
  }
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.logger));
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const message = `nothing at ${request.method} "${path.slice(0, 200)}", expected GET /api/bars, /api/latest, /api/gaps, /api/symbols or /api/feeds`;
    return reply.code(404).send({ error: { code: 'path.unknown', message } });
  });
}

function addTable(
  server: FastifyInstance,
  path: string,
  parameters: readonly string[],
  answer: (query: QueryParameters) => Table | Promise<Table>,
): void {
  server.get(path, async (request, reply) => {
    const query = new QueryParameters(searchOf(request), parameters);
    const format = query.format() ?? preferredFormat(request.headers.accept);
    const table = await answer(query);
    reply.header('cache-control', 'no-store').header('vary', 'accept');
    if (table.truncated === true) reply.header('x-truncated', 'true');
    if (format === 'csv') {
      reply.header('content-disposition', `inline; filename="${table.name}.csv"`);
      return reply.type('text/csv; charset=utf-8; header=present').send(toCsv(table.columns, table.rows));
    }
    const rows = table.rows.map(row => pick(row, table.columns));
    return reply.send({ [table.name]: rows, ...(table.truncated === true ? { truncated: true } : {}) });
  });
}

async function barTable(query: QueryParameters, options: ApiOptions): Promise<Table> {
  const fromMs = query.time('from');
  const toMs = query.time('to');
  const limit = query.limit(fromMs === undefined ? 500 : 10_000, maxBars);
  const asked = { symbol: query.symbol(), interval: query.interval(), limit, fromMs, toMs };
  const range = rangeOf(asked, options.market, options.now());
  const most = maxWindows * intervalMs(asked.interval);
  checkRange(range.fromMs, range.toMs, { ms: most, text: `${Math.floor(most / dayMs)} days at interval ${asked.interval}` });
  const { bars, truncated } = await queryBars(options.store, options.market, asked, range);
  return { name: 'bars', columns: barColumns, rows: bars, truncated };
}

async function gapTable(query: QueryParameters, options: ApiOptions): Promise<Table> {
  const asked = { fromMs: query.time('from'), toMs: query.time('to') };
  const toMs = asked.toMs ?? (asked.fromMs === undefined ? options.now() + 1 : Math.max(options.now() + 1, asked.fromMs + dayMs));
  const fromMs = asked.fromMs ?? Math.max(0, toMs - dayMs);
  const limit = query.limit(10_000, maxGaps);
  checkRange(fromMs, toMs, { ms: 1_100 * dayMs, text: '1100 days' });
  const stored = await options.store.gaps({ fromMs: Math.max(0, fromMs - gapLookBackMs), toMs, limit: limit + 1, order: 'descending' });
  const gaps = stored.filter(gap => gap.toMs > fromMs).sort((a, b) => a.fromMs - b.fromMs || (a.symbol < b.symbol ? -1 : 1));
  const columns = ['symbol', 'fromMs', 'toMs', 'reason', 'filled'] as const;
  return { name: 'gaps', columns, rows: gaps.slice(-limit), truncated: gaps.length > limit };
}

async function symbolTable({ store, market }: ApiOptions): Promise<Table> {
  const facts = ['name', 'exchange', 'type', 'timeZone', 'sector', 'currency', 'fiftyTwoWeekLow', 'fiftyTwoWeekHigh'] as const;
  const columns = ['symbol', ...facts] as const;
  const rows = new Map<string, Row>(market.symbols().map(symbol => [symbol, { symbol }]));
  for (const { instrument } of await store.instruments()) rows.set(instrument.symbol, pick(instrument, columns));
  return { name: 'symbols', columns, rows: [...rows.values()].sort((a, b) => (String(a.symbol) < String(b.symbol) ? -1 : 1)) };
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): FastifyReply {
  if (error instanceof RequestError) return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
  if (error instanceof PipelineError) {
    logger.warn({ url: request.url, code: error.code, ...error.fields }, `request failed: ${error.message}`);
    const retry = error.retriable ? ': try again in a moment' : '';
    reply.header('retry-after', '2');
    return reply.code(503).send({ error: { code: error.code, message: `${error.message}${retry}` } });
  }
  const status = statusOf(error);
  if (status < 500) return reply.code(status).send({ error: { code: 'request.invalid', message: (error as Error).message } });
  logger.error({ url: request.url, err: error }, 'request failed by a programming error');
  return reply.code(500).send({ error: { code: 'internal', message: 'the request failed: the log of the server says why' } });
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : 500;
}

/** CSV when the client names it and does not like JSON better. */
function preferredFormat(accept: string | undefined): 'json' | 'csv' {
  const csv = qualityOf(accept, 'text/csv');
  return csv > 0 && csv >= qualityOf(accept, 'application/json') ? 'csv' : 'json';
}

function qualityOf(accept: string | undefined, type: string): number {
  const ranges = (accept ?? '').toLowerCase().split(',');
  const range = ranges.map(text => text.split(';').map(part => part.trim())).find(([name]) => name === type);
  if (range === undefined) return 0;
  const quality = Number(range.find(part => part.startsWith('q='))?.slice(2) ?? '1');
  return Number.isNaN(quality) ? 0 : quality;
}

function searchOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
}

function pick(row: object, columns: readonly string[]): Row {
  const values = row as Row;
  return Object.fromEntries(columns.filter(column => values[column] !== undefined).map(column => [column, values[column]]));
}
