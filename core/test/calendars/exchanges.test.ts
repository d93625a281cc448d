/**
 * Expected hours are those that the exchanges announced: Bolsa Mexicana de Valores for 2023-03-13 and 2025-11-03 (with New York, also since
 * clocks in Mexico change no more), B3 for 2025-03-10 and 2025-11-03 (its closing call included), the Stock Exchange of Thailand for
 * 2024-03-25, the Indonesia Stock Exchange for 2023-04-03, Bursa Malaysia's trading sessions, and the Tel-Aviv Stock Exchange for 2020-03-08
 * and 2026-01-05.
 */
import { describe, expect, it } from '@jest/globals';
import { calendarOf } from '../../src/calendars/market-calendars.ts';
import { addDays, zonedTime } from '../../src/calendars/zoned-time.ts';

/** Hours of a date by the clock of the exchange. */
function hoursOf(exchange: string, date: string): string {
  const calendar = calendarOf(exchange);
  const clock = (timeMs: number) => {
    const { minuteOfDay } = zonedTime(timeMs, calendar.zone);
    return [Math.floor(minuteOfDay / 60), minuteOfDay % 60].map(part => String(part).padStart(2, '0')).join(':');
  };
  const { sessions } = calendar.day(date);
  return sessions.map(({ openMs, closeMs }) => `${clock(openMs)}-${clock(closeMs)}`).join(' ') || 'closed';
}

describe('the hours of an exchange', () => {
  it.each([
    ['2026-03-06', '08:30-15:00', '10:00-18:00'],
    ['2026-03-09', '07:30-14:00', '10:00-17:00'],
    ['2026-10-30', '07:30-14:00', '10:00-17:00'],
    ['2026-11-02', '08:30-15:00', '10:00-18:00'],
  ])('follow the clocks of New York in Mexico and São Paulo, whose own do not change: %s', (date, mexico, saoPaulo) => {
    expect([hoursOf('BMV', date), hoursOf('BOVESPA', date)]).toEqual([mexico, saoPaulo]);
  });

  it('were the same on the clock in Mexico as long as it changed with the one in New York, but for the weeks between', () => {
    const dates = ['2022-03-11', '2022-03-14', '2022-04-04', '2022-10-28', '2022-10-31', '2022-11-07'];
    expect(dates.map(date => hoursOf('BMV', date))).toEqual([
      ...['08:30-15:00', '07:30-14:00', '08:30-15:00'],
      ...['08:30-15:00', '07:30-14:00', '08:30-15:00'],
    ]);
  });

  it('have a break at noon in Bangkok, Jakarta and Kuala Lumpur, a longer one in Jakarta on Fridays', () => {
    const [thursday, friday] = ['2026-11-19', '2026-11-20'];
    expect([hoursOf('SET', thursday), hoursOf('SET', friday)]).toEqual(['10:00-12:30 14:00-16:30', '10:00-12:30 14:00-16:30']);
    expect([hoursOf('IDX', thursday), hoursOf('IDX', friday)]).toEqual(['09:00-12:00 13:30-16:00', '09:00-11:30 14:00-16:00']);
    expect([hoursOf('MYX', thursday), hoursOf('MYX', friday)]).toEqual(['09:00-12:30 14:30-17:00', '09:00-12:30 14:30-17:00']);
  });

  it('are from Monday to Friday in Tel Aviv since 2026-01-05, and were from Sunday to Thursday before', () => {
    const weekOf = (sunday: string) => [0, 1, 4, 5, 6].map(days => hoursOf('TASE', addDays(sunday, days)));
    expect(weekOf('2025-12-28')).toEqual(['10:00-15:50', '10:00-17:15', '10:00-17:15', 'closed', 'closed']);
    expect(weekOf('2026-01-04')).toEqual(['closed', '10:00-17:15', '10:00-17:15', '10:00-13:50', 'closed']);
  });

  it('leave its days where they were, from midnight to midnight on its own clock', () => {
    for (const exchange of ['BMV', 'BOVESPA', 'SET', 'IDX', 'MYX', 'TASE']) {
      const calendar = calendarOf(exchange);
      for (const date of ['2022-07-15', '2025-12-28', '2026-01-04', '2026-07-15']) {
        const { startMs, endMs } = calendar.day(date);
        expect([startMs, endMs].map(timeMs => zonedTime(timeMs, calendar.zone))).toMatchObject([
          { date, minuteOfDay: 0 },
          { date: addDays(date, 1), minuteOfDay: 0 },
        ]);
      }
    }
  });
});
