/**
 * Expected dates are those that the exchanges published: NYSE Group's announcements of holidays and early closes for 2024 to 2027
 * (the last one of 2024-11-08), Nasdaq's trading calendars, and the announcement of 2024-12-30 for 2025-01-09.
 */
import { describe, expect, it } from '@jest/globals';
import { calendarOf } from '../../src/calendars/market-calendars.ts';
import type { TradingCalendar, TradingDay } from '../../src/calendars/trading-calendar.ts';
import { weekdayOf } from '../../src/calendars/zoned-time.ts';

const holidays = new Map([
  [
    2024,
    [
      ...['2024-01-01', '2024-01-15', '2024-02-19', '2024-03-29', '2024-05-27'],
      ...['2024-06-19', '2024-07-04', '2024-09-02', '2024-11-28', '2024-12-25'],
    ],
  ],
  [
    2025,
    [
      ...['2025-01-01', '2025-01-09', '2025-01-20', '2025-02-17', '2025-04-18', '2025-05-26'],
      ...['2025-06-19', '2025-07-04', '2025-09-01', '2025-11-27', '2025-12-25'],
    ],
  ],
  [
    2026,
    [
      ...['2026-01-01', '2026-01-19', '2026-02-16', '2026-04-03', '2026-05-25'],
      ...['2026-06-19', '2026-07-03', '2026-09-07', '2026-11-26', '2026-12-25'],
    ],
  ],
  [
    2027,
    [
      ...['2027-01-01', '2027-01-18', '2027-02-15', '2027-03-26', '2027-05-31'],
      ...['2027-06-18', '2027-07-05', '2027-09-06', '2027-11-25', '2027-12-24'],
    ],
  ],
]);

const halfDays = new Map([
  [2024, ['2024-07-03', '2024-11-29', '2024-12-24']],
  [2025, ['2025-07-03', '2025-11-28', '2025-12-24']],
  [2026, ['2026-11-27', '2026-12-24']],
  [2027, ['2027-11-26']],
]);

const tradingDays = new Map([
  [2024, 252],
  [2025, 250],
  [2026, 251],
  [2027, 251],
]);

const years = [2024, 2025, 2026, 2027];
const markets = ['NYSE', 'NASDAQ', 'XNYS', 'XNAS'];

function weekdaysOf(calendar: TradingCalendar, year: number): TradingDay[] {
  const days = [...calendar.days(Date.parse(`${year}-01-01T12:00:00Z`), Date.parse(`${year}-12-31T12:00:00Z`))];
  return days.filter(({ day }) => ![0, 6].includes(weekdayOf(day)));
}

const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/New_York', hour: '2-digit', minute: '2-digit' });

/** Hours of a day as New York's clocks show them. */
function clocks({ sessions }: TradingDay): string[] {
  return sessions.map(({ kind, openMs, closeMs }) => `${kind} ${clock.format(openMs)}-${clock.format(closeMs)}`);
}

describe.each(markets)('the calendar of %s', market => {
  const calendar = calendarOf(market);

  it.each(years)('is closed on the published holidays of %i and on no other weekday', year => {
    const closed = weekdaysOf(calendar, year).filter(({ sessions }) => sessions.length === 0);
    expect(closed.map(({ day }) => day)).toEqual(holidays.get(year));
  });

  it.each(years)('closes at 13:00 on the published days of %i and at 16:00 on all others', year => {
    const open = weekdaysOf(calendar, year).filter(({ sessions }) => sessions.length > 0);
    const half = open.filter(day => clocks(day)[0] === 'regular 09:30-13:00');
    const full = open.filter(day => clocks(day)[0] === 'regular 09:30-16:00');
    expect(half.map(({ day }) => day)).toEqual(halfDays.get(year));
    expect(full.length + half.length).toBe(tradingDays.get(year));
    expect(open.length).toBe(tradingDays.get(year));
  });

  it('never opens on a Saturday or Sunday', () => {
    const days = [...calendar.days(Date.parse('2024-01-01T12:00:00Z'), Date.parse('2028-01-01T00:00:00Z'))];
    expect(days.length).toBe(1_461);
    expect(days.filter(({ day, sessions }) => [0, 6].includes(weekdayOf(day)) && sessions.length > 0)).toEqual([]);
  });
});

describe('rules of New York', () => {
  const calendar = calendarOf('NYSE');
  const regular = (date: string) => clocks(calendar.day(date));

  it('do not make up for a New Year on a Saturday', () => {
    expect(regular('2021-12-31')).toEqual(['regular 09:30-16:00']);
    expect(regular('2027-12-31')).toEqual(['regular 09:30-16:00']);
    expect(regular('2022-12-30')).toEqual(['regular 09:30-16:00']);
    expect(regular('2023-01-02')).toEqual([]);
  });

  it('knew no Juneteenth before 2022', () => {
    expect(regular('2020-06-19')).toEqual(['regular 09:30-16:00']);
    expect(regular('2022-06-20')).toEqual([]);
  });

  it('close early before Independence Day only where it follows a working day', () => {
    expect(regular('2023-07-03')).toEqual(['regular 09:30-13:00']);
    expect(regular('2026-07-02')).toEqual(['regular 09:30-16:00']);
    expect(regular('2027-07-02')).toEqual(['regular 09:30-16:00']);
  });

  it('add pre-market and post-market where they are asked for, shorter on half days and none on holidays', () => {
    const extended = calendarOf('NASDAQ', 'extended');
    expect(clocks(extended.day('2026-11-25'))).toEqual(['pre-market 04:00-09:30', 'regular 09:30-16:00', 'post-market 16:00-20:00']);
    expect(clocks(extended.day('2026-11-26'))).toEqual([]);
    expect(clocks(extended.day('2026-11-27'))).toEqual(['pre-market 04:00-09:30', 'regular 09:30-13:00', 'post-market 13:00-17:00']);
  });

  it('join the sessions of a day to one stretch of trading', () => {
    const extended = calendarOf('NASDAQ', 'extended');
    expect(extended.nextCloseMs(Date.parse('2026-11-25T09:00:00Z'))).toBe(Date.parse('2026-11-26T01:00:00Z'));
    expect(extended.nextOpenMs(Date.parse('2026-11-25T09:00:00Z'))).toBe(Date.parse('2026-11-27T09:00:00Z'));
    expect(extended.isOpen(Date.parse('2026-11-25T08:59:59.999Z'))).toBe(false);
    expect(extended.isOpen(Date.parse('2026-11-25T09:00:00Z'))).toBe(true);
    expect(extended.isOpen(Date.parse('2026-11-25T21:00:00Z'))).toBe(true);
  });
});
