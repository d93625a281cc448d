import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import type { MarketStore } from '@tapeline/database/market-store';
import { eventually } from '../../test/support/eventually.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { tenOClockMs } from './support/stocked-board.ts';

const nowMs = tenOClockMs + 90_000;

let running: RunningMarket;
let url: string;

/** Two symbols, one closed minute with a gap in it, one minute that is still forming. */
beforeAll(async () => {
  running = await startMarket({ now: () => nowMs });
  const { feed } = running;
  running.startProcessor();
  await feed.append(
    feed.session({
      timeMs: tenOClockMs,
      symbols: ['BTC/USD', 'EUR/USD'],
      simulated: true,
      refused: [{ symbol: '1211', reason: 'no plan' }],
    }),
    feed.tick({ symbol: 'BTC/USD', price: 100, bid: 99.5, ask: 100.5, dayVolume: 10, timeMs: tenOClockMs + 1_000 }),
    feed.tick({ symbol: 'BTC/USD', price: 110, dayVolume: 12, timeMs: tenOClockMs + 30_000 }),
    feed.tick({ symbol: 'EUR/USD', price: 1.08412, timeMs: tenOClockMs + 31_000 }),
    feed.gap({ symbols: ['BTC/USD'], fromMs: tenOClockMs + 40_000, toMs: tenOClockMs + 45_000, reason: 'buffer, full' }),
    feed.tick({ symbol: 'BTC/USD', price: 90, dayVolume: 15, timeMs: tenOClockMs + 59_000 }),
    feed.heartbeat(tenOClockMs + 63_000),
    feed.tick({ symbol: 'BTC/USD', price: 95, bid: 94.5, ask: 95.5, dayVolume: 15.5, timeMs: tenOClockMs + 65_000 }),
    {
      v: 1,
      kind: 'instrument',
      symbol: 'EUR/USD',
      name: 'Euro, US Dollar',
      type: 'Physical Currency',
      ...{ fiftyTwoWeekLow: 1.0177, fiftyTwoWeekHigh: 1.12 },
      receivedTimeMs: tenOClockMs + 66_000,
    },
    feed.heartbeat(tenOClockMs + 67_000),
  );
  url = (await running.startBoard()).url;
  await eventually('the processor stored what closed', async () => {
    const range = { fromMs: 0, toMs: nowMs };
    const bars = await running.store.bars({ symbol: 'EUR/USD', interval: '1m', ...range });
    return bars.length === 1 && (await running.store.gaps(range)).length === 1 && (await running.store.instruments()).length === 1;
  });
  await eventually('the board follows the log', () => running.market.problem() === undefined);
});

afterAll(() => running.close());

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, { headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as unknown };
}

const closed = {
  symbol: 'BTC/USD',
  interval: '1m',
  startMs: 1_730_714_400_000,
  open: 100,
  high: 110,
  low: 90,
  close: 90,
  volume: 5,
  vwap: 98,
  tickCount: 3,
  state: 'final',
  flags: ['gap'],
  revision: 0,
};
const forming = {
  symbol: 'BTC/USD',
  interval: '1m',
  startMs: 1_730_714_460_000,
  open: 95,
  high: 95,
  low: 95,
  close: 95,
  volume: 0.5,
  vwap: 95,
  tickCount: 1,
  state: 'forming',
  flags: [],
  revision: 0,
};

describe('GET /api/bars', () => {
  it('gives stored bars and the forming one, oldest first', async () => {
    const answer = await get('/api/bars?symbol=BTC/USD&interval=1m');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual({ bars: [closed, forming] });
  });

  it('takes an encoded symbol', async () => {
    expect((await get('/api/bars?symbol=BTC%2FUSD&interval=1m')).json()).toEqual({ bars: [closed, forming] });
  });

  it('leaves absent values out', async () => {
    expect((await get('/api/bars?symbol=EUR/USD&interval=1m')).json()).toEqual({
      bars: [
        {
          symbol: 'EUR/USD',
          interval: '1m',
          startMs: 1_730_714_400_000,
          open: 1.08412,
          high: 1.08412,
          low: 1.08412,
          close: 1.08412,
          tickCount: 1,
          state: 'final',
          flags: [],
          revision: 0,
        },
      ],
    });
  });

  it('gives nothing for a symbol without bars', async () => {
    expect((await get('/api/bars?symbol=NOBODY&interval=1m')).json()).toEqual({ bars: [] });
  });

  it('includes from and excludes to', async () => {
    expect((await get('/api/bars?symbol=BTC/USD&interval=1m&from=1730714400000&to=1730714460000')).json()).toEqual({ bars: [closed] });
    expect((await get('/api/bars?symbol=BTC/USD&interval=1m&from=1730714400001')).json()).toEqual({ bars: [forming] });
    expect((await get('/api/bars?symbol=BTC/USD&interval=1m&from=0&to=1730714400000')).json()).toEqual({ bars: [] });
  });

  it.each([
    ['2024-11-04T10:00:00Z', '2024-11-04T10:01:00.000Z'],
    ['2024-11-04T10:00', '2024-11-04T10:01:00'],
    ['2024-11-04T11:00:00%2B01:00', '2024-11-04T11:01:00+01:00'],
    ['2024-11-04', '2024-11-04T10:01Z'],
  ])('reads times as ISO 8601: from %s to %s', async (from, to) => {
    expect((await get(`/api/bars?symbol=BTC/USD&interval=1m&from=${from}&to=${to}`)).json()).toEqual({ bars: [closed] });
  });

  it('keeps the newest within the limit and says how to get those before', async () => {
    const answer = await get('/api/bars?symbol=BTC/USD&interval=1m&limit=1');
    const { next, ...rest } = answer.json() as { next: string };
    expect(rest).toEqual({ bars: [forming] });
    expect(answer.headers.get('link')).toBe(`<?symbol=BTC%2FUSD&interval=1m&limit=1&after=${next}>; rel="next"`);
    const before = await get(`/api/bars?symbol=BTC/USD&interval=1m&limit=1&after=${next}`);
    expect(before.json()).toEqual({ bars: [closed] });
    expect(before.headers.get('link')).toBeNull();
  });

  it('gives CSV when the format asks for it', async () => {
    const answer = await get('/api/bars?symbol=BTC/USD&interval=1m&format=csv');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.text).toBe(
      'symbol,interval,startMs,open,high,low,close,volume,vwap,tickCount,state,flags,revision\r\n' +
        'BTC/USD,1m,1730714400000,100,110,90,90,5,98,3,final,gap,0\r\n' +
        'BTC/USD,1m,1730714460000,95,95,95,95,0.5,95,1,forming,,0\r\n',
    );
  });

  it('gives CSV with empty fields for absent values', async () => {
    expect((await get('/api/bars?symbol=EUR/USD&interval=1m&format=csv')).text).toBe(
      'symbol,interval,startMs,open,high,low,close,volume,vwap,tickCount,state,flags,revision\r\n' +
        'EUR/USD,1m,1730714400000,1.08412,1.08412,1.08412,1.08412,,,1,final,,0\r\n',
    );
  });

  it.each([
    ['text/csv', 'text/csv'],
    ['text/csv, application/json;q=0.5', 'text/csv'],
    ['application/json, text/csv;q=0.5', 'application/json'],
    ['*/*', 'application/json'],
    ['text/csv;q=0', 'application/json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const answer = await get('/api/bars?symbol=BTC/USD&interval=1m', { accept });
    expect(answer.headers.get('content-type')).toContain(type);
    expect(answer.headers.get('vary')).toBe('accept');
  });

  it('lets the format win over Accept', async () => {
    const answer = await get('/api/bars?symbol=BTC/USD&interval=1m&format=json', { accept: 'text/csv' });
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  it.each([
    ['interval=1m', 'parameter "symbol" is missing, expected a symbol as the vendor spells it, for example symbol=BTC/USD'],
    ['symbol=&interval=1m', 'parameter "symbol" is missing, expected a symbol as the vendor spells it, for example symbol=BTC/USD'],
    ['symbol=+A&interval=1m', 'parameter "symbol" must be 1 to 64 characters without spaces around them, was " A"'],
    ['symbol=A', 'parameter "interval" is missing, expected one of 1s, 5s, 15s, 1m, 5m, 15m, 1h, 1d'],
    ['symbol=A&interval=2m', 'parameter "interval" must be one of 1s, 5s, 15s, 1m, 5m, 15m, 1h, 1d, was "2m"'],
    [
      'symbol=A&interval=1m&from=yesterday',
      'parameter "from" must be ISO 8601 (2026-01-31 or 2026-01-31T09:30:00Z, UTC without an offset) or milliseconds since 1970 (12 or 13 digits), was "yesterday"',
    ],
    [
      'symbol=A&interval=1m&to=2024-02-31',
      'parameter "to" must be ISO 8601 (2026-01-31 or 2026-01-31T09:30:00Z, UTC without an offset) or milliseconds since 1970 (12 or 13 digits), was "2024-02-31"',
    ],
    [
      'symbol=A&interval=1m&from=-5',
      'parameter "from" must be ISO 8601 (2026-01-31 or 2026-01-31T09:30:00Z, UTC without an offset) or milliseconds since 1970 (12 or 13 digits), was "-5"',
    ],
    [
      'symbol=A&interval=1m&from=20261123',
      'parameter "from" must be ISO 8601 (2026-01-31 or 2026-01-31T09:30:00Z, UTC without an offset) or milliseconds since 1970 (12 or 13 digits), was "20261123"',
    ],
    [
      'symbol=A&interval=1m&from=1730714400000&to=1730714400000',
      'parameter "from" must be before "to", was from 2024-11-04T10:00:00.000Z to 2024-11-04T10:00:00.000Z',
    ],
    [
      'symbol=A&interval=1s&from=0&to=1730714400000',
      'the range must be at most 578 days at interval 1s, was from 1970-01-01T00:00:00.000Z to 2024-11-04T10:00:00.000Z: move "from" and "to" together',
    ],
    ['symbol=A&interval=1m&limit=0', 'parameter "limit" must be a whole number from 1 to 50000, was "0"'],
    ['symbol=A&interval=1m&limit=1e3', 'parameter "limit" must be a whole number from 1 to 50000, was "1e3"'],
    ['symbol=A&interval=1m&format=xml', 'parameter "format" must be json or csv, was "xml"'],
    ['symbol=A&symbol=B&interval=1m', 'parameter "symbol" is given more than once, expected once'],
    [
      'symbol=A&interval=1m&form=1',
      'unknown parameter "form" (value "1"), expected symbol, interval, from, to, limit, after, fill, indicators, format',
    ],
  ])('refuses ?%s and says why', async (query, message) => {
    const answer = await get(`/api/bars?${query}`);
    expect({ status: answer.status, body: answer.json() }).toEqual({
      status: 400,
      body: { error: { code: 'parameter.invalid', message } },
    });
  });
});

describe('the other routes', () => {
  const btc = {
    symbol: 'BTC/USD',
    price: 95,
    bid: 94.5,
    ask: 95.5,
    dayVolume: 15.5,
    timeMs: 1_730_714_465_000,
    receivedTimeMs: 1_730_714_465_000,
  };
  const eur = { symbol: 'EUR/USD', price: 1.08412, timeMs: 1_730_714_431_000, receivedTimeMs: 1_730_714_431_000 };

  it('give the latest price of every symbol', async () => {
    expect((await get('/api/latest')).json()).toEqual({ latest: [btc, eur] });
    expect((await get('/api/latest?format=csv')).text).toBe(
      'symbol,price,bid,ask,dayVolume,timeMs,receivedTimeMs\r\n' +
        'BTC/USD,95,94.5,95.5,15.5,1730714465000,1730714465000\r\n' +
        'EUR/USD,1.08412,,,,1730714431000,1730714431000\r\n',
    );
  });

  it('give the gaps of the last day', async () => {
    const gap = { symbol: 'BTC/USD', fromMs: 1_730_714_440_000, toMs: 1_730_714_445_000, reason: 'buffer, full', filled: false };
    expect((await get('/api/gaps')).json()).toEqual({ gaps: [gap] });
    expect((await get('/api/gaps', { accept: 'text/csv' })).text).toBe(
      'symbol,fromMs,toMs,reason,filled\r\nBTC/USD,1730714440000,1730714445000,"buffer, full",false\r\n',
    );
  });

  it('give a gap that reaches into the range, and none that only touches it', async () => {
    expect((await get('/api/gaps?from=1730714444999&to=1730714500000')).json()).toMatchObject({ gaps: [{ symbol: 'BTC/USD' }] });
    expect((await get('/api/gaps?from=1730714445000&to=1730714500000')).json()).toEqual({ gaps: [] });
    expect((await get('/api/gaps?from=1730714000000&to=1730714440000')).json()).toEqual({ gaps: [] });
  });

  it('give the symbols with what is known of them', async () => {
    expect((await get('/api/instruments')).json()).toEqual({
      instruments: [
        { symbol: 'BTC/USD' },
        { symbol: 'EUR/USD', name: 'Euro, US Dollar', type: 'Physical Currency', fiftyTwoWeekLow: 1.0177, fiftyTwoWeekHigh: 1.12 },
      ],
    });
    expect((await get('/api/instruments?format=csv')).text).toBe(
      'symbol,name,exchange,type,timeZone,sector,currency,fiftyTwoWeekLow,fiftyTwoWeekHigh\r\nBTC/USD,,,,,,,,\r\nEUR/USD,"Euro, US Dollar",,Physical Currency,,,,1.0177,1.12\r\n',
    );
  });

  it('give the state of the feeds', async () => {
    expect((await get('/api/feeds')).json()).toEqual({
      feeds: [
        {
          feed: 'twelve-data/0',
          session: 1,
          condition: 'silent',
          sinceMs: 1_730_714_467_000,
          simulated: true,
          watermarkMs: 1_730_714_467_000,
          lastDataMs: 1_730_714_465_000,
          symbols: 2,
          refused: [{ symbol: '1211', reason: 'no plan' }],
          refusedCount: 1,
        },
      ],
    });
  });

  it.each(['/api/latest?symbol=A', '/api/feeds?format=csv', '/api/instruments?x=1', '/api/gaps?interval=1m'])(
    'refuse unknown parameters: %s',
    async path => {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ error: { code: 'parameter.invalid', message: expect.stringContaining('unknown parameter') } });
    },
  );

  it('refuse a range of gaps that is too long', async () => {
    expect((await get('/api/gaps?from=0')).json()).toMatchObject({ error: { message: expect.stringContaining('at most 1100 days') } });
  });

  it('pass the probes of the process on', async () => {
    expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
    expect(await get('/readyz')).toMatchObject({ status: 503, text: 'log: not there\n' });
    expect(await get('/metrics')).toMatchObject({ status: 200, text: 'metric 1\n' });
  });

  it('name what there is when a path is unknown', async () => {
    const answer = await get('/api/bar');
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({
      error: {
        code: 'path.unknown',
        message:
          'nothing at GET "/api/bar", expected GET /api/bars, /api/ticks, /api/latest, /api/instruments, /api/gaps, /api/alerts, /api/feeds or /api/openapi.json',
      },
    });
  });

  it('refuse a path that cannot be decoded', async () => {
    const answer = await get('/api/%zz');
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'request.invalid' } });
  });
});

describe('a board whose store is away', () => {
  it('answers 503 with the reason and when to try again', async () => {
    const away = new PipelineError('store.unavailable', 'no host of 127.0.0.1:9042 answers', { retriable: true });
    const store: MarketStore = Object.create(running.store, { bars: { value: () => Promise.reject(away) } });
    const board = await running.startBoard({ store });
    const response = await fetch(`${board.url}/api/bars?symbol=A&interval=1m`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toEqual({
      error: { code: 'store.unavailable', message: 'no host of 127.0.0.1:9042 answers: try again in a moment' },
    });
  });

  it('says which setting to change when its port is taken', async () => {
    const port = Number(new URL(url).port);
    await expect(running.startBoard({ port })).rejects.toThrow(
      /^cannot listen on 127\.0\.0\.1:\d+ \(.*EADDRINUSE.*\): set HTTP_PORT to a free port, or to 0 for any$/,
    );
  });
});

describe('the page', () => {
  it('forbids everything that is not its own', async () => {
    const answer = await get('/');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.text).not.toMatch(/(src|href)="(https?:)?\/\/(?!www\.tradingview\.com\/")/);
  });

  it('serves its modules as JavaScript without types', async () => {
    const answer = await get('/assets/main.js');
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.text).toContain("from './connection.js';");
    expect(answer.text).not.toMatch(/import type|\.ts'/);
    expect((await get('/assets/lightweight-charts.js')).text).toContain('Lightweight Charts');
  });

  it('is not sent again to a browser that has it', async () => {
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect(await get('/', { 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
  });
});
