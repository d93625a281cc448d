/** How a law or an exchange says on which date of a year a holiday falls; dates are `YYYY-MM-DD`, weekday 0 is Sunday. */
import { addDays, weekdayOf } from './zoned-time.ts';

/** The date of that month (1 to 12) and day. */
export function dateIn(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** The n-th such weekday of a month, counted from 1: `nthWeekday(2026, 11, 4, 4)` is Thanksgiving. */
export function nthWeekday(year: number, month: number, weekday: number, nth: number): string {
  const first = dateIn(year, month, 1);
  return addDays(first, ((weekday - weekdayOf(first) + 7) % 7) + (nth - 1) * 7);
}

/** A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after. */
export function observed(date: string): string {
  const weekday = weekdayOf(date);
  if (weekday === 6) return addDays(date, -1);
  return weekday === 0 ? addDays(date, 1) : date;
}

/** Easter Sunday of the Gregorian calendar: the first Sunday after the ecclesiastical full moon on or after 21 March. */
export function easterSunday(year: number): string {
  const century = Math.floor(year / 100);
  const leapDaysDropped = century - Math.floor(century / 4);
  const moonDrift = Math.floor((8 * century + 13) / 25);
  const golden = year % 19;
  const epact = (19 * golden + leapDaysDropped - moonDrift + 15) % 30;
  // Days from 21 March to the full moon; the two exceptions keep it within 29 days and each date once in 19 years.
  const fullMoon = epact === 29 || (epact === 28 && golden > 10) ? epact - 1 : epact;
  const moonDate = addDays(dateIn(year, 3, 21), fullMoon);
  return addDays(moonDate, 7 - weekdayOf(moonDate));
}
