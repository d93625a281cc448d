/** What vendors send: messages of their sockets, and what they answer over HTTP. */
import { PipelineError } from '@tapeline/core/errors';
import { latestTimeMs } from '@tapeline/core/records';
import { windowsOf } from '@tapeline/ingestion/backfill/vendor-windows';
import { factsOfSymbol } from '@tapeline/ingestion/finnhub/instruments';
import { parseMessage as parseFinnhub } from '@tapeline/ingestion/finnhub/messages';
import { parseMessage, readMessage } from '@tapeline/ingestion/twelve-data/messages';
import {
  faultsOf,
  readListings,
  readMarketStates,
  readProfile,
  readQuote,
  readTimeSeries,
} from '@tapeline/ingestion/twelve-data/rest-answers';
import { exhaustedBy, refusalOf, restError } from '@tapeline/ingestion/twelve-data/rest-errors';
import type { VendorMessage } from '@tapeline/ingestion/vendor-message';
import { parseChart } from '@tapeline/ingestion/yahoo/chart-message';
import { ZodError } from 'zod';
import type { Dice } from '../dice.ts';
import { aPrice, aSymbol, tenOClockMs } from '../examples.ts';
import { expectPlain, expectSame, expectSentence, expectThat, jsonIn, orRefused, refused } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';

const longestSymbol = 64;
/** What stands in a message of a fault: field, expectation and 100 characters of the value. */
const longestDetail = 600;

const twelveDataMessages: FuzzedParser = {
  name: 'twelve-data-messages',
  reads: "messages of TwelveData's socket",
  heldTo: 'never throws; a price has a symbol, a price above 0 and a whole time, and is read the same when it is written again',
  format: 'json',
  words: [
    'event',
    'price',
    'subscribe-status',
    'heartbeat',
    'error',
    'symbol',
    'timestamp',
    'success',
    'fails',
    'day_volume',
    'bid',
    'ask',
  ],
  example: dice => JSON.stringify(aTwelveDataMessage(dice)),
  check: input => {
    const text = input.toString();
    const message = parseMessage(text);
    expectPlain(message, 'the message');
    const json = jsonIn(input);
    if (json !== undefined) expectSame(readMessage(json.value), message, 'the parsed message');
    if (message.kind === 'price') checkPrice(message);
    if (message.kind === 'malformed' || message.kind === 'unknown') expectSentence(message.detail, 'the fault', longestDetail);
    if (message.kind === 'subscribe-status') {
      for (const { symbol } of [...message.accepted, ...message.refused]) checkSymbol(symbol);
      for (const detail of [...message.errors, ...message.refused.map(({ reason }) => reason)])
        expectThat(detail.length <= 500, 'a reason is too long');
    }
  },
};

function checkPrice(message: Extract<VendorMessage, { kind: 'price' }>): void {
  const { symbol, price, bid, ask, dayVolume, sourceTimeMs, type, exchange } = message;
  checkSymbol(symbol);
  for (const value of [price, bid ?? 1, ask ?? 1]) expectThat(Number.isFinite(value) && value > 0, 'a price is not above 0', value);
  expectThat(dayVolume === undefined || (Number.isFinite(dayVolume) && dayVolume >= 0), 'the volume is below 0', dayVolume);
  expectThat(Number.isSafeInteger(sourceTimeMs) && !Number.isNaN(new Date(sourceTimeMs).getTime()), 'the time is none', sourceTimeMs);
  const again = { event: 'price', symbol, price, bid, ask, day_volume: dayVolume, timestamp: sourceTimeMs / 1_000, type, exchange };
  expectSame(JSON.stringify(parseMessage(JSON.stringify(again))), JSON.stringify(message), 'the price written again');
}

function checkSymbol(symbol: string): void {
  expectThat(symbol !== '' && symbol.length <= longestSymbol && symbol.isWellFormed(), 'a symbol is none', symbol);
}

function aTwelveDataMessage(dice: Dice): unknown {
  const facts = dice.pick([{ exchange: 'NASDAQ', type: 'Common Stock' }, { type: 'Physical Currency' }, { mic_code: null }]);
  const symbol = aSymbol(dice);
  return dice.pick<() => unknown>([
    () => aPriceMessage(dice),
    () => aPriceMessage(dice),
    () => ({ event: 'subscribe-status', status: 'ok', success: [{ symbol, ...facts }], fails: null }),
    () => ({
      event: 'subscribe-status',
      status: 'warning',
      success: [{ symbol, ...facts }],
      fails: [{ symbol: 'NO', message: 'no such' }],
    }),
    () => ({ event: 'subscribe-status', status: 'error', messages: ['over the limit'], success: [], fails: [] }),
    () => ({ event: 'heartbeat', status: 'ok' }),
    () => ({ event: 'error', code: dice.pick(['401', 429]), message: 'refused' }),
    () => ({ event: 'simulated-time', timeMs: tenOClockMs }),
    () => ({ event: 'reset-status', status: 'ok' }),
  ])();
}

/** As TwelveData writes it. */
export function aPriceMessage(dice: Dice): Readonly<Record<string, unknown>> {
  return {
    event: 'price',
    symbol: aSymbol(dice),
    currency: 'USD',
    exchange: dice.pick(['NASDAQ', null, 'Coinbase Pro']),
    type: dice.pick(['Common Stock', 'Digital Currency', null]),
    timestamp: tenOClockMs / 1_000 + dice.below(600),
    price: aPrice(dice),
    ...(dice.isOneIn(2) ? { bid: aPrice(dice), ask: aPrice(dice) } : {}),
    ...(dice.isOneIn(2) ? { day_volume: dice.below(1_000_000) } : {}),
  };
}

const finnhubMessages: FuzzedParser = {
  name: 'finnhub-messages',
  reads: "messages of Finnhub's socket, and what its symbols say of their market",
  heldTo: 'never throws; each entry is told apart; a trade has a symbol, a price above 0 and a whole time',
  format: 'json',
  words: ['type', 'trade', 'ping', 'error', 'data', 's', 'p', 'v', 't', 'OANDA:EUR_USD', 'BINANCE:BTCUSDT', 'SHOP.TO'],
  example: dice => {
    const trade = () => ({
      s: dice.pick(['AAPL', 'OANDA:EUR_USD', 'SHOP.TO']),
      p: aPrice(dice),
      v: dice.below(9),
      t: tenOClockMs,
      c: ['1'],
    });
    return JSON.stringify(dice.pick([{ type: 'trade', data: dice.list(1, 5, trade) }, { type: 'ping' }, { type: 'error', msg: 'no key' }]));
  },
  check: input => {
    const message = parseFinnhub(input.toString());
    if (message.kind === 'malformed' || message.kind === 'unknown') return expectSentence(message.detail, 'the fault', longestDetail);
    if (message.kind !== 'trades') return;
    for (const { trade, text } of message.entries) {
      expectThat(typeof text() === 'string', 'an entry has no text');
      if (trade.kind === 'malformed') {
        expectSentence(trade.detail, 'the fault', longestDetail);
        continue;
      }
      checkSymbol(trade.symbol);
      expectThat(Number.isFinite(trade.price) && trade.price > 0, 'a price is not above 0', trade.price);
      expectThat(trade.size === undefined || (Number.isFinite(trade.size) && trade.size > 0), 'a size is not above 0', trade.size);
      expectThat(!Number.isNaN(new Date(trade.sourceTimeMs).getTime()), 'the time is none', trade.sourceTimeMs);
      expectPlain(factsOfSymbol(trade.symbol), 'the facts');
    }
  },
};

const yahooCharts: FuzzedParser = {
  name: 'yahoo-charts',
  reads: "Yahoo's answers for a chart",
  heldTo: 'never throws; a quote is of the symbol that was asked for, with a price above 0 and a whole time',
  format: 'json',
  words: ['chart', 'result', 'meta', 'error', 'regularMarketPrice', 'regularMarketTime', 'regularMarketVolume', 'symbol', 'exchangeName'],
  example: dice => {
    const meta = { symbol: 'AAPL', exchangeName: dice.pick(['NMS', 'XXX']), instrumentType: 'EQUITY', regularMarketPrice: aPrice(dice) };
    const told = { ...meta, regularMarketTime: tenOClockMs / 1_000, regularMarketVolume: dice.below(1_000_000) };
    const error = { code: 'Not Found', description: 'No data found' };
    return JSON.stringify(dice.isOneIn(6) ? { chart: { result: null, error } } : { chart: { result: [{ meta: told }], error: null } });
  },
  check: input => {
    const message = parseChart(input.toString(), 'AAPL');
    if (message.kind === 'malformed') return expectSentence(message.detail, 'the fault', longestDetail);
    if (message.kind === 'error') expectThat(message.code.length + message.detail.length <= 1_000, 'a reason is too long');
    if (message.kind !== 'quote') return;
    expectPlain(message, 'the quote');
    expectThat(message.symbol === 'AAPL' && Number.isFinite(message.price) && message.price > 0, 'the quote is none', message);
    expectThat(!Number.isNaN(new Date(message.sourceTimeMs).getTime()), 'the time is none', message.sourceTimeMs);
  },
};

const isZodError = (error: unknown): boolean => error instanceof ZodError;
const readers = [readTimeSeries, readQuote, readListings, readProfile, readMarketStates] as const;

const restAnswers: FuzzedParser = {
  name: 'twelve-data-rest',
  reads: "TwelveData's REST answers (time series and the windows of backfills, quotes, listings, profiles, market states) and refusals",
  heldTo: 'refused with a ZodError or told item by item; a bar is enclosed by high and low; each refusal has one of our codes',
  format: 'json',
  words: [
    'meta',
    'values',
    'datetime',
    'open',
    'high',
    'low',
    'close',
    'volume',
    'code',
    'message',
    'status',
    'error',
    'data',
    'is_market_open',
  ],
  slowness: 4,
  example: dice => JSON.stringify(aRestAnswer(dice)),
  check: input => {
    const json = jsonIn(input);
    const refusal = refusalOf(200, json?.value);
    if (refusal !== undefined) {
      const error = restError('time_series', refusal);
      expectThat(error instanceof PipelineError && refusal.code >= 400 && refusal.code < 600, 'the refusal has no code', refusal);
      expectSentence(error.message, 'the refusal', longestDetail);
      exhaustedBy(refusal);
    }
    for (const read of readers) {
      const value = orRefused(() => {
        try {
          return read(json?.value);
        } catch (error) {
          if (error instanceof ZodError) expectSentence(faultsOf(error), 'the fault', longestDetail);
          throw error;
        }
      }, isZodError);
      if (value === refused) continue;
      expectPlain(value, 'the answer');
      if ('bars' in value) {
        for (const interval of ['1m', '1h', '1d'] as const) {
          const { windows, faults } = windowsOf({ symbol: 'AAPL', interval, fromMs: 0, toMs: latestTimeMs }, value, latestTimeMs);
          expectThat(windows.length + faults.length <= value.bars.length + value.faults.length, 'more windows than bars');
          for (const { startMs, endMs } of windows)
            expectThat(startMs < endMs && endMs <= latestTimeMs, 'a window is none', [startMs, endMs]);
        }
        for (const { open, high, low, close } of value.bars)
          expectThat(low > 0 && high >= Math.max(open, close) && low <= Math.min(open, close) && Number.isFinite(high), 'a bar is none');
      }
    }
  },
};

function aRestAnswer(dice: Dice): unknown {
  const text = () => String(aPrice(dice));
  const bar = (minute: number) => ({
    datetime: `2024-11-04 10:0${minute}:00`,
    open: '11',
    high: '12.5',
    low: '10',
    close: text() && '11.2',
    volume: text(),
  });
  const place = { symbol: 'AAPL', name: 'Apple', exchange: 'NASDAQ', mic_code: 'XNGS', currency: 'USD', type: 'Common Stock' };
  return dice.pick<() => unknown>([
    () => ({ meta: { ...place, interval: '1min', exchange_timezone: 'America/New_York' }, values: dice.list(0, 5, bar), status: 'ok' }),
    () => ({ meta: { ...place, interval: '1day' }, values: [{ ...bar(1), datetime: '2024-11-04' }], status: 'ok' }),
    () => ({
      ...place,
      open: text(),
      high: text(),
      low: text(),
      close: text(),
      volume: text(),
      fifty_two_week: { low: text(), high: text() },
      is_market_open: true,
    }),
    () => ({ data: dice.list(0, 3, () => ({ ...place, country: 'United States' })), status: 'ok' }),
    () => ({ ...place, sector: 'Technology', industry: 'Electronics' }),
    () => [
      {
        name: 'NYSE',
        code: 'XNYS',
        country: 'US',
        is_market_open: true,
        time_after_open: '02:39:03',
        time_to_open: '00:00:00',
        time_to_close: '05:20:57',
      },
    ],
    () => ({ code: dice.pick([400, 401, 404, 429, 500]), message: 'You have run out of API credits for the day', status: 'error' }),
  ])();
}

export const vendorMessages: readonly FuzzedParser[] = [twelveDataMessages, restAnswers, finnhubMessages, yahooCharts];
