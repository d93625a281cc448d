/** What clients say to the vendor's price stream, in every form that it accepts. */
import type { InstrumentName } from './market/instruments.ts';

export type ClientMessage =
  | { readonly action: 'subscribe' | 'unsubscribe'; readonly names: readonly InstrumentName[] }
  | { readonly action: 'reset' | 'heartbeat' };

/** Reads a client's message; `undefined` for one that the vendor could not parse. */
export function clientMessageOf(value: unknown): ClientMessage | undefined {
  if (!isObject(value)) return undefined;
  const { action } = value;
  if (action === 'reset' || action === 'heartbeat') return { action };
  if (action !== 'subscribe' && action !== 'unsubscribe') return undefined;
  const names = isObject(value.params) ? namesOf(value.params.symbols) : undefined;
  return names === undefined ? undefined : { action, names };
}

/** `"AAPL, RY:TSX"`, or a list of symbols and `{ symbol, exchange, mic_code, type }`. */
function namesOf(symbols: unknown): readonly InstrumentName[] | undefined {
  if (typeof symbols === 'string') return symbols.split(',').flatMap(nameOfText);
  if (!Array.isArray(symbols)) return undefined;
  const names = symbols.map(nameOf);
  return names.every(name => name !== undefined) ? names : undefined;
}

function nameOf(value: unknown): InstrumentName | undefined {
  if (typeof value === 'string') return nameOfText(value)[0];
  if (!isObject(value) || typeof value.symbol !== 'string') return undefined;
  const { symbol, exchange, mic_code: micCode } = value;
  return {
    symbol: symbol.trim(),
    ...(typeof exchange === 'string' ? { exchange } : {}),
    ...(typeof micCode === 'string' ? { micCode } : {}),
  };
}

function nameOfText(text: string): readonly InstrumentName[] {
  const symbol = text.trim();
  return symbol === '' ? [] : [{ symbol }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
