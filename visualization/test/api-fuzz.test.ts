import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { intervals } from '@tapeline/core/intervals';
import { type Random, randomOf } from '../../test/support/random.ts';
import { heapBytes } from './support/heap.ts';
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

const requests = 10_000;
const seed = 7;
const atOnce = 8;

let board: StockedBoard;

beforeAll(async () => {
  const many = Array.from({ length: 2_000 }, (_, index) => index);
  board = await startStockedBoard(
    {
      ticks: many.map(index => ({
        tick: aTick({ timeMs: tenOClockMs + (index >> 3) * 1_000, sequence: index + 1 }),
        versionUs: index + 1,
      })),
      bars: many.map(index => aBar({ startMs: tenOClockMs + index * minuteMs })),
      gaps: many.map(index => aGap({ fromMs: tenOClockMs + index, toMs: tenOClockMs + index + 5, reason: `reason ${index}` })),
      alerts: many.map(index => anAlert({ timeMs: tenOClockMs + (index >> 2) })),
      instruments: many.map(index => ({ instrument: anInstrument(`S${index}`, { name: `Name of ${index}` }), versionUs: index + 1 })),
    },
    { nowMs: tenOClockMs + 2_000 * minuteMs },
  );
});

afterAll(() => board.close());

const paths = ['/api/bars', '/api/ticks', '/api/latest', '/api/instruments', '/api/gaps', '/api/alerts', '/api/feeds', '/api/openapi.json'];
const names = ['symbol', 'symbols', 'interval', 'from', 'to', 'limit', 'after', 'fill', 'indicators', 'search', 'rule', 'format'];
const times = [
  0,
  1,
  20_261_123,
  tenOClockMs,
  tenOClockMs + 5,
  tenOClockMs + 60_000 * minuteMs,
  8_640_000_000_000_000,
  8_640_000_000_000_001,
  -1,
];
const good: Readonly<Record<string, readonly string[]>> = {
  symbol: ['BTC/USD', 'BTC%2FUSD', 'S1', 'NOBODY'],
  symbols: ['BTC/USD', 'S1,S2,BTC/USD'],
  interval: [...intervals],
  from: [...times.map(String), '2024-11-04', '2024-11-04T10:00:00Z', '1970-01-01', '9999-12-31'],
  to: [...times.map(String), '2024-11-05', '2024-11-04T11:00:00%2B01:00', '2024-11-04T10:00 05:00'.replace(' ', '+'), '9999-12-31'],
  limit: ['1', '2', '7', '100', '1000', '50000', '50001', '0'],
  fill: ['forward'],
  indicators: ['true', 'false'],
  search: ['', 'S1', 'name', '17'],
  rule: ['btc-high', 'nothing'],
  format: ['json', 'csv'],
};
const bad = [
  '',
  '%',
  '%zz',
  '%ff%fe',
  '%00',
  '%0d%0aset-cookie:a',
  '..%2f..',
  "'%20OR%201=1--",
  '[object]',
  '1e309',
  '-0',
  'NaN',
  '%F0%9F%92%B6',
  '__proto__',
];

function aValue(name: string, random: Random): string {
  if (random.isOneIn(40)) return random.pick(['x', '%41', '9', '[']).repeat(random.below(3_000));
  if (random.isOneIn(6)) return random.pick(bad);
  if (random.isOneIn(12))
    return encodeURIComponent(Array.from({ length: random.below(12) }, () => String.fromCodePoint(random.below(0xd7ff))).join(''));
  return random.pick((Object.hasOwn(good, name) ? good[name] : undefined) ?? bad);
}

/** Queries that have more than a page. */
const paged = [
  '/api/bars?symbol=BTC/USD&interval=1m&limit=3',
  `/api/bars?symbol=BTC/USD&interval=1m&from=${tenOClockMs}&limit=5&fill=forward`,
  ...['/api/ticks?symbol=BTC/USD&from=2024-11-04&limit=2', '/api/instruments?limit=4', '/api/instruments?search=s&limit=4'],
  ...['/api/gaps?from=2024-11-04&limit=9', '/api/alerts?from=2024-11-04&rule=btc-high&limit=3'],
];
const forged = [
  ...[
    {},
    { beforeMs: 9e15 },
    { beforeMs: -1 },
    { beforeMs: 0 },
    { fromMs: 0, timeMs: 9e15, key: '', seen: 1 },
    { symbol: 5 },
    { symbol: '' },
    null,
    7,
  ],
  ...[
    { fromMs: 9e15, timeMs: 0, key: '', seen: 1 },
    { fromMs: 0, timeMs: tenOClockMs, key: 'x', seen: 1_000_000 },
    { given: 1e9 },
    { given: 0.5 },
  ],
];

/** The next page of a query, or one that nobody gave out the place of. */
function aPage(random: Random, nexts: readonly string[]): string {
  const index = random.below(paged.length);
  const next = nexts[index] ?? '';
  const [digest] = JSON.parse(Buffer.from(next, 'base64url').toString()) as unknown[];
  const after = random.pick([
    next,
    next.slice(random.below(next.length)),
    random.pick(nexts),
    Buffer.from(JSON.stringify([digest, random.pick(forged)])).toString('base64url'),
    Buffer.from(JSON.stringify(random.pick(forged))).toString('base64url'),
  ]);
  return `${paged[index]}&after=${after}`;
}

function aTarget(random: Random, nexts: readonly string[]): string {
  if (random.isOneIn(8)) return aPage(random, nexts);
  const path = random.isOneIn(20)
    ? random.pick(['/api', '/api/bar', '/api/bars/', '/api/%', '/api/symbols', '//api/bars'])
    : random.pick(paths);
  const needs = { '/api/bars': ['symbol', 'interval'], '/api/ticks': ['symbol'] }[path] ?? [];
  const asked = needs.filter(() => !random.isOneIn(10));
  while (!random.isOneIn(3))
    asked.push(random.isOneIn(30) ? random.pick(['', 'a', '__proto__', 'constructor', '%zz']) : random.pick(names));
  return `${path}?${asked.map(name => `${name}=${aValue(name, random)}`).join('&')}`;
}

interface Told {
  readonly status: number;
  readonly text: string;
}

function ask(agent: Agent, path: string, { method, accept }: { readonly method: string; readonly accept: string }): Promise<Told> {
  const { hostname, port } = new URL(board.url);
  return new Promise((resolve, reject) => {
    const asked = request({ agent, hostname, port, path, method, headers: { accept } }, response => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the API under parameters that nobody would send', () => {
  it(`answers ${requests} seeded ones with 2xx or a 4xx that says why, and holds on to nothing`, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
    const nexts = await Promise.all(paged.map(async path => String((await board.get(path)).json().next)));
    expect(nexts).not.toContain('undefined');
    const statuses = new Map<number, number>();
    const askOne = async (random: Random) => {
      const path = aTarget(random, nexts);
      const method = random.isOneIn(25) ? random.pick(['HEAD', 'POST', 'DELETE', 'OPTIONS']) : 'GET';
      const told = await ask(agent, path, { method, accept: random.pick(['*/*', 'text/csv', 'text/csv;q=x', ',;=', 'application/json']) });
      statuses.set(told.status, (statuses.get(told.status) ?? 0) + 1);
      const isFine = told.status === 200 || (told.status >= 400 && told.status < 500);
      if (!isFine) throw new Error(`${method} ${path}: ${told.status} ${told.text.slice(0, 300)}`);
      if (told.status === 200 || method === 'HEAD') return;
      expect(JSON.parse(told.text)).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
    };
    const work = async (worker: number) => {
      const random = randomOf(seed + worker);
      for (let asked = 0; asked < requests / atOnce; asked += 1) await askOne(random);
    };
    await askOne(randomOf(seed));
    const before = heapBytes();
    await Promise.all(Array.from({ length: atOnce }, (_, worker) => work(worker)));
    agent.destroy();
    expect(heapBytes() - before).toBeLessThan(32 * 1_024 * 1_024);
    // Both kinds were well tried.
    expect(statuses.get(200)).toBeGreaterThan(requests / 20);
    expect(statuses.get(400)).toBeGreaterThan(requests / 20);
    expect((await board.get('/api/bars?symbol=BTC/USD&interval=1m&limit=1')).status).toBe(200);
  }, 120_000);
});
