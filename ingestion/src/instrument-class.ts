/** Which calendar an instrument lives by, from the vendor's two spellings of its type and from its exchange. */
import { exchangeRules } from '@tapeline/core/calendars/exchanges';

/** What the vendor says about an instrument, in a status or in a price. */
export interface InstrumentFacts {
  readonly type?: string;
  readonly exchange?: string;
}

/**
 * - `crypto`: never closes, its day is UTC's
 * - `forex`: currencies and metals, from Sunday to Friday 17:00 in New York
 * - `exchange`: by the clock of its exchange
 * - `unknown`: nothing is known about its exchange; its day is UTC's
 */
export type InstrumentClass = 'crypto' | 'forex' | 'exchange' | 'unknown';

const crypto = new Set(['digital currency', 'cryptocurrency', 'crypto']);
const forex = new Set(['physical currency', 'forex', 'currency', 'precious metal', 'precious metals', 'metal']);

/** Class of an instrument; types are spelt `Digital Currency` in prices and `DIGITAL_CURRENCY` in statuses. */
export function instrumentClass(facts: InstrumentFacts): InstrumentClass {
  const type = facts.type
    ?.trim()
    .toLowerCase()
    .replace(/[_\s]+/g, ' ');
  if (type !== undefined && crypto.has(type)) return 'crypto';
  if (type !== undefined && forex.has(type)) return 'forex';
  return exchangeRules(facts.exchange) === undefined ? 'unknown' : 'exchange';
}
