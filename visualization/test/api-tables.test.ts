import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aBar,
  aGap,
  anAlert,
  anInstrument,
  aTick,
  dayMs,
  minuteMs,
  type StockedBoard,
  startStockedBoard,
  tenOClockMs,
} from './support/stocked-board.ts';

/** Minutes after ten. */
const at = (minutes: number) => tenOClockMs + minutes * minuteMs;
const nowMs = at(30);

const names = { AAPL: 'Apple Inc', 'EUR/USD': 'Euro / US Dollar', EURN: 'Euronav', NEU: 'NewMarket Corp', 'BTC/EUR': 'Bitcoin / Euro' };

let board: StockedBoard;

beforeAll(async () => {
  const ticks = [
    aTick({ timeMs: at(0), sequence: 1 }),
    // Many on one stamp, of two sessions.
    ...[2, 3, 4, 5, 6].map(sequence => aTick({ timeMs: at(1), sequence, price: 100 + sequence })),
    ...[1, 2].map(sequence =>
      aTick({ timeMs: at(1), session: 2, sequence, price: 200 + sequence, bid: 199, ask: 201, size: 1, dayVolume: 5 }),
    ),
    aTick({ timeMs: at(2), session: 2, sequence: 3 }),
  ];
  const indicators = { sma20: 101.5, rsi14: 55.25 };
  board = await startStockedBoard(
    {
      ticks: ticks.map((tick, index) => ({ tick, versionUs: index + 1 })),
      bars: [
        // A year before the rest: nothing in between.
        aBar({ startMs: at(0) - 365 * dayMs, close: 50 }),
        ...[0, 1, 2, 3].map(minutes => aBar({ startMs: at(minutes), close: 100 + minutes })),
        aBar({ startMs: at(8), close: 108, indicators }),
        aBar({ startMs: at(0), symbol: 'EUR/USD', volume: undefined, vwap: undefined, vwapKind: undefined }),
      ],
      gaps: [
        aGap({ fromMs: at(5), toMs: at(6) + 1_000 }),
        aGap({ fromMs: at(5), toMs: at(7), symbol: 'EUR/USD' }),
        aGap({ fromMs: at(5), toMs: at(9), symbol: 'EUR/USD', reason: 'buffer full' }),
        aGap({ fromMs: at(-20_000), toMs: at(-19_000) }),
      ],
      alerts: [
        anAlert({ timeMs: at(1) }),
        anAlert({
          timeMs: at(2),
          rule: 'feed-stale',
          condition: 'stale',
          id: 'feed-stale',
          symbol: undefined,
          feed: 'twelve-data/0',
          interval: undefined,
        }),
        anAlert({ timeMs: at(2), symbol: 'EUR/USD' }),
        anAlert({ timeMs: at(-2_000) }),
      ],
      instruments: Object.entries(names).map(([symbol, name], index) => ({
        instrument: anInstrument(symbol, { name }),
        versionUs: index + 1,
      })),
    },
    { nowMs },
  );
});

afterAll(() => board.close());

describe('GET /api/ticks', () => {
  const all = ['1:1', '1:2', '1:3', '1:4', '1:5', '1:6', '2:1', '2:2', '2:3'];
  const range = `from=${at(0)}&to=${at(3)}`;
  const keys = (rows: readonly Readonly<Record<string, unknown>>[]) => rows.map(row => `${row.session}:${row.sequence}`);

  it('gives prices as they came, oldest first', async () => {
    const answer = (await board.get(`/api/ticks?symbol=BTC/USD&${range}`)).json();
    expect(keys(answer.ticks as [])).toEqual(all);
    expect((answer.ticks as unknown[])[7]).toEqual({
      ...{ symbol: 'BTC/USD', timeMs: at(1), price: 202, bid: 199, ask: 201, dayVolume: 5, size: 1 },
      ...{ feed: 'twelve-data/0', session: 2, sequence: 2, sourceTimeMs: at(1), receivedTimeMs: at(1), tradingDay: '2024-11-04' },
    });
    expect(answer.next).toBeUndefined();
  });

  it.each([1, 2, 3, 4, 8, 9])('gives each once in pages of %i, although many share one time', async limit => {
    const pages = await board.pages(`/api/ticks?symbol=BTC/USD&${range}&limit=${limit}`);
    expect(keys(pages.toReversed().flat())).toEqual(all);
    expect(pages.slice(0, -1).every(page => page.length === limit)).toBe(true);
  });

  it('gives no tick twice when others came between two pages', async () => {
    const first = (await board.get(`/api/ticks?symbol=BTC/USD&${range}&limit=2`)).json();
    const late = aTick({ timeMs: at(1), session: 2, sequence: 9, symbol: 'BTC/USD' });
    await board.running.store.write({
      ticks: [{ tick: late, versionUs: 99 }],
      bars: [],
      latest: [],
      gaps: [],
      instruments: [],
      alerts: [],
    });
    const second = (await board.get(`/api/ticks?symbol=BTC/USD&${range}&limit=2&after=${first.next}`)).json();
    expect([keys(second.ticks as []), keys(first.ticks as [])]).toEqual([
      ['1:6', '2:1'],
      ['2:2', '2:3'],
    ]);
  });

  it('refuses more than a month', async () => {
    const answer = await board.get(`/api/ticks?symbol=BTC/USD&from=2024-01-01&to=2024-02-02`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('the range must be at most 31 days, was from 2024-01-01T00:00:00.000Z to 2024-02-02T00:00:00.000Z');
  });
});

describe('GET /api/gaps', () => {
  it('gives those of one symbol', async () => {
    const answer = (await board.get('/api/gaps?symbol=BTC/USD')).json();
    expect(answer).toEqual({ gaps: [{ symbol: 'BTC/USD', fromMs: at(5), toMs: at(6) + 1_000, reason: 'socket closed', filled: false }] });
  });

  it('gives each once in pages', async () => {
    const pages = await board.pages('/api/gaps?from=2024-10-01&limit=1');
    expect(pages.map(page => page.map(gap => `${gap.symbol} ${gap.reason}`))).toEqual([
      ['EUR/USD socket closed'],
      ['EUR/USD buffer full'],
      ['BTC/USD socket closed'],
      ['BTC/USD socket closed'],
    ]);
  });
});

describe('GET /api/alerts', () => {
  it('gives those of the last day, oldest first', async () => {
    const answer = (await board.get('/api/alerts')).json();
    expect(answer).toEqual({
      alerts: [
        {
          ...{
            id: `btc-high BTC/USD ${at(1)}`,
            rule: 'btc-high',
            condition: 'level',
            severity: 'warning',
            symbol: 'BTC/USD',
            interval: '1m',
          },
          ...{ timeMs: at(1), value: 70_100, threshold: 70_000, message: 'BTC/USD rose above 70000' },
        },
        {
          ...{ id: 'feed-stale', rule: 'feed-stale', condition: 'stale', severity: 'warning', feed: 'twelve-data/0' },
          ...{ timeMs: at(2), value: 70_100, threshold: 70_000, message: 'BTC/USD rose above 70000' },
        },
        expect.objectContaining({ symbol: 'EUR/USD' }),
      ],
    });
  });

  it('gives those of a symbol and of a rule', async () => {
    const ids = async (query: string) => ((await board.get(`/api/alerts?${query}`)).json().alerts as { id: string }[]).map(({ id }) => id);
    expect(await ids('symbol=EUR/USD')).toEqual([`btc-high EUR/USD ${at(2)}`]);
    expect(await ids('rule=feed-stale')).toEqual(['feed-stale']);
    expect(await ids('rule=feed-stale&symbol=EUR/USD')).toEqual([]);
    expect(await ids('from=2024-11-01&rule=btc-high&symbol=BTC/USD')).toEqual([
      `btc-high BTC/USD ${at(-2_000)}`,
      `btc-high BTC/USD ${at(1)}`,
    ]);
  });

  it('gives CSV', async () => {
    expect((await board.get('/api/alerts?rule=feed-stale&format=csv')).text).toBe(
      'id,rule,condition,severity,symbol,feed,interval,timeMs,value,threshold,message\r\n' +
        `feed-stale,feed-stale,stale,warning,,twelve-data/0,,${at(2)},70100,70000,BTC/USD rose above 70000\r\n`,
    );
  });
});

describe('GET /api/instruments', () => {
  it.each([
    ['eur', ['EUR/USD', 'EURN', 'BTC/EUR']],
    ['EUR/USD', ['EUR/USD']],
    ['neu', ['NEU']],
    ['dollar', ['EUR/USD']],
    ['usd', ['EUR/USD']],
    ['inc', ['AAPL']],
    ['pl', ['AAPL']],
    ['nothing like it', []],
  ])('finds %s: the best match first', async (text, symbols) => {
    const answer = (await board.get(`/api/instruments?search=${encodeURIComponent(text)}`)).json();
    expect((answer.instruments as { symbol: string }[]).map(({ symbol }) => symbol)).toEqual(symbols);
  });

  it('gives all by symbol, in pages', async () => {
    const pages = await board.pages('/api/instruments?limit=2');
    expect(pages.map(page => page.map(row => row.symbol))).toEqual([['AAPL', 'BTC/EUR'], ['EUR/USD', 'EURN'], ['NEU']]);
  });
});

describe('pages of bars', () => {
  it('go back in time within a range', async () => {
    const pages = await board.pages(`/api/bars?symbol=BTC/USD&interval=1m&from=${at(0)}&to=${at(60)}&limit=2`);
    expect(pages.map(page => page.map(bar => bar.startMs))).toEqual([[at(3), at(8)], [at(1), at(2)], [at(0)]]);
  });

  it('without a start give the last ones before an end, over nights and longer holes', async () => {
    const before = async (to: number) =>
      ((await board.get(`/api/bars?symbol=BTC/USD&interval=1m&to=${to}&limit=2`)).json().bars as { startMs: number }[]).map(
        ({ startMs }) => startMs,
      );
    expect(await before(at(9))).toEqual([at(3), at(8)]);
    expect(await before(at(2))).toEqual([at(0), at(1)]);
    expect(await before(at(1))).toEqual([at(0) - 365 * dayMs, at(0)]);
    expect(await before(at(0))).toEqual([at(0) - 365 * dayMs]);
    expect(await before(at(0) - 365 * dayMs)).toEqual([]);
  });

  it('have indicators when asked, in CSV a column each', async () => {
    const query = `/api/bars?symbol=BTC/USD&interval=1m&from=${at(3)}&indicators=true`;
    const bars = (await board.get(query)).json().bars as { indicators?: unknown }[];
    expect(bars.map(bar => bar.indicators)).toEqual([undefined, { sma20: 101.5, rsi14: 55.25 }]);
    expect((await board.get(`${query}&format=csv`)).text.split('\r\n')).toEqual([
      'symbol,interval,startMs,open,high,low,close,volume,vwap,tickCount,state,flags,revision,sma20,ema12,ema26,macd,macdSignal,macdHistogram,rsi14,bollingerUpper,bollingerLower,atr14,momentum10,volatility20',
      `BTC/USD,1m,${at(3)},100,110,90,103,4,101,3,final,,0,,,,,,,,,,,,`,
      `BTC/USD,1m,${at(8)},100,110,90,108,4,101,3,final,,0,101.5,,,,,,55.25,,,,,`,
      '',
    ]);
  });

  it.each([
    ['longer than one may ask for', { fromMs: 0 }],
    ['with more rows of one time than there are', { seen: 1_000_000 }],
  ])('refuse a place that nobody was given: a range %s', async (_what, forged) => {
    const query = '/api/ticks?symbol=BTC/USD&limit=1';
    const { next } = (await board.get(query)).json();
    const [digest, place] = JSON.parse(Buffer.from(String(next), 'base64url').toString());
    const after = Buffer.from(JSON.stringify([digest, { ...place, ...forged }])).toString('base64url');
    const answer = await board.get(`${query}&after=${after}`);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'parameter.invalid', message: expect.stringContaining('"after" must be') } });
  });

  it.each([
    ['/api/bars?symbol=BTC/USD&interval=5m&limit=1', 'parameter "after" belongs to another query'],
    ['/api/bars?symbol=EUR/USD&interval=1m&limit=1', 'parameter "after" belongs to another query'],
    ['/api/ticks?symbol=BTC/USD', 'parameter "after" must be the "next" of an answer to the same query, was something else'],
  ])('refuse the place of another query: %s', async (path, message) => {
    const { next } = (await board.get('/api/bars?symbol=BTC/USD&interval=1m&limit=1')).json();
    const answer = await board.get(`${path}&after=${next}`);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'parameter.invalid', message: expect.stringContaining(message) } });
  });
});
