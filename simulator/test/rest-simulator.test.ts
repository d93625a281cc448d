import { afterEach, describe, expect, it } from '@jest/globals';
import { type RestSimulator, type RestSimulatorOptions, startRestSimulator } from '../src/rest/rest-simulator.ts';

interface Answer {
  readonly symbol?: string;
  readonly values: readonly Readonly<Record<'open' | 'high' | 'low' | 'close', string>>[];
}

const noonMs = Date.parse('2026-03-04T12:00:00Z');

describe('REST double', () => {
  const servers: RestSimulator[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(server => server.close()));
  });

  const start = async (options: Partial<RestSimulatorOptions> = {}) => {
    const server = await startRestSimulator({ seed: 7, clock: () => noonMs, ...options });
    servers.push(server);
    const ask = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${server.url}/${path}`, { headers });
      const [used, left] = ['api-credits-used', 'api-credits-left'].map(name => Number(response.headers.get(name)));
      return {
        status: response.status,
        used,
        left,
        body: (await response.json()) as Answer,
        simulated: response.headers.get('x-simulated'),
      };
    };
    return { server, ask };
  };

  it('answers a time series in text, the newest bar first, opened times in UTC', async () => {
    const { ask } = await start({ bars: () => ({ open: 1, high: 3, low: 0.5, close: 2, volume: 9 }) });
    const { status, body, simulated } = await ask('time_series?symbol=AAPL&interval=1min&outputsize=2&timezone=UTC');
    expect([status, simulated]).toEqual([200, 'true']);
    expect(body).toEqual({
      meta: {
        symbol: 'AAPL',
        interval: '1min',
        currency: 'USD',
        exchange_timezone: 'America/New_York',
        exchange: 'NASDAQ',
        mic_code: 'XNAS',
        type: 'Common Stock',
      },
      values: [
        { datetime: '2026-03-04 12:00:00', open: '1', high: '3', low: '0.5', close: '2', volume: '9' },
        { datetime: '2026-03-04 11:59:00', open: '1', high: '3', low: '0.5', close: '2', volume: '9' },
      ],
      status: 'ok',
    });
  });

  it('gives the same bars for the same seed, with a high and a low that enclose them', async () => {
    const path = 'time_series?symbol=BTC/USD&interval=5min&outputsize=50&timezone=UTC&order=ASC';
    const [first, second] = [await (await start()).ask(path), await (await start()).ask(path)];
    expect(first.body).toEqual(second.body);
    expect(first.body.values).toHaveLength(50);
    for (const { open, high, low, close } of first.body.values) {
      expect(Number(low)).toBeLessThanOrEqual(Math.min(Number(open), Number(close)));
      expect(Number(high)).toBeGreaterThanOrEqual(Math.max(Number(open), Number(close)));
    }
  });

  it('has no bars of a stock while its exchange is closed', async () => {
    const { ask } = await start({ alwaysOpen: false });
    const range = 'start_date=2026-03-01 00:00:00&end_date=2026-03-01 23:59:59&timezone=UTC';
    expect(await ask(`time_series?symbol=AAPL&interval=1h&${range}`)).toMatchObject({ status: 400, body: { code: 400, status: 'error' } });
    expect((await ask(`time_series?symbol=BTC/USD&interval=1h&order=ASC&outputsize=100&${range}`)).body.values).toHaveLength(24);
  });

  it('counts credits by minute and by UTC day, says so in headers, and refuses the ninth of a minute and what is beyond the day', async () => {
    let nowMs = noonMs;
    const { server, ask } = await start({ clock: () => nowMs, creditsPerDay: 10 });
    for (let request = 1; request <= 8; request += 1)
      expect(await ask('quote?symbol=AAPL')).toMatchObject({ used: request, left: 8 - request });
    const ninth = await ask('quote?symbol=AAPL');
    expect(ninth).toMatchObject({ status: 429, used: 8, left: 0, body: { code: 429, message: expect.stringContaining('current minute') } });
    nowMs += 60_000;
    for (let request = 1; request <= 2; request += 1) expect((await ask('quote?symbol=AAPL')).status).toBe(200);
    server.misbehave({ kind: 'refusals-as', as: 'body' });
    expect(await ask('quote?symbol=AAPL')).toMatchObject({
      status: 200,
      body: { code: 429, message: expect.stringContaining('for the day') },
    });
    nowMs += 12 * 3_600_000;
    expect((await ask('quote?symbol=AAPL')).body.symbol).toBe('AAPL');
    expect(server.account.refusals).toEqual([
      { timeMs: noonMs, window: 'minute', credits: 1, used: 8 },
      { timeMs: noonMs + 60_000, window: 'day', credits: 1, used: 10 },
    ]);
    expect([...server.account.days]).toEqual([
      ['2026-03-04', 10],
      ['2026-03-05', 1],
    ]);
    expect(server.account.mostInMinute).toBe(8);
  });

  it('refuses other keys, unknown symbols, unknown endpoints and bad parameters', async () => {
    const { ask, server } = await start({ apiKey: 'right' });
    const authorization = 'apikey right';
    expect(await ask('quote?symbol=AAPL')).toMatchObject({ status: 401, body: { code: 401, status: 'error' } });
    expect((await ask('quote?symbol=AAPL&apikey=right')).status).toBe(200);
    expect((await ask('quote?symbol=NONE', { authorization })).status).toBe(404);
    expect((await ask('nothing', { authorization })).status).toBe(404);
    expect((await ask('time_series?symbol=AAPL&interval=2min', { authorization })).status).toBe(400);
    expect((await ask('time_series?symbol=AAPL&interval=1min', { authorization })).status).toBe(400);
    expect(JSON.stringify(server.journal)).not.toContain('right');
  });

  it('refuses a fault that is none', async () => {
    const { server } = await start();
    expect(() => server.misbehave({ kind: 'slow', delayMs: 0 })).toThrow('a fault of the REST double must be one that it knows');
  });
});
