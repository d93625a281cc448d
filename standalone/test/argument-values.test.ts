import { describe, expect, it } from '@jest/globals';
import { parseDay, parseTime } from '../src/argument-values.ts';

describe('times on the command line', () => {
  it('are days, ISO 8601 or milliseconds', () => {
    expect(parseDay('2024-11-03')).toBe(Date.UTC(2024, 10, 3));
    expect([parseTime('2024-11-03T00:00:00Z'), parseTime('1730592000000')]).toEqual([Date.UTC(2024, 10, 3), Date.UTC(2024, 10, 3)]);
  });

  it.each(['9000000000000000', '9007199254740991', '-000001-01-01T00:00:00Z', 'soon', ''])('are not %s', text => {
    expect(() => parseTime(text)).toThrow('expected ISO 8601');
  });

  it.each(['2024-02-31', '2024-13-01', '24-01-01', ''])('are no day %s', text => {
    expect(() => parseDay(text)).toThrow('expected a date');
  });
});
