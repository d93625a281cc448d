/**
 * Yahoo's answer to a question for a chart: text in, the quote of its head out, or why there is none.
 *
 * Nothing official documents it (for demonstrations only). `chart.result[0].meta` says the last price and its market time; the bars beside
 * it are left alone, because the last of them is unfinished. A price that is `null` is absent, not 0.
 */
import { shownValue } from '@tapeline/core/json-text';
import type { InstrumentFacts } from '../instrument-class.ts';

/** The last price of a symbol, as long as it is. */
export interface Quote extends InstrumentFacts {
  readonly kind: 'quote';
  readonly symbol: string;
  readonly price: number;
  /** Cumulative over the trading day. */
  readonly dayVolume?: number;
  /** The vendor's stamp, in whole seconds. */
  readonly sourceTimeMs: number;
}

export type ChartMessage =
  | Quote
  /** The vendor knows the symbol and has no price of it now. */
  | { readonly kind: 'no-price' }
  | { readonly kind: 'error'; readonly code: string; readonly detail: string }
  | { readonly kind: 'malformed'; readonly detail: string };

type Fields = Readonly<Record<string, unknown>>;

const latestSecond = 8_640_000_000_000;

/** Yahoo's codes of exchanges, as our calendars name the exchange. */
const exchanges: ReadonlyMap<string, string> = new Map([
  ['NMS', 'NASDAQ'],
  ['NGM', 'NASDAQ'],
  ['NCM', 'NASDAQ'],
  ['NYQ', 'NYSE'],
  ['ASE', 'AMEX'],
  ['PCX', 'NYSE ARCA'],
  ['BTS', 'BATS'],
  ['TOR', 'TSX'],
  ['LSE', 'LSE'],
  ['GER', 'XETR'],
  ['PAR', 'EURONEXT'],
  ['AMS', 'EURONEXT'],
  ['EBS', 'SIX'],
  ['MIL', 'MTA'],
  ['MCE', 'BME'],
  ['JPX', 'JPX'],
  ['HKG', 'HKEX'],
  ['ASX', 'ASX'],
  ['NSI', 'NSE'],
]);

/** Reads one answer to a question for `symbol`; never throws. */
export function parseChart(text: string, symbol: string): ChartMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed', detail: 'answer must be JSON' };
  }
  const chart = fieldsOf(fieldsOf(value)?.chart);
  if (chart === undefined) return { kind: 'malformed', detail: 'chart must be an object' };
  const error = fieldsOf(chart.error);
  if (error !== undefined) return { kind: 'error', code: textOf(error.code), detail: textOf(error.description) };
  const meta = fieldsOf(fieldsOf(Array.isArray(chart.result) ? chart.result[0] : undefined)?.meta);
  return meta === undefined ? { kind: 'malformed', detail: 'chart.result.0.meta must be an object' } : quoteOf(meta, symbol);
}

function quoteOf(meta: Fields, symbol: string): ChartMessage {
  const { regularMarketPrice: price, regularMarketTime: second, regularMarketVolume: dayVolume } = meta;
  const fault = (field: string, expected: string): ChartMessage => ({
    kind: 'malformed',
    detail: `meta.${field} must be ${expected}, was ${shownValue(meta[field])}`,
  });
  if (meta.symbol !== symbol) return fault('symbol', `"${symbol}"`);
  if (isAbsent(price) || isAbsent(second)) return { kind: 'no-price' };
  if (!isNumber(price) || price <= 0) return fault('regularMarketPrice', 'a number above 0');
  if (!isNumber(second) || !Number.isInteger(second) || second < 0 || second > latestSecond) {
    return fault('regularMarketTime', `a whole number up to ${latestSecond}`);
  }
  if (!isAbsent(dayVolume) && (!isNumber(dayVolume) || dayVolume < 0)) return fault('regularMarketVolume', 'a number of 0 or more');
  return {
    kind: 'quote',
    symbol,
    price,
    sourceTimeMs: second * 1_000,
    ...(isNumber(dayVolume) ? { dayVolume } : {}),
    ...factsOf(meta),
  };
}

function factsOf({ instrumentType, exchangeName }: Fields): InstrumentFacts {
  const exchange = typeof exchangeName === 'string' ? (exchanges.get(exchangeName) ?? exchangeName) : undefined;
  return { type: typeof instrumentType === 'string' ? instrumentType : undefined, exchange };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : 'no reason given';
}
