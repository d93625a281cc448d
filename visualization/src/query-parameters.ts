/** Reads the parameters of a request and refuses, by name, value and what is expected, what is not one. */
import { type Interval, intervals, isInterval } from '@tapeline/core/intervals';

/** A request that the client has to change. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.code = code;
  }
}

/** Latest moment that a JavaScript date can hold. */
const lastTimeMs = 8_640_000_000_000_000;

const iso8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

export class QueryParameters {
  readonly #values: ReadonlyMap<string, string>;

  /** @throws RequestError when a name is not among `known` or is given twice. */
  constructor(query: URLSearchParams, known: readonly string[]) {
    const values = new Map<string, string>();
    for (const [name, value] of query) {
      if (!known.includes(name)) throw refused(`unknown parameter "${name}" (value "${shown(value)}"), expected ${listed(known)}`);
      if (values.has(name)) throw refused(`parameter "${name}" is given more than once, expected once`);
      values.set(name, value);
    }
    this.#values = values;
  }

  symbol(): string {
    const value = this.#required('symbol', 'a symbol as the vendor spells it, for example symbol=BTC/USD');
    if (value.trim() !== value || value.length > 64) throw wrong('symbol', value, '1 to 64 characters without spaces around them');
    return value;
  }

  interval(): Interval {
    const value = this.#required('interval', `one of ${intervals.join(', ')}`);
    if (!isInterval(value)) throw wrong('interval', value, `one of ${intervals.join(', ')}`);
    return value;
  }

  /** A moment in milliseconds since the Unix epoch. */
  time(name: 'from' | 'to'): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const timeMs = timeOf(value);
    if (timeMs !== undefined) return timeMs;
    throw wrong(name, value, 'ISO 8601 (2026-01-31 or 2026-01-31T09:30:00Z, UTC without an offset) or milliseconds since 1970');
  }

  limit(otherwise: number, most: number): number {
    const value = this.#values.get('limit');
    if (value === undefined) return otherwise;
    const limit = /^\d{1,9}$/.test(value) ? Number(value) : 0;
    if (limit < 1 || limit > most) throw wrong('limit', value, `a whole number from 1 to ${most}`);
    return limit;
  }

  format(): 'json' | 'csv' | undefined {
    const value = this.#values.get('format');
    if (value === undefined || value === 'json' || value === 'csv') return value;
    throw wrong('format', value, 'json or csv');
  }

  #required(name: string, expected: string): string {
    const value = this.#values.get(name);
    if (value === undefined || value === '') throw refused(`parameter "${name}" is missing, expected ${expected}`);
    return value;
  }
}

/** Checks that a half-open range holds something, and not too much. */
export function checkRange(fromMs: number, toMs: number, most: { readonly ms: number; readonly text: string }): void {
  const range = `from ${iso(fromMs)} to ${iso(toMs)}`;
  if (fromMs >= toMs) throw refused(`parameter "from" must be before "to", was ${range}`);
  if (toMs - fromMs > most.ms) throw refused(`the range must be at most ${most.text}, was ${range}: move "from" and "to" together`);
}

function timeOf(value: string): number | undefined {
  if (/^\d{1,16}$/.test(value)) {
    const timeMs = Number(value);
    return timeMs <= lastTimeMs ? timeMs : undefined;
  }
  // A "+" that was not written as %2B arrives as a space.
  const text = value.replace(/ (?=\d{2}:\d{2}$)/, '+');
  if (!iso8601.test(text)) return undefined;
  const isLocal = text.includes('T') && !/(Z|[+-]\d{2}:\d{2})$/.test(text);
  const timeMs = Date.parse(isLocal ? `${text}Z` : text);
  if (Number.isNaN(timeMs) || timeMs < 0) return undefined;
  // Date.parse takes 31 February for 3 March.
  const day = Number(value.slice(8, 10));
  const lastDay = new Date(Date.UTC(Number(value.slice(0, 4)), Number(value.slice(5, 7)), 0)).getUTCDate();
  return day <= lastDay ? timeMs : undefined;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function wrong(name: string, value: string, expected: string): RequestError {
  return refused(`parameter "${name}" must be ${expected}, was "${shown(value)}"`);
}

function refused(message: string): RequestError {
  return new RequestError(400, 'parameter.invalid', message);
}

function shown(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
