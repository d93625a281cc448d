import { describe, expect, it } from '@jest/globals';
import { easterSunday, nthWeekday, observed } from '../../src/calendars/holidays.ts';

describe('holidays by rule', () => {
  it('put Easter on the dates that churches published, the earliest and the latest possible among them', () => {
    const easters = [1818, 1943, 1954, 1981, 2000, 2019, 2024, 2025, 2026, 2027, 2038, 2049, 2076].map(easterSunday);
    expect(easters).toEqual([
      ...['1818-03-22', '1943-04-25', '1954-04-18', '1981-04-19', '2000-04-23', '2019-04-21', '2024-03-31'],
      ...['2025-04-20', '2026-04-05', '2027-03-28', '2038-04-25', '2049-04-18', '2076-04-19'],
    ]);
  });

  it('count weekdays of a month from its first', () => {
    expect(nthWeekday(2026, 11, 4, 4)).toBe('2026-11-26');
    expect(nthWeekday(2026, 9, 1, 1)).toBe('2026-09-07');
    expect(nthWeekday(2024, 1, 1, 1)).toBe('2024-01-01');
  });

  it('are kept on Friday when they fall on Saturday, and on Monday when they fall on Sunday', () => {
    expect(['2026-07-04', '2027-07-04', '2025-07-04'].map(observed)).toEqual(['2026-07-03', '2027-07-05', '2025-07-04']);
  });
});
