/** The calendar of each market by its name: `crypto`, `forex`, or an exchange as the vendor names it. */
import { exchangeNames, exchangeRules } from './exchanges.ts';
import { type CalendarRules, type SessionKind, TradingCalendar } from './trading-calendar.ts';

/** Regular trading only, or pre-market and post-market too, where the exchange's are known. */
export type MarketHours = 'regular' | 'extended';

const kinds: Readonly<Record<MarketHours, readonly SessionKind[]>> = {
  regular: ['regular'],
  extended: ['pre-market', 'regular', 'post-market'],
};

const minutesOfDay = 1_440;
const wholeDay = [{ kind: 'regular', fromMinute: 0, toMinute: minutesOfDay }] as const;

const crypto: CalendarRules = { zone: 'UTC', hoursOf: () => wholeDay };

/** From Sunday to Friday 17:00 in New York. Its days end at 17:00 too, so Monday's begins on Sunday. */
const forexEndMinute = 17 * 60;
const forexDay = [{ kind: 'regular', fromMinute: forexEndMinute - minutesOfDay, toMinute: forexEndMinute }] as const;
const forex: CalendarRules = {
  zone: 'America/New_York',
  dayEndMinute: forexEndMinute,
  hoursOf: (_, weekday) => (isWeekday(weekday) ? forexDay : []),
};

/**
 * A market that is in no table counts as open from Monday to Friday, UTC: taken for closed, its silence would never be noticed;
 * taken for open, weekends would cost a reconnect a minute.
 */
const unknown: CalendarRules = { zone: 'UTC', hoursOf: (_, weekday) => (isWeekday(weekday) ? wholeDay : []) };

/** One for each set of rules and hours, because they remember days; bounded by the table of exchanges. */
const calendars: Readonly<Record<MarketHours, Map<CalendarRules, TradingCalendar>>> = { regular: new Map(), extended: new Map() };

/**
 * The calendar of a market; the same object each time.
 * @param hours @default 'regular'
 */
export function calendarOf(market: string, hours: MarketHours = 'regular'): TradingCalendar {
  const rules = rulesOf(market);
  const known = calendars[hours].get(rules);
  if (known !== undefined) return known;
  const made = new TradingCalendar(rules, kinds[hours]);
  calendars[hours].set(rules, made);
  return made;
}

/** True when the market is in a table, so that its hours are more than a guess. */
export function isKnownMarket(market: string): boolean {
  return rulesOf(market) !== unknown;
}

/** The names that {@link isKnownMarket} knows. */
export function knownMarkets(): readonly string[] {
  return ['crypto', 'forex', ...exchangeNames()];
}

function rulesOf(market: string): CalendarRules {
  if (market === 'crypto') return crypto;
  if (market === 'forex') return forex;
  return exchangeRules(market) ?? unknown;
}

function isWeekday(weekday: number): boolean {
  return weekday >= 1 && weekday <= 5;
}
