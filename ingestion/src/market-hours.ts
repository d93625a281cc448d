/**
 * Which markets are open, by weekly hours in the zone of each: for the judgement whether a silent feed is mute, and for
 * heartbeats. A market is named `crypto`, `forex` or as its exchange; holidays are not known here.
 */
import { exchangeOf } from './exchanges.ts';
import { type InstrumentFacts, instrumentClass } from './instrument-class.ts';
import { type ZonedTime, zonedTime } from './zoned-time.ts';

const minuteMs = 60_000;
const forexZone = 'America/New_York';
const forexMinute = 17 * 60;

/** Name of the market that an instrument trades on, at most 64 characters; `unknown` without an exchange. */
export function marketOf(facts: InstrumentFacts): string {
  const kind = instrumentClass(facts);
  if (kind === 'crypto' || kind === 'forex') return kind;
  return facts.exchange?.trim().toUpperCase().slice(0, 64) || 'unknown';
}

/**
 * True while the market trades. One that is in no table counts as open from Monday to Friday, UTC: taken for closed, its
 * silence would never be noticed; taken for open, weekends would cost a reconnect a minute.
 */
export function isMarketOpen(market: string, timeMs: number): boolean {
  if (market === 'crypto') return true;
  if (market === 'forex') return isForexOpen(zonedTime(timeMs, forexZone));
  const exchange = exchangeOf(market);
  if (exchange === undefined) return isWeekday(new Date(timeMs).getUTCDay());
  const { minuteOfDay, weekday } = zonedTime(timeMs, exchange.zone);
  if (!exchange.days.includes(weekday)) return false;
  return exchange.hours.some(([from, to]) => minuteOfDay >= minutes(from) && minuteOfDay < minutes(to));
}

/** Answers which of some markets are open, asking `Intl` once a minute: all hours begin and end on whole minutes. */
export class OpenMarkets {
  #minute = Number.NaN;
  #asked = '';
  #open: readonly string[] = [];

  /** Those of `markets` that are open at `timeMs`, in the order given. */
  at(timeMs: number, markets: readonly string[]): readonly string[] {
    const minute = Math.floor(timeMs / minuteMs);
    const asked = markets.join('\n');
    if (minute === this.#minute && asked === this.#asked) return this.#open;
    this.#minute = minute;
    this.#asked = asked;
    this.#open = markets.filter(market => isMarketOpen(market, timeMs));
    return this.#open;
  }
}

function isForexOpen({ weekday, minuteOfDay }: ZonedTime): boolean {
  if (weekday === 6) return false;
  if (weekday === 0) return minuteOfDay >= forexMinute;
  return weekday !== 5 || minuteOfDay < forexMinute;
}

function isWeekday(weekday: number): boolean {
  return weekday >= 1 && weekday <= 5;
}

function minutes(clock: string): number {
  const [hour = '0', minute = '0'] = clock.split(':');
  return Number(hour) * 60 + Number(minute);
}
