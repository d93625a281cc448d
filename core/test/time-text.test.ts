import { describe, expect, it } from '@jest/globals';
import { dateText, dateTimeText, timeOfText, utcText } from '../src/time-text.ts';

describe('a moment as a text', () => {
  it.each([
    ['2026-11-23', Date.UTC(2026, 10, 23)],
    ['2026-11-23T09:30', Date.UTC(2026, 10, 23, 9, 30)],
    ['2026-11-23T09:30:15.25', Date.UTC(2026, 10, 23, 9, 30, 15, 250)],
    ['2026-11-23T09:30:00Z', Date.UTC(2026, 10, 23, 9, 30)],
    ['2026-11-23T09:30:00-05:00', Date.UTC(2026, 10, 23, 14, 30)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['1730592000000', 1_730_592_000_000],
    ['0', 0],
    ['100000000000', 100_000_000_000],
    ['9999999999999', 9_999_999_999_999],
  ])('is %s', (text, timeMs) => {
    expect(timeOfText(text)).toBe(timeMs);
  });

  it.each([
    ...['2026-02-31', '2026-02-29T10:00', '2026-04-31T10:00:00+02:00', '2026-13-01', '2026-11-23T25:00', '1969-12-31T23:59Z'],
    ...['last 7', '2026-11', '23 Nov 2026', '2026-11-23 09:30', '2026-11-23T09', '2026-11-23+01:00', '-5', '', ' ', 'soon'],
    ...['20261123', '2026', '1', '00', '1730592000', '99999999999', '1730592000000000', '8640000000000000'],
  ])('is not "%s"', text => {
    expect(timeOfText(text)).toBeUndefined();
  });
});

it('tells a moment in UTC, in whole seconds', () => {
  const timeMs = Date.UTC(2026, 10, 23, 23, 59, 59, 999);
  expect(dateText(timeMs)).toBe('2026-11-23');
  expect(dateTimeText(timeMs)).toBe('2026-11-23 23:59:59');
  expect(utcText(timeMs)).toBe('2026-11-23 23:59:59 UTC');
});
