import { describe, expect, it } from '@jest/globals';
import { addDays, weekdayOf, zonedMoment, zonedTime } from '../../src/calendars/zoned-time.ts';

const iso = (text: string) => Date.parse(text);

describe('the clock of a zone', () => {
  it('shows standard time in winter and daylight saving in summer', () => {
    expect(zonedTime(iso('2026-01-15T14:30:00Z'), 'America/New_York')).toEqual({ date: '2026-01-15', minuteOfDay: 570, weekday: 4 });
    expect(zonedTime(iso('2026-07-15T14:30:00Z'), 'America/New_York')).toEqual({ date: '2026-07-15', minuteOfDay: 630, weekday: 3 });
  });

  it('is on another date than UTC where the world already is', () => {
    expect(zonedTime(iso('2026-11-20T20:00:00Z'), 'Asia/Tokyo')).toEqual({ date: '2026-11-21', minuteOfDay: 300, weekday: 6 });
    expect(zonedTime(iso('2026-11-20T03:00:00Z'), 'America/New_York')).toEqual({ date: '2026-11-19', minuteOfDay: 1_320, weekday: 4 });
  });

  it('knows half hours', () => {
    expect(zonedTime(iso('2026-11-20T03:45:00Z'), 'Asia/Kolkata')).toEqual({ date: '2026-11-20', minuteOfDay: 555, weekday: 5 });
  });
});

describe('the moment a zone shows a time', () => {
  it('is an hour apart on both sides of a change of clocks', () => {
    expect(new Date(zonedMoment('2026-03-08', 0, 'America/New_York')).toISOString()).toBe('2026-03-08T05:00:00.000Z');
    expect(new Date(zonedMoment('2026-03-09', 0, 'America/New_York')).toISOString()).toBe('2026-03-09T04:00:00.000Z');
    expect(new Date(zonedMoment('2026-11-02', 0, 'America/New_York')).toISOString()).toBe('2026-11-02T05:00:00.000Z');
  });

  it('is the change itself where midnight is skipped', () => {
    // Santiago went from 24:00 to 01:00 on 2024-09-08.
    expect(new Date(zonedMoment('2024-09-08', 0, 'America/Santiago')).toISOString()).toBe('2024-09-08T04:00:00.000Z');
  });

  it('is the second midnight where clocks go back at midnight', () => {
    // Santiago went from 24:00 back to 23:00 on 2024-04-06.
    expect(new Date(zonedMoment('2024-04-07', 0, 'America/Santiago')).toISOString()).toBe('2024-04-07T04:00:00.000Z');
  });

  it('is the first where it comes twice', () => {
    // Havana went from 01:00 back to 00:00 on 2024-11-03.
    expect(new Date(zonedMoment('2024-11-03', 0, 'America/Havana')).toISOString()).toBe('2024-11-03T04:00:00.000Z');
  });

  it('lies on the day before for minutes below 0', () => {
    expect(new Date(zonedMoment('2026-11-16', -420, 'America/New_York')).toISOString()).toBe('2026-11-15T22:00:00.000Z');
  });

  it('knows the weekday of a date', () => {
    expect([weekdayOf('2026-11-20'), weekdayOf('2024-02-29')]).toEqual([5, 4]);
  });

  it('counts days over the end of a month', () => {
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
  });
});
