import { describe, expect, it } from '@jest/globals';
import { firstSessionOf, isBeyond, termAfter } from '../src/session-numbers.ts';

describe('session numbers', () => {
  it('gives each term a million numbers that no other term has', () => {
    expect([0, 1, 2].map(firstSessionOf)).toEqual([1, 1_000_001, 2_000_001]);
    expect([2_000_001, 2_999_999, 3_000_000, 3_000_001].map(session => isBeyond(2, session))).toEqual([false, false, true, true]);
  });

  it('asks for a term above every session that the log shows', () => {
    expect([undefined, 1, 57, 999_999, 1_000_001, 41_000_007].map(termAfter)).toEqual([0, 1, 1, 1, 2, 42]);
  });

  it('stays exact for as many terms as Kubernetes can count', () => {
    const mostTerms = 2_147_483_647;
    expect(Number.isSafeInteger(firstSessionOf(mostTerms + 1))).toBe(true);
    expect(isBeyond(mostTerms, firstSessionOf(mostTerms))).toBe(false);
  });
});
