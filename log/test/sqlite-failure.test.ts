import { describe, expect, it } from '@jest/globals';
import { isPassing } from '@tapeline/core/errors';
import { sqliteFailure } from '../src/sqlite-failure.ts';

describe('failures of the embedded log', () => {
  it.each([
    ['a full disk', 13, 'log.full', 'free disk space'],
    ['a lock', 5, 'log.unavailable', 'try again'],
    ['a write over a quota', 778, 'log.unavailable', 'check the disk and the space left on it'],
    ['an index of the journal that cannot grow', 4_874, 'log.unavailable', 'check the disk and the space left on it'],
  ])('pass: %s', (_, errcode, code, remedy) => {
    const failure = sqliteFailure(Object.assign(new Error('disk I/O error'), { errcode }), '/data');
    expect(failure).toMatchObject({ code, message: expect.stringContaining(remedy) });
    expect(isPassing(failure)).toBe(true);
  });

  it("do not pass when the file is none of ours, and an error that is not SQLite's stays what it is", () => {
    const failure = sqliteFailure(Object.assign(new Error('file is not a database'), { errcode: 26 }), '/data');
    expect(failure).toMatchObject({ code: 'data-dir.unusable', retriable: false });
    expect(isPassing(failure)).toBe(false);
    const other = new RangeError('ours');
    expect(sqliteFailure(other, '/data')).toBe(other);
  });
});
