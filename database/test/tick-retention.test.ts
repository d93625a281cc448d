import { describe, expect, it } from '@jest/globals';
import { ttlSecondsOf } from '@tapeline/database/cassandra/cassandra-writer';
import { aTick, noonMs, noonUs } from './support/rows.ts';

const dayMs = 86_400_000;

describe('the retention of ticks', () => {
  it('keeps every tick when there is none, however old', () => {
    expect(ttlSecondsOf(aTick({ timeMs: 0 }), undefined)).toBe(0);
  });

  it('counts from the time of the tick to when the log says that it was received', () => {
    expect(ttlSecondsOf(aTick({ timeMs: noonMs, versionUs: noonUs }), dayMs)).toBe(86_400);
    expect(ttlSecondsOf(aTick({ timeMs: noonMs - 3_600_000, versionUs: noonUs }), dayMs)).toBe(82_800);
    expect(ttlSecondsOf(aTick({ timeMs: noonMs, versionUs: noonUs + 500_000 }), dayMs)).toBe(86_400);
  });

  it('is over for a tick that came after it, to the millisecond', () => {
    expect(ttlSecondsOf(aTick({ timeMs: noonMs - dayMs + 1, versionUs: noonUs }), dayMs)).toBe(1);
    expect(ttlSecondsOf(aTick({ timeMs: noonMs - dayMs, versionUs: noonUs }), dayMs)).toBe(-1);
  });

  it('is at most what Cassandra takes: 20 years', () => {
    expect(ttlSecondsOf(aTick({ timeMs: noonMs, versionUs: noonUs }), 36_500 * dayMs)).toBe(630_720_000);
  });
});
