/** The HTTP interface of the board: tables as JSON or CSV, the state of the feeds, what all that means as OpenAPI, and the probes. */
import { PipelineError } from '@tapeline/core/errors';
import type { ProbeAnswer } from '@tapeline/core/probes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AnswerBounds, type AnswerBoundsOptions } from './api/answer-bounds.ts';
import { csvOf, jsonOf } from './api/answers.ts';
import { barRoute } from './api/bar-table.ts';
import { format } from './api/known-parameters.ts';
import { openApiOf } from './api/openapi.ts';
import { type ParameterSet, RequestError, readParameters } from './api/query-parameters.ts';
import { instrumentRoute, latestRoute } from './api/symbol-tables.ts';
import type { ApiParts, TableRoute } from './api/table-route.ts';
import { alertRoute, gapRoute, tickRoute } from './api/time-tables.ts';

/** What Kubernetes and Prometheus ask of the process that the board runs in. */
export interface BoardProbes {
  livez(): ProbeAnswer | Promise<ProbeAnswer>;
  readyz(): ProbeAnswer | Promise<ProbeAnswer>;
  metrics(): ProbeAnswer | Promise<ProbeAnswer>;
}

export interface ApiOptions extends ApiParts {
  readonly probes: BoardProbes;
  readonly logger: Logger;
  readonly bounds?: AnswerBoundsOptions | undefined;
}

/** Adds the routes to a server. */
export function addApi(server: FastifyInstance, options: ApiOptions): void {
  const bounds = new AnswerBounds(options.bounds);
  const routes = [barRoute, tickRoute, latestRoute, instrumentRoute(), gapRoute, alertRoute];
  for (const route of routes) addTable(server, route, { parts: options, bounds });
  const document = openApiOf(routes);
  addPlain(server, '/api/feeds', () => ({ feeds: options.market.feeds() }));
  addPlain(server, '/api/openapi.json', () => document);
  for (const probe of ['livez', 'readyz', 'metrics'] as const) {
    server.get(`/${probe}`, { logLevel: 'silent' }, async (_request, reply) => {
      const answer = await options.probes[probe]();
      return reply.code(answer.status).type(answer.type).header('cache-control', 'no-store').send(answer.body);
    });
  }
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.logger));
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const known = [...routes.map(route => route.path), '/api/feeds'].join(', ');
    const message = `nothing at ${request.method} "${path.slice(0, 200)}", expected GET ${known} or /api/openapi.json`;
    return reply.code(404).send({ error: { code: 'path.unknown', message } });
  });
}

function addTable(server: FastifyInstance, route: TableRoute, { parts, bounds }: { parts: ApiParts; bounds: AnswerBounds }): void {
  const parameters = { ...route.parameters, format } satisfies ParameterSet;
  server.get(route.path, async (request, reply) => {
    const values = readParameters(searchOf(request), parameters);
    const isCsv = (values.format ?? preferredFormat(request.headers.accept)) === 'csv';
    const { body, next, missing } = await bounds.whenRoom(route.most(values), async () => {
      const page = await route.answer(values, parts);
      return { body: await (isCsv ? csvOf : jsonOf)(route, page), next: page.next, missing: page.missing };
    });
    reply.header('cache-control', 'no-store').header('vary', 'accept');
    if (next !== undefined) reply.header('link', `<${linkTo(request, next)}>; rel="next"`);
    if (missing !== undefined) reply.header('tapeline-missing', `${missing.fromMs}-${missing.toMs}`);
    if (isCsv) reply.header('content-disposition', `inline; filename="${route.name}.csv"`);
    bounds.watch(reply.raw, body.length);
    return reply.type(isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/json; charset=utf-8').send(body);
  });
}

function addPlain(server: FastifyInstance, path: string, answer: () => object): void {
  server.get(path, async (request, reply) => {
    readParameters(searchOf(request), {});
    return reply.header('cache-control', 'no-store').send(answer());
  });
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): FastifyReply {
  if (error instanceof RequestError) {
    if (error.status === 503) reply.header('retry-after', '2');
    return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
  }
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

/** The same question for the next page, relative to this one: a proxy may show the board elsewhere. */
function linkTo(request: FastifyRequest, next: string): string {
  const search = searchOf(request);
  search.set('after', next);
  return `?${search.toString()}`;
}
