/**
 * TwelveData's messages: `unknown` in, a typed message out, and by field and reason what is not one.
 * Source: the vendor's WebSocket documentation and a log of the real feed (TWELVEDATA.md §1).
 */
import { shownValue } from '@tapeline/core/json-text';
import type { InstrumentFacts } from '../instrument-class.ts';
import type { AcceptedSymbol, PriceEvent, RefusedSymbol, SubscribeStatus, VendorMessage } from '../vendor-message.ts';

type Fields = Readonly<Record<string, unknown>>;

const longestSymbol = 64;
const latestSecond = 8_640_000_000_000;

/** Reads the text of one WebSocket message; never throws. */
export function parseMessage(text: string): VendorMessage {
  try {
    return readMessage(JSON.parse(text));
  } catch {
    return { kind: 'malformed', detail: 'message must be JSON' };
  }
}

/** Reads one message that is already parsed; never throws. */
export function readMessage(value: unknown): VendorMessage {
  if (!isFields(value)) return { kind: 'malformed', detail: 'message must be an object' };
  try {
    return ofEvent(value);
  } catch (error) {
    if (error instanceof Fault) return { kind: 'malformed', detail: error.message };
    throw error;
  }
}

function ofEvent(message: Fields): VendorMessage {
  switch (message.event) {
    case 'price':
      return priceEvent(message);
    case 'subscribe-status':
      return subscribeStatus(message);
    case 'heartbeat':
    case 'unsubscribe-status':
    case 'reset-status':
      return { kind: message.event };
    case 'error':
      return { kind: 'error', code: codeOf(message.code), detail: detailOf(message.message) };
    case 'simulated-time':
      return { kind: 'simulated-time', timeMs: wholeNumber('timeMs', message.timeMs, latestSecond * 1_000) };
    default:
      return { kind: 'unknown', detail: `event must be one that is documented, was ${shownValue(message.event)}` };
  }
}

function priceEvent(message: Fields): PriceEvent {
  return {
    kind: 'price',
    symbol: symbolOf('symbol', message.symbol),
    price: positive('price', message.price),
    bid: optional('bid', message.bid, positive),
    ask: optional('ask', message.ask, positive),
    dayVolume: optional('day_volume', message.day_volume, notNegative),
    sourceTimeMs: wholeNumber('timestamp', message.timestamp, latestSecond) * 1_000,
    ...factsOf('', message),
  };
}

function subscribeStatus(message: Fields): SubscribeStatus {
  const errors = listOf('messages', message.messages).map(detailOf);
  if (message.status === 'error' && errors.length === 0) errors.push(detailOf(message.message));
  return {
    kind: 'subscribe-status',
    accepted: listOf('success', message.success).map((item, index) => accepted(`success.${index}`, item)),
    refused: listOf('fails', message.fails).map((item, index) => refused(`fails.${index}`, item)),
    errors,
  };
}

function accepted(path: string, item: unknown): AcceptedSymbol {
  if (!isFields(item)) throw new Fault(path, 'an object', item);
  return { symbol: symbolOf(`${path}.symbol`, item.symbol), ...factsOf(`${path}.`, item) };
}

function refused(path: string, item: unknown): RefusedSymbol {
  if (!isFields(item)) throw new Fault(path, 'an object', item);
  return { symbol: symbolOf(`${path}.symbol`, item.symbol), reason: detailOf(item.message) };
}

function factsOf(path: string, message: Fields): InstrumentFacts {
  return {
    type: optional(`${path}type`, message.type, textOf),
    exchange: optional(`${path}exchange`, message.exchange, textOf),
  };
}

function optional<T>(field: string, value: unknown, read: (field: string, value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(field, value);
}

function positive(field: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) throw new Fault(field, 'a number above 0', value);
  return value;
}

function notNegative(field: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new Fault(field, 'a number of 0 or more', value);
  return value;
}

function wholeNumber(field: string, value: unknown, max: number): number {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > max) throw new Fault(field, `a whole number up to ${max}`, value);
  return Number(value);
}

function symbolOf(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > longestSymbol) {
    throw new Fault(field, `text of 1 to ${longestSymbol} characters`, value);
  }
  if (!value.isWellFormed()) throw new Fault(field, 'text that UTF-8 can hold', value);
  return value;
}

function textOf(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new Fault(field, 'text', value);
  return value;
}

function listOf(field: string, value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Fault(field, 'a list', value);
  return value;
}

/** The vendor sends codes as text and as numbers. */
function codeOf(value: unknown): number | undefined {
  const code = typeof value === 'string' ? Number(value) : value;
  return typeof code === 'number' && Number.isInteger(code) ? code : undefined;
}

function detailOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : 'no reason given';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Carries field and reason out of a guard, no further than {@link readMessage}. */
class Fault extends Error {
  constructor(field: string, expected: string, value: unknown) {
    super(`${field} must be ${expected}, was ${shownValue(value)}`);
  }
}
