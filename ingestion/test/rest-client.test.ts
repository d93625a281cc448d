import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import type { RestFault } from '@tapeline/simulator/rest/rest-faults';
import { JumpingTime } from './support/jumping-time.ts';
import { connectedTo, type Rest, restOfThisFile } from './support/rest-servers.ts';

const nowMs = Date.parse('2026-03-04T15:00:00Z');
const signal = new AbortController().signal;
const request = { symbol: 'BTC/USD', interval: '1m', fromMs: nowMs - 180_000, toMs: nowMs } as const;
const bars = () => ({ open: 100.5, high: 101, low: 99.25, close: 100, volume: 12 });

describe('REST client', () => {
  const rest = restOfThisFile();

  /** The code of what it throws, with `retriable`. */
  const failure = async ({ client }: Rest, fault?: RestFault, server?: Rest['server']): Promise<readonly [string, boolean]> => {
    server?.misbehave(fault);
    const error: unknown = await client.timeSeries(request, signal).then(
      () => undefined,
      thrown => thrown,
    );
    if (!(error instanceof PipelineError)) throw error ?? new Error('it did not fail');
    return [error.code, error.retriable];
  };

  it('reads bars as numbers, in UTC, ascending, and only those of the range', async () => {
    const { client, server } = await rest.start(new JumpingTime(nowMs), { server: { bars } });
    const series = await client.timeSeries(request, signal);
    const prices = { open: 100.5, high: 101, low: 99.25, close: 100, volume: 12 };
    expect(series.bars).toEqual([
      { datetime: '2026-03-04 14:57:00', ...prices },
      { datetime: '2026-03-04 14:58:00', ...prices },
      { datetime: '2026-03-04 14:59:00', ...prices },
    ]);
    expect(series.faults).toEqual([]);
    expect(series.meta).toMatchObject({ symbol: 'BTC/USD', interval: '1min', type: 'Digital Currency' });
    expect(server.journal[0]?.parameters).toEqual({
      symbol: 'BTC/USD',
      interval: '1min',
      start_date: '2026-03-04 14:57:00',
      end_date: '2026-03-04 14:59:59',
      outputsize: '5000',
      timezone: 'UTC',
      order: 'ASC',
    });
  });

  it('reads quotes, listings and market states', async () => {
    const { client } = await rest.start(new JumpingTime(nowMs), { server: { bars, alwaysOpen: false } });
    expect(await client.quote('AAPL', signal)).toMatchObject({ symbol: 'AAPL', close: 100, exchange: 'NASDAQ', is_market_open: true });
    expect(await client.stocks('AAPL', signal)).toMatchObject([
      { symbol: 'AAPL', currency: 'USD', mic_code: 'XNAS', type: 'Common Stock' },
    ]);
    expect(await client.marketState('XNAS', signal)).toEqual([
      {
        name: 'NASDAQ',
        code: 'XNAS',
        country: 'United States',
        isOpen: true,
        sinceOpenMs: 1_800_000,
        untilOpenMs: 0,
        untilCloseMs: 21_600_000,
      },
    ]);
  });

  it('refuses a request that costs more credits than the plan ever has', async () => {
    const { client, server } = await rest.start(new JumpingTime(nowMs));
    await expect(client.profile('AAPL', signal)).rejects.toMatchObject({ code: 'usage', retriable: false });
    expect(server.journal).toHaveLength(0);
  });

  it('asks for a profile, which costs ten credits, where the plan has them', async () => {
    const { client, server } = await rest.start(new JumpingTime(nowMs), {
      server: { creditsPerMinute: 55 },
      budget: { creditsPerMinute: 55 },
    });
    expect(await client.profile('AAPL', signal)).toMatchObject({ symbol: 'AAPL', sector: 'Technology' });
    expect(server.account.total).toBe(10);
  });

  it.each(['status', 'body'] as const)('tells refusals apart by the code in the body, whatever the HTTP status (%s)', async as => {
    const made = await rest.start(new JumpingTime(nowMs));
    const codes = [400, 401, 403, 404, 414, 500, 503];
    const seen = [];
    for (const code of codes) seen.push([code, ...(await failure(made, { kind: 'error', code, as }, made.server))]);
    expect(seen).toEqual([
      [400, 'vendor.refused', false],
      [401, 'feed.key-refused', false],
      [403, 'vendor.refused', false],
      [404, 'vendor.no-data', false],
      [414, 'vendor.refused', false],
      [500, 'vendor.unavailable', true],
      [503, 'vendor.unavailable', true],
    ]);
  });

  it('takes a range without bars for no data, though the vendor says 400', async () => {
    const made = await rest.start(new JumpingTime(nowMs), { server: { bars: () => undefined } });
    expect(await failure(made)).toEqual(['vendor.no-data', false]);
  });

  it('never puts the key into an address or an error', async () => {
    const made = await rest.start(new JumpingTime(nowMs), { server: { apiKey: 'another-key' } });
    made.server.misbehave(undefined);
    await expect(made.client.quote('AAPL', signal)).rejects.toMatchObject({ code: 'feed.key-refused' });
    const echo = connectedTo(made.server.url, new JumpingTime(nowMs), { client: { apiKey: 'another-key' } });
    made.server.misbehave({ kind: 'error', code: 400, message: 'bad key another-key' });
    const error: unknown = await echo.client.quote('AAPL', signal).catch(thrown => thrown);
    expect(String(error)).toBe('PipelineError: quote was answered with code 400: bad key [redacted]');
    expect(JSON.stringify(made.server.journal)).not.toContain('key');
  });

  it.each(['status', 'body'] as const)('waits for the next minute after a 429 for the minute (%s)', async as => {
    const time = new JumpingTime(nowMs);
    const made = await rest.start(time);
    expect(await failure(made, { kind: 'exhausted', window: 'minute', as, requests: 1 }, made.server)).toEqual(['vendor.limited', true]);
    await made.client.timeSeries(request, signal);
    expect(time.nowMs - nowMs).toBe(61_000);
  });

  it.each(['status', 'body'] as const)('waits for the next day (UTC) after a 429 for the day (%s)', async as => {
    const time = new JumpingTime(nowMs);
    const made = await rest.start(time);
    expect(await failure(made, { kind: 'exhausted', window: 'day', as, requests: 1 }, made.server)).toEqual(['vendor.limited', true]);
    await made.client.timeSeries(request, signal);
    expect(new Date(time.nowMs).toISOString()).toBe('2026-03-05T00:01:00.000Z');
  });

  it('leaves room for others who use the key, as the headers tell', async () => {
    const time = new JumpingTime(nowMs);
    const made = await rest.start(time);
    for (let other = 0; other < 5; other += 1) await fetch(`${made.server.url}/quote?symbol=AAPL`);
    for (let ours = 0; ours < 3; ours += 1) await made.client.quote('AAPL', signal);
    expect(await made.budget.left()).toMatchObject({ minute: 0 });
    await made.client.quote('AAPL', signal);
    expect(made.server.account.refusals).toEqual([]);
    expect(time.nowMs - nowMs).toBe(61_000);
  });

  it.each<RestFault>([
    { kind: 'cut', when: 'uncounted' },
    { kind: 'cut', when: 'counted' },
    { kind: 'cut', when: 'in-body' },
    { kind: 'slow', delayMs: 60_000 },
  ])('calls it unavailable when the answer does not come: %j', async fault => {
    const made = await rest.start(new JumpingTime(nowMs), { client: { requestTimeoutMs: 300 } });
    expect(await failure(made, fault, made.server)).toEqual(['vendor.unavailable', true]);
  });

  it.each(['not-json', 'truncated', 'wrong-types', 'no-values'] as const)('calls an answer that is none malformed: %s', async form => {
    const made = await rest.start(new JumpingTime(nowMs));
    expect(await failure(made, { kind: 'malformed', form }, made.server)).toEqual(['vendor.malformed', true]);
  });

  it('tells bars that are none apart, and keeps the others', async () => {
    const { client, server } = await rest.start(new JumpingTime(nowMs), { server: { bars } });
    server.misbehave({ kind: 'malformed', form: 'bad-bars' });
    const { bars: kept, faults } = await client.timeSeries(request, signal);
    expect(kept.map(({ datetime }) => datetime)).toEqual(['2026-03-04 14:58:00']);
    expect(faults).toEqual([expect.stringMatching(/^values\.0: close: /), expect.stringMatching(/^values\.2: close: /)]);
  });

  it('stops waiting when the signal aborts', async () => {
    const { client, server } = await rest.start(new JumpingTime(nowMs));
    server.misbehave({ kind: 'slow', delayMs: 60_000 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(client.timeSeries(request, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('must not outlive its claim of credits', async () => {
    expect(() => connectedTo('http://127.0.0.1:1', new JumpingTime(0), { client: { requestTimeoutMs: 30_001 } })).toThrow(
      "requestTimeoutMs must be at least 5000 below the budget's longestRequestMs of 35000, was 30001",
    );
  });

  it('counts requests by endpoint and outcome', async () => {
    const made = await rest.start(new JumpingTime(nowMs));
    await made.client.quote('AAPL', signal);
    await failure(made, { kind: 'error', code: 403 }, made.server);
    const text = await made.registry.metrics();
    expect(text).toContain('tapeline_rest_requests_total{endpoint="quote",outcome="ok"} 1');
    expect(text).toContain('tapeline_rest_requests_total{endpoint="time_series",outcome="vendor.refused"} 1');
    expect(text).toContain('tapeline_rest_credits_minute_left 6');
  });
});
