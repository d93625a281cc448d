/**
 * An HTTP server that answers the questions of the check as Grafana 12 does, with the dashboards of the chart; and that misbehaves on request.
 *
 * Shapes are those of Grafana's HTTP interface and of the plug-in's `resources/variables`: a failed query is status 400 with the reason in its result.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { DashboardJson } from '@tapeline/visualization/grafana-check/dashboard-json';

export interface GrafanaServerOptions {
  readonly dashboards: readonly DashboardJson[];
  /** What it wants in the header `authorization`. */
  readonly authorization: string;
  /** Queries that fail, by a part of their text. */
  readonly failing?: string;
  /** What it leaves out of every frame. */
  readonly withoutColumn?: string;
  /** One frame for each of two symbols, whatever the first column is. */
  readonly twoFrames?: boolean;
  /** The data is there, and nothing is drawn but the volume. */
  readonly blank?: boolean;
}

export interface GrafanaServer {
  readonly url: string;
  /** Texts of the queries that came, CQL and PromQL. */
  readonly queries: readonly string[];
  close(): Promise<void>;
}

interface Query {
  readonly refId: string;
  readonly target?: string;
  readonly expr?: string;
}

/** Listens on a free port of loopback. */
export async function grafanaServer(options: GrafanaServerOptions): Promise<GrafanaServer> {
  const queries: string[] = [];
  const server = createServer((request, response) => void answer(request, response, options, queries));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections());
  return { url: `http://127.0.0.1:${port}`, queries, close };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: GrafanaServerOptions, queries: string[]): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const json = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (request.headers.authorization !== options.authorization) return json(401, { message: 'Unauthorized' });
  const [, , , , uid = ''] = pathname.split('/');
  if (pathname === '/api/search')
    return json(
      200,
      options.dashboards.map(dashboard => ({ uid: dashboard.uid, title: dashboard.title })),
    );
  if (pathname.startsWith('/api/dashboards/uid/'))
    return json(200, { dashboard: options.dashboards.find(each => each.uid === uid), meta: {} });
  if (pathname.endsWith('/resources/variables')) return json(200, variableOf(searchParams.get('query') ?? ''));
  if (pathname === '/api/ds/query') {
    const { queries: asked } = JSON.parse(await text(request)) as { readonly queries: readonly Query[] };
    queries.push(...asked.map(({ target, expr }) => target ?? expr ?? ''));
    const results = asked.map(query => [query.refId, resultOf(query, options)] as const);
    return json(results.some(([, { error }]) => error !== undefined) ? 400 : 200, { results: Object.fromEntries(results) });
  }
  if (pathname.startsWith('/d')) response.writeHead(200, { 'content-type': 'text/html' }).end(page(options));
  else json(404, { message: 'Not found' });
}

function variableOf(query: string): readonly { readonly value: string; readonly text: string }[] {
  const values = query.includes('toDate(') ? ['2025-01-01'] : ['BTC/USD', "O'HARE"];
  return values.map(value => ({ value, text: value }));
}

function resultOf({ target, expr }: Query, { failing, withoutColumn, twoFrames }: GrafanaServerOptions) {
  const asked = target ?? expr ?? '';
  if (failing !== undefined && asked.includes(failing)) return { status: 400, error: 'p.ExecQuery: query processing: unconfigured table' };
  const [, columns = 'Time, Value'] = /^SELECT (.+?) FROM /.exec(asked) ?? [];
  const names = columns.split(', ').map(column => (column.split(' AS ').at(-1) ?? '').replaceAll('"', ''));
  const fields = names.filter(name => name !== withoutColumn).map(name => ({ name, type: 'number' }));
  const frame = (name: string) => ({ schema: { name, fields }, data: { values: fields.map(() => [1, 2, 3]) } });
  return { status: 200, frames: (twoFrames ? ['BTC/USD', "O'HARE"] : ['all']).map(frame) };
}

/** A page that asks once, then draws candles above and volume below, as the panel would. */
function page({ blank = false, failing = '' }: GrafanaServerOptions): string {
  const query = JSON.stringify({ queries: [{ refId: 'A', target: `SELECT symbol FROM ${failing || 'latest_by_board'}` }] });
  return `<!doctype html><title>Grafana</title><canvas width="400" height="200"></canvas><script>
    fetch('/api/ds/query', { method: 'POST', body: ${JSON.stringify(query)} }).then(() => {
      const context = document.querySelector('canvas').getContext('2d');
      for (let i = 0; i < 20; i += 1) {
        context.fillStyle = i % 2 ? '#73bf69' : '#f2495c';
        ${blank ? '' : 'context.fillRect(i * 20, 20 + i, 8, 30);'}
        context.fillRect(i * 20, 160, 8, 40);
      }
    });
  </script>`;
}
