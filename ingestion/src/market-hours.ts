/**
 * Which markets are open, by the calendar of each: for the judgement whether a silent feed is mute, and for heartbeats.
 * A market is named `crypto`, `forex` or as its exchange.
 */
import { calendarOf, type MarketHours } from '@tapeline/core/calendars/market-calendars';
import { type InstrumentFacts, instrumentClass } from './instrument-class.ts';

const minuteMs = 60_000;

/** Name of the market that an instrument trades on, at most 64 characters; `unknown` without an exchange. */
export function marketOf(facts: InstrumentFacts): string {
  const kind = instrumentClass(facts);
  if (kind === 'crypto' || kind === 'forex') return kind;
  return facts.exchange?.trim().toUpperCase().slice(0, 64) || 'unknown';
}

/**
 * True while the market trades, on holidays never; one that nobody knows counts as open on weekdays.
 * @param hours @default 'regular'
 */
export function isMarketOpen(market: string, timeMs: number, hours?: MarketHours): boolean {
  return calendarOf(market, hours).isOpen(timeMs);
}

/** Answers which of some markets are open, looking once a minute: all hours begin and end on whole minutes. */
export class OpenMarkets {
  readonly #hours: MarketHours | undefined;
  #minute = Number.NaN;
  #asked = '';
  #open: readonly string[] = [];

  /** @param hours @default 'regular' */
  constructor(hours?: MarketHours) {
    this.#hours = hours;
  }

  /** Those of `markets` that are open at `timeMs`, in the order given. */
  at(timeMs: number, markets: readonly string[]): readonly string[] {
    const minute = Math.floor(timeMs / minuteMs);
    const asked = markets.join('\n');
    if (minute === this.#minute && asked === this.#asked) return this.#open;
    this.#minute = minute;
    this.#asked = asked;
    this.#open = markets.filter(market => isMarketOpen(market, timeMs, this.#hours));
    return this.#open;
  }
}
