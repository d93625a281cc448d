import { describe, expect, it } from '@jest/globals';
import { parseDay, parseIntervals, parseList, parseTime } from '../src/argument-values.ts';

describe('times on the command line', () => {
  it('are days, ISO 8601 or milliseconds', () => {
    expect(parseDay('2024-11-03')).toBe(Date.UTC(2024, 10, 3));
    for (const text of ['2024-11-03', '2024-11-03T00:00', '2024-11-03T00:00:00Z', '2024-11-03T01:00+01:00', '1730592000000']) {
      expect([text, parseTime(text)]).toEqual([text, Date.UTC(2024, 10, 3)]);
    }
    expect([parseTime('100000000000'), parseTime('0')]).toEqual([100_000_000_000, 0]);
  });

  it.each([
    ...['9000000000000000', '9007199254740991', '-000001-01-01T00:00:00Z', 'soon', '', 'last 7', '2024-02-31', '23 Nov 2026'],
    ...['20261123', '2026', '1730592000', '9000000000000'],
  ])('are not "%s"', text => {
    expect(() => parseTime(text)).toThrow('expected ISO 8601');
  });

  it.each(['2024-02-31', '2024-13-01', '24-01-01', ''])('are no day %s', text => {
    expect(() => parseDay(text)).toThrow('expected a date');
  });
});

describe('lists on the command line', () => {
  it('have each item once', () => {
    expect(parseList('BTC/USD, ETH/USD,,BTC/USD')).toEqual(['BTC/USD', 'ETH/USD']);
    expect(parseIntervals('1m,5m,1m')).toEqual(['1m', '5m']);
  });

  it.each(['', ',', ' , '])('are not "%s"', text => {
    expect(() => parseList(text)).toThrow('expected one or more, separated by commas.');
  });
});
