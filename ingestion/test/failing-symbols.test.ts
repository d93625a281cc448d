import { describe, expect, it } from '@jest/globals';
import { FailingSymbols } from '../src/yahoo/failing-symbols.ts';

describe('symbols that a vendor fails at', () => {
  it('are asked for last in the next round', () => {
    const failing = new FailingSymbols();
    expect(failing.inTurn(['A', 'B', 'C'])).toEqual(['A', 'B', 'C']);
    failing.failed('A');
    expect(failing.inTurn(['A', 'B', 'C'])).toEqual(['B', 'C', 'A']);
    failing.failed('C');
    expect(failing.inTurn(['A', 'B', 'C'])).toEqual(['A', 'B', 'C']);
    expect(failing.inTurn(['A', 'B'])).toEqual(['A', 'B']);
  });

  it('fail by themselves when others are answered between three failures, and from then on', () => {
    const failing = new FailingSymbols();
    const told = ['B', 'C', 'B', 'B'].map(other => {
      failing.answered(other);
      return failing.failed('A');
    });
    expect(told).toEqual([false, false, true, true]);
  });

  it('do not where nobody is answered, nor where they are answered themselves between', () => {
    const failing = new FailingSymbols();
    expect([1, 2, 3, 4].map(() => failing.failed('A'))).toEqual([false, false, false, false]);
    failing.answered('B');
    expect([failing.failed('A'), failing.failed('A')]).toEqual([false, false]);
    failing.answered('A');
    failing.answered('B');
    expect([failing.failed('A'), failing.failed('A')]).toEqual([false, false]);
  });
});
