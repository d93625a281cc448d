/**
 * What a Finnhub symbol says about its instrument, because trades say nothing: `OANDA:EUR_USD` is a currency, any other prefix a crypto
 * exchange, a suffix an exchange (`SHOP.TO`), and a name alone a stock of the United States.
 */
import type { InstrumentFacts } from '../instrument-class.ts';

/** Forex brokers that the vendor lists, as symbols spell them. */
const forexBrokers = new Set([
  'OANDA',
  'FXCM',
  'FOREX.COM',
  'FXPIG',
  'FXPRO',
  'FHFX',
  'IC MARKETS',
  'ICM',
  'PEPPERSTONE',
  'PEPPERSTONEUK',
  'SAXO',
]);

/** Suffixes of exchanges, as our calendars name the exchange. */
const suffixes: ReadonlyMap<string, string> = new Map([
  ['TO', 'TSX'],
  ['V', 'TSXV'],
  ['L', 'LSE'],
  ['DE', 'XETR'],
  ['PA', 'EURONEXT'],
  ['AS', 'EURONEXT'],
  ['BR', 'EURONEXT'],
  ['MC', 'BME'],
  ['MI', 'MTA'],
  ['SW', 'SIX'],
  ['T', 'JPX'],
  ['HK', 'HKEX'],
  ['AX', 'ASX'],
  ['NS', 'NSE'],
]);

/** The exchanges of the United States report as one; they share the hours of this one. */
const unitedStates = 'NYSE';

/** Type or exchange of a symbol, as far as its spelling tells. */
export function factsOfSymbol(symbol: string): InstrumentFacts {
  const colon = symbol.indexOf(':');
  if (colon > 0) {
    const prefix = symbol.slice(0, colon).trim().toUpperCase();
    return { type: forexBrokers.has(prefix) ? 'Forex' : 'Digital Currency' };
  }
  const dot = symbol.lastIndexOf('.');
  // BRK.B is a share class of a stock in the United States, not an exchange.
  const exchange = dot < 0 ? undefined : suffixes.get(symbol.slice(dot + 1).toUpperCase());
  return { exchange: exchange ?? unitedStates };
}
