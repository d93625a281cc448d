/**
 * Finnhub's messages: text in, typed trades out, and by field and reason what is none.
 * Source: the vendor's WebSocket documentation (https://finnhub.io/docs/api/websocket-trades); the texts of errors from its
 * public issue tracker (finnhubio/Finnhub-API#20, #472).
 */
import { jsonText, shownValue } from '@tapeline/core/json-text';

/** One trade, or, from exchanges that tell no trades, a change of price without a size. */
export interface TradeEvent {
  readonly kind: 'trade';
  readonly symbol: string;
  readonly price: number;
  /** Absent where the vendor says 0, which it does for a change of price without a trade. */
  readonly size?: number;
  /** The vendor's stamp, in milliseconds. */
  readonly sourceTimeMs: number;
}

/** An entry of a message that is no trade; the others of its message count. */
export interface MalformedTrade {
  readonly kind: 'malformed';
  readonly detail: string;
}

/** An entry with its own text, for the dead-letter topic. */
export interface TradeEntry {
  readonly trade: TradeEvent | MalformedTrade;
  readonly text: () => string;
}

export type FinnhubMessage =
  | { readonly kind: 'trades'; readonly entries: readonly TradeEntry[] }
  | { readonly kind: 'ping' }
  | { readonly kind: 'error'; readonly detail: string }
  | { readonly kind: 'malformed' | 'unknown'; readonly detail: string };

type Fields = Readonly<Record<string, unknown>>;

const longestSymbol = 64;
const latestMs = 8_640_000_000_000_000;

/** Reads the text of one WebSocket message; never throws. */
export function parseMessage(text: string): FinnhubMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed', detail: 'message must be JSON' };
  }
  if (!isFields(value)) return { kind: 'malformed', detail: 'message must be an object' };
  switch (value.type) {
    case 'trade':
      return tradesOf(value.data);
    case 'ping':
      return { kind: 'ping' };
    case 'error':
      return { kind: 'error', detail: typeof value.msg === 'string' ? value.msg.slice(0, 500) : 'no reason given' };
    default:
      return { kind: 'unknown', detail: `type must be one that is documented, was ${shownValue(value.type)}` };
  }
}

function tradesOf(data: unknown): FinnhubMessage {
  if (!Array.isArray(data)) return { kind: 'malformed', detail: `data must be a list, was ${shownValue(data)}` };
  return { kind: 'trades', entries: data.map((item, index) => ({ trade: tradeOf(item, index), text: () => jsonText(item) })) };
}

function tradeOf(item: unknown, index: number): TradeEvent | MalformedTrade {
  if (!isFields(item)) return { kind: 'malformed', detail: `data.${index} must be an object, was ${shownValue(item)}` };
  const { s: symbol, p: price, v: size, t: sourceTimeMs } = item;
  const fault = (field: string, expected: string): MalformedTrade => ({
    kind: 'malformed',
    detail: `data.${index}.${field} must be ${expected}, was ${shownValue(item[field])}`,
  });
  if (!isSymbol(symbol)) return fault('s', `text of 1 to ${longestSymbol} characters`);
  if (!isNumber(price) || price <= 0) return fault('p', 'a number above 0');
  if (!isAbsent(size) && (!isNumber(size) || size < 0)) return fault('v', 'a number of 0 or more');
  if (!isNumber(sourceTimeMs) || !Number.isInteger(sourceTimeMs) || sourceTimeMs < 0 || sourceTimeMs > latestMs) {
    return fault('t', `a whole number up to ${latestMs}`);
  }
  return { kind: 'trade', symbol, price, sourceTimeMs, ...(isNumber(size) && size > 0 ? { size } : {}) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSymbol(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestSymbol && value.isWellFormed();
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
