/**
 * Days and hours of the stock exchanges of the United States. NYSE and Nasdaq publish the same holidays and the same early closes.
 * The rules are those since 2014; of closings by announcement only those since 2024 are known.
 */
import { dateIn, easterSunday, nthWeekday, observed } from './holidays.ts';
import type { CalendarRules, TradingHours } from './trading-calendar.ts';
import { addDays, weekdayOf } from './zoned-time.ts';

/** Closed for once, by announcement. */
const closedOnce: ReadonlySet<string> = new Set([
  // National day of mourning for James Carter.
  '2025-01-09',
]);

type DayKind = 'full' | 'half' | 'closed';

const sunday = 0;
const monday = 1;
const thursday = 4;
const saturday = 6;

/** Pre-market from 04:00 and post-market until 20:00, the widest of these exchanges; until 17:00 after an early close at 13:00. */
const hours: Readonly<Record<DayKind, readonly TradingHours[]>> = {
  full: tradingHours(16 * 60, 20 * 60),
  half: tradingHours(13 * 60, 17 * 60),
  closed: [],
};

/** Rules of NYSE, Nasdaq and the exchanges that go with them. */
export const unitedStates: CalendarRules = {
  zone: 'America/New_York',
  hoursOf: (date, weekday) => hours[dayKind(date, weekday)],
};

function tradingHours(closeMinute: number, endMinute: number): readonly TradingHours[] {
  const openMinute = 9 * 60 + 30;
  return [
    { kind: 'pre-market', fromMinute: 4 * 60, toMinute: openMinute },
    { kind: 'regular', fromMinute: openMinute, toMinute: closeMinute },
    { kind: 'post-market', fromMinute: closeMinute, toMinute: endMinute },
  ];
}

function dayKind(date: string, weekday: number): DayKind {
  if (weekday === sunday || weekday === saturday || closedOnce.has(date)) return 'closed';
  const year = Number(date.slice(0, 4));
  if (holidays(year).includes(date)) return 'closed';
  return earlyCloses(year).includes(date) ? 'half' : 'full';
}

function holidays(year: number): readonly string[] {
  return [
    ...newYear(year),
    nthWeekday(year, 1, monday, 3), // Martin Luther King Jr. Day
    nthWeekday(year, 2, monday, 3), // Washington's Birthday
    addDays(easterSunday(year), -2), // Good Friday
    addDays(nthWeekday(year, 6, monday, 1), -7), // Memorial Day, the last Monday of May
    ...(year < 2022 ? [] : [observed(dateIn(year, 6, 19))]), // Juneteenth
    observed(dateIn(year, 7, 4)), // Independence Day
    nthWeekday(year, 9, monday, 1), // Labor Day
    thanksgiving(year),
    observed(dateIn(year, 12, 25)), // Christmas
  ];
}

/** On a Saturday it is not made up for: the Friday before ends the accounting year, and they trade. */
function newYear(year: number): readonly string[] {
  const date = dateIn(year, 1, 1);
  return weekdayOf(date) === saturday ? [] : [observed(date)];
}

/** Days that close at 13:00, where they are weekdays and no holidays: on a Friday the last two are holidays themselves. */
function earlyCloses(year: number): readonly string[] {
  return [addDays(thanksgiving(year), 1), dateIn(year, 7, 3), dateIn(year, 12, 24)];
}

function thanksgiving(year: number): string {
  return nthWeekday(year, 11, thursday, 4);
}
