import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { addApi } from '../src/api.ts';
import { type OpenApiDocument, type OpenApiParameter, queryTextOf, typed, validatorOf } from './support/openapi-document.ts';
import { ScriptedMarket } from './support/scripted-market.ts';
import {
  aBar,
  aGap,
  anAlert,
  anInstrument,
  aTick,
  minuteMs,
  type StockedBoard,
  startStockedBoard,
  tenOClockMs,
} from './support/stocked-board.ts';

let board: StockedBoard;
let document: OpenApiDocument;

beforeAll(async () => {
  const tick = aTick({ timeMs: tenOClockMs, sequence: 2, bid: 99, ask: 101, dayVolume: 4, size: 1 });
  board = await startStockedBoard(
    {
      ticks: [aTick({ timeMs: tenOClockMs - 1, sequence: 1 }), tick].map((of, index) => ({ tick: of, versionUs: index + 1 })),
      bars: [
        aBar({ startMs: tenOClockMs, indicators: { sma20: 1, volatility20: 0.5 }, flags: ['gap', 'filled'] }),
        aBar({ startMs: tenOClockMs + 3 * minuteMs, volume: undefined, vwap: undefined, vwapKind: undefined }),
      ],
      gaps: [aGap({ fromMs: tenOClockMs, toMs: tenOClockMs + 1 }), aGap({ fromMs: tenOClockMs, toMs: tenOClockMs + 2, symbol: 'EUR/USD' })],
      alerts: [anAlert({ timeMs: tenOClockMs }), anAlert({ timeMs: tenOClockMs + 1, symbol: undefined, feed: 'twelve-data/0' })],
      instruments: [{ instrument: anInstrument('BTC/USD', { name: 'Bitcoin', fiftyTwoWeekLow: 1 }), versionUs: 1 }],
    },
    { nowMs: tenOClockMs + 10 * minuteMs },
  );
  const { feed } = board.running;
  await feed.append(
    feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD', 'EUR/USD'], refused: [{ symbol: 'X', reason: 'no plan' }] }),
    tick,
    aTick({ timeMs: tenOClockMs, sequence: 3, symbol: 'EUR/USD' }),
  );
  await eventually('the market has them', () => board.running.market.latest().length === 2);
  document = (await board.get('/api/openapi.json')).json() as unknown as OpenApiDocument;
});

afterAll(() => board.close());

/** What each route is asked for so that it has an answer. */
const needed: Readonly<Record<string, string>> = { '/api/bars': 'symbol=BTC/USD&interval=1m', '/api/ticks': 'symbol=BTC/USD' };

describe('the OpenAPI document', () => {
  it('names every route of the server, and no other', () => {
    const server = fastify();
    const routes: string[] = [];
    server.addHook('onRoute', ({ method, url }) => void (method === 'GET' && url.startsWith('/api/') && routes.push(url)));
    const probe = () => ({ status: 200, type: 'text/plain', body: '' });
    const probes = { livez: probe, readyz: probe, metrics: probe };
    addApi(server, {
      market: new ScriptedMarket(1),
      store: board.running.store,
      now: Date.now,
      probes,
      logger: pino({ level: 'silent' }),
    });
    expect(Object.keys(document.paths).sort()).toEqual(routes.sort());
  });

  it('has schemas that are JSON Schema, and examples that they take', () => {
    for (const { get } of Object.values(document.paths)) {
      for (const { schema, example, name } of get.parameters) {
        const validate = validatorOf(document, schema);
        if (example !== undefined) expect({ name, isValid: validate(example) }).toEqual({ name, isValid: true });
      }
    }
  });

  it('asks for what the server asks for', async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      const required = get.parameters.filter(parameter => parameter.required).map(parameter => parameter.name);
      expect([path, required]).toEqual([
        path,
        (needed[path] ?? '')
          .split('&')
          .flatMap(part => part.split('=', 1))
          .filter(name => name !== ''),
      ]);
      if (required.length > 0) expect((await board.get(path)).status).toBe(400);
    }
  });

  it('takes what the server takes, and refuses nothing else', async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      for (const parameter of get.parameters) await compare(path, parameter);
    }
  }, 120_000);

  it('refuses parameters that it does not name', async () => {
    for (const path of Object.keys(document.paths)) {
      expect((await board.get(`${path}?nothing=1`)).json()).toMatchObject({ error: { message: expect.stringContaining('"nothing"') } });
    }
  });

  it.each([
    ...[
      '/api/bars?symbol=BTC/USD&interval=1m',
      '/api/bars?symbol=BTC/USD&interval=1m&indicators=true',
      '/api/bars?symbol=BTC/USD&interval=1m&limit=1',
    ],
    ...['/api/bars?symbol=BTC/USD&interval=1m&fill=forward', '/api/bars?symbol=NOBODY&interval=1d', '/api/ticks?symbol=BTC/USD'],
    ...['/api/ticks?symbol=BTC/USD&limit=1', '/api/latest', '/api/latest?limit=1', '/api/instruments', '/api/instruments?limit=1'],
    ...['/api/gaps', '/api/gaps?limit=1', '/api/alerts', '/api/alerts?limit=1', '/api/feeds', '/api/openapi.json'],
  ])('describes the answer of %s', async path => {
    const answer = await board.get(path);
    expect(answer.status).toBe(200);
    const { schema = {} } = document.paths[path.split('?', 1)[0] ?? '']?.get.responses[200]?.content['application/json'] ?? {};
    const validate = validatorOf(document, schema);
    validate(answer.json());
    expect(validate.errors).toBeNull();
    expect('next' in answer.json()).toBe(path.includes('limit=1'));
  });

  it('describes the answer to a wrong parameter', async () => {
    const answer = await board.get('/api/bars');
    const { schema = {} } = document.paths['/api/bars']?.get.responses[400]?.content['application/json'] ?? {};
    expect(validatorOf(document, schema)(answer.json())).toBe(true);
  });
});

const texts = [
  ...[
    '',
    ' ',
    'a',
    'A B',
    ' A',
    'A ',
    'BTC/USD',
    'BTC/USD,EUR/USD',
    ',',
    'A,,B',
    'x'.repeat(64),
    'x'.repeat(65),
    'x'.repeat(101),
    '\u0000',
    '💶',
  ],
  ...['0', '1', '500', '50000', '50001', '-1', '1e3', '1.5', '9'.repeat(16), '9'.repeat(17), 'NaN', 'null', '[]', '{}'],
  ...['2026-01-31', '2026-01-31T09:30:00Z', '2026-01-31T09:30:00+01:00', '2026-01-31 09:30', 'yesterday', '20260131', '2026-1-1'],
  ...[
    '1m',
    '2m',
    '1M',
    'true',
    'false',
    'True',
    'json',
    'csv',
    'xml',
    'forward',
    'backward',
    Array.from({ length: 501 }, () => 'A').join(),
  ],
];

/** A text that the document refuses is refused by the server, by that parameter's name; one that the server takes is one of the document's. */
async function compare(path: string, { name, schema }: OpenApiParameter): Promise<void> {
  const validate = validatorOf(document, schema);
  const others = (needed[path] ?? '').split('&').filter(part => part !== '' && !part.startsWith(`${name}=`));
  for (const text of texts) {
    const answer = await board.get(`${path}?${[...others, `${name}=${queryTextOf(text)}`].join('&')}`);
    const { message = '' } = (answer.status === 200 ? {} : (answer.json() as { error?: { message?: string } }).error) ?? {};
    const isTaken = !message.startsWith(`parameter "${name}" must be`) && !message.startsWith(`parameter "${name}" is missing`);
    if (isTaken) expect({ path, name, text, isValid: validate(typed(schema, text)) }).toEqual({ path, name, text, isValid: true });
    else expect(answer.status).toBe(400);
  }
}
