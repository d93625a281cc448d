import { describe, expect, it } from '@jest/globals';
import { isTooLong } from './recovery.ts';

describe('how long recovery took', () => {
  const few = { counted: 3, disturbed: 0, p50Ms: 900, p99Ms: 4_000, barMs: 1_000 };

  it('is held to the bar by its p99, of few by their median', () => {
    expect(isTooLong(few)).toBeUndefined();
    expect(isTooLong({ ...few, p50Ms: 1_001 })).toEqual({ what: 'median', ms: 1_001 });
    expect(isTooLong({ ...few, counted: 20 })).toEqual({ what: 'p99', ms: 4_000 });
    expect(isTooLong({ ...few, counted: 20, p99Ms: 1_000 })).toBeUndefined();
  });

  it('says nothing where there was none', () => {
    expect(isTooLong({ counted: 0, disturbed: 2, p50Ms: undefined, p99Ms: undefined, barMs: 1_000 })).toBeUndefined();
  });
});
