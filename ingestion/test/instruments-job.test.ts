/** The instruments job between a real store (SQLite), the log's contract in memory, and the REST double. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import type { InstrumentRecord } from '@tapeline/core/records';
import type { MarketStore } from '@tapeline/database/market-store';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { Registry } from 'prom-client';
import { instrumentRecord } from '../src/instruments/instrument-facts.ts';
import { type InstrumentsJobOptions, runInstrumentsJob } from '../src/instruments/instruments-job.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { aLogger } from './support/logger.ts';
import { MemoryLog } from './support/memory-log.ts';
import { type Rest, restOfThisFile } from './support/rest-servers.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 2, 4, 14);

const rests = restOfThisFile();
let store: MarketStore;
let log: MemoryLog;
let time: JumpingTime;
let lines: ReturnType<typeof aLogger>['lines'];
beforeEach(async () => {
  store = openSqliteStore({ dataDir: await rests.folder(), logger: aLogger().logger, registry: new Registry() });
  await store.migrate();
  log = new MemoryLog(1);
  time = new JumpingTime(nowMs);
});
afterEach(() => store.close());

const records = () => log.records(0) as InstrumentRecord[];
const messages = () => lines.map(({ msg }) => String(msg));
/** What is asked for a symbol of which nothing is stored. */
const first = (symbol: string) => [`quote ${symbol}`, `time_series ${symbol}`];
const asked = ({ server }: Rest) => server.journal.map(({ endpoint, parameters }) => `${endpoint} ${parameters.symbol}`);

function run({ client }: Rest, options: Partial<InstrumentsJobOptions> = {}) {
  const told = aLogger();
  lines = told.lines;
  return runInstrumentsJob({
    client,
    store,
    log,
    symbols: ['AAPL', 'BTC/USD', 'EUR/USD'],
    creditsPerMinute: 8,
    logger: told.logger,
    registry: new Registry(),
    signal: new AbortController().signal,
    clock: time.clock,
    pause: time.pause,
    ...options,
  });
}

/** What the processors do with the records. */
async function stored(): Promise<void> {
  const instruments = records().map((instrument, index) => ({ instrument, versionUs: index + 1 }));
  await store.write({ ticks: [], bars: [], latest: [], gaps: [], instruments, alerts: [] });
}

describe('the instruments job', () => {
  it('writes what the vendor tells, with the time zone of the exchange', async () => {
    const rest = await rests.start(time);
    expect(await run(rest)).toEqual({ refreshed: 3, young: 0, refused: 0 });
    expect(records().map(({ symbol, type, exchange, timeZone, currency }) => [symbol, type, exchange, timeZone, currency])).toEqual([
      ['AAPL', 'Common Stock', 'NASDAQ', 'America/New_York', 'USD'],
      ['BTC/USD', 'Digital Currency', 'Coinbase Pro', 'UTC', undefined],
      ['EUR/USD', 'Physical Currency', undefined, 'America/New_York', undefined],
    ]);
    const [apple] = records();
    expect(apple?.name).toMatch(/^Apple/);
    expect(apple?.fiftyTwoWeekHigh).toBe((apple?.fiftyTwoWeekLow ?? 0) * 4);
    expect(apple?.receivedTimeMs).toBe(nowMs);
  });

  it('asks for sectors of stocks where the plan gives ten credits a minute, and says so once where not', async () => {
    const small = await rests.start(time);
    await run(small);
    expect(messages().filter(message => message.startsWith('sectors are not asked for'))).toHaveLength(1);
    expect(records().every(({ sector }) => sector === undefined)).toBe(true);
    const large = await rests.start(time, { server: { creditsPerMinute: 55 }, budget: { creditsPerMinute: 55 } });
    await run(large, { creditsPerMinute: 55 });
    expect(asked(large)).toEqual([...first('AAPL'), 'profile AAPL', ...first('BTC/USD'), ...first('EUR/USD')]);
    expect(
      records()
        .slice(3)
        .map(({ sector }) => sector),
    ).toEqual(['Technology', undefined, undefined]);
    expect(large.server.account.refusals).toEqual([]);
  });

  it('leaves out what is younger than 20 hours, and refreshes it then', async () => {
    const rest = await rests.start(time);
    await run(rest);
    await stored();
    time.nowMs = nowMs + 19 * hourMs;
    expect(await run(rest, { symbols: ['AAPL', 'BTC/USD', 'EUR/USD', 'MSFT'] })).toEqual({ refreshed: 1, young: 3, refused: 0 });
    time.nowMs = nowMs + 20 * hourMs;
    expect(await run(rest)).toEqual({ refreshed: 3, young: 0, refused: 0 });
    expect(asked(rest)).toEqual([
      ...[...first('AAPL'), ...first('BTC/USD'), ...first('EUR/USD'), ...first('MSFT')],
      ...['quote AAPL', 'quote BTC/USD', 'quote EUR/USD'],
    ]);
    expect(records().at(-1)?.type).toBe('Physical Currency');
  });

  it('goes on where it was stopped, and stays within the credits', async () => {
    const rest = await rests.start(time, { server: { creditsPerMinute: 2 }, budget: { creditsPerMinute: 2 } });
    const symbols = ['AAPL', 'MSFT', 'NVDA', 'BTC/USD', 'ETH/USD', 'EUR/USD'];
    const stop = new AbortController();
    const client: InstrumentsJobOptions['client'] = {
      quote: (symbol, signal) => {
        if (symbol === 'BTC/USD') stop.abort();
        return rest.client.quote(symbol, signal);
      },
      timeSeries: (request, signal) => rest.client.timeSeries(request, signal),
      profile: (symbol, signal) => rest.client.profile(symbol, signal),
    };
    expect(await run(rest, { symbols, client, signal: stop.signal })).toEqual({ refreshed: 3, young: 0, refused: 0 });
    expect(messages().at(-1)).toMatch(/^instruments are stopped and go on with the next run/);
    await stored();
    expect(await run(rest, { symbols })).toEqual({ refreshed: 3, young: 3, refused: 0 });
    expect(asked(rest)).toEqual(symbols.flatMap(first));
    expect(rest.server.account.refusals).toEqual([]);
    expect(rest.server.account.mostInMinute).toBe(2);
  });

  it('goes on without a symbol that the vendor does not know', async () => {
    const rest = await rests.start(time);
    expect(await run(rest, { symbols: ['NONE', 'AAPL'] })).toEqual({ refreshed: 1, young: 0, refused: 1 });
    expect(messages().some(message => message.startsWith('NONE stays as it is'))).toBe(true);
  });

  it('asks for no sector any more once the plan refused one', async () => {
    const rest = await rests.start(time, { server: { creditsPerMinute: 55 }, budget: { creditsPerMinute: 55 } });
    const client: InstrumentsJobOptions['client'] = {
      quote: (symbol, signal) => rest.client.quote(symbol, signal),
      timeSeries: (request, signal) => rest.client.timeSeries(request, signal),
      profile: (symbol, signal) => {
        rest.server.misbehave({ kind: 'error', code: 403, message: 'not in your plan', requests: 1 });
        return rest.client.profile(symbol, signal);
      },
    };
    await run(rest, { symbols: ['AAPL', 'MSFT'], client, creditsPerMinute: 55 });
    expect(asked(rest)).toEqual([...first('AAPL'), 'profile AAPL', ...first('MSFT')]);
    expect(records()).toHaveLength(2);
  });

  it('asks again when the vendor does not answer, and fails when that does not help', async () => {
    const rest = await rests.start(time);
    rest.server.misbehave({ kind: 'cut', when: 'uncounted', requests: 2 });
    expect(await run(rest, { symbols: ['AAPL'] })).toMatchObject({ refreshed: 1 });
    rest.server.misbehave({ kind: 'cut', when: 'uncounted' });
    await expect(run(rest, { symbols: ['MSFT'] })).rejects.toMatchObject({ code: 'vendor.unavailable', retriable: true });
  });

  it('goes on without a symbol that is never answered, which would keep those behind it waiting for ever', async () => {
    const rest = await rests.start(time);
    const { client } = rest;
    const away = () => Promise.reject(new PipelineError('vendor.unavailable', 'quote was answered with code 500', { retriable: true }));
    const only = (...answered: readonly string[]): InstrumentsJobOptions['client'] => ({
      quote: (symbol, signal) => (answered.includes(symbol) ? client.quote(symbol, signal) : away()),
      timeSeries: (request, signal) => client.timeSeries(request, signal),
      profile: (symbol, signal) => client.profile(symbol, signal),
    });
    expect(await run(rest, { client: only('BTC/USD', 'EUR/USD') })).toEqual({ refreshed: 2, young: 0, refused: 1 });
    expect(messages()).toContain('AAPL stays as it is: quote was answered with code 500');
    await expect(run(rest, { client: only('AAPL') })).rejects.toMatchObject({ code: 'vendor.unavailable' });
    const symbols = ['NVDA', 'MSFT', 'XAU/USD', 'ETH/USD'];
    await expect(run(rest, { client: only('ETH/USD'), symbols })).rejects.toMatchObject({ code: 'vendor.unavailable' });
    expect(records().map(({ symbol }) => symbol)).toEqual(['BTC/USD', 'EUR/USD', 'AAPL']);
  });

  it('ends on a key that is refused', async () => {
    const rest = await rests.start(time, { server: { apiKey: 'another' } });
    await expect(run(rest)).rejects.toMatchObject({ code: 'feed.key-refused' });
  });
});

describe('an instrument record', () => {
  const before: InstrumentRecord = {
    ...{ v: 1, kind: 'instrument', symbol: 'AAPL', name: 'Apple', exchange: 'NASDAQ', type: 'Common Stock', timeZone: 'America/New_York' },
    ...{ sector: 'Technology', currency: 'USD', fiftyTwoWeekLow: 169.2, fiftyTwoWeekHigh: 260.1, receivedTimeMs: 1 },
  };
  const told = (quote: object) =>
    ({ quote: { symbol: 'AAPL', ...quote }, sector: undefined, receivedTimeMs: 2 }) as Parameters<typeof instrumentRecord>[1];

  it('keeps what is stored where the vendor says nothing', () => {
    expect(instrumentRecord('AAPL', told({}), before)).toEqual({ ...before, receivedTimeMs: 2 });
    expect(instrumentRecord('AAPL', told({ fifty_two_week: { low: 170, high: undefined } }), before)).toMatchObject({
      fiftyTwoWeekLow: 170,
      fiftyTwoWeekHigh: 260.1,
    });
  });

  it('keeps it, too, where the vendor says what no record can hold', () => {
    expect(instrumentRecord('AAPL', told({ currency: 'a currency of many words', fifty_two_week: { low: 0, high: -1 } }), before)).toEqual({
      ...before,
      receivedTimeMs: 2,
    });
  });

  it('tells no time zone of a market that nobody knows', () => {
    expect(instrumentRecord('X', told({ exchange: 'NOWHERE' }), undefined)).toEqual({
      ...{ v: 1, kind: 'instrument', symbol: 'X', exchange: 'NOWHERE', receivedTimeMs: 2 },
    });
  });
});
