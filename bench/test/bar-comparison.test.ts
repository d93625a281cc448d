import { describe, expect, it } from '@jest/globals';
import { barLine, compareBars, parseBarLine } from '../src/bar-comparison.ts';
import { oracleOf } from '../src/bar-oracle.ts';
import type { LoadRecord } from '../src/load.ts';

function tick(timeMs: number, price: number, symbol = 'AAPL'): LoadRecord {
  return { partition: 0, key: symbol, value: JSON.stringify({ symbol, price, timeMs }), atMs: timeMs };
}

/** Two windows of a second that close, the second with a late tick, and what closes them. */
const records = [tick(1_000, 10), tick(1_500, 12), tick(1_200, 9), tick(2_100, 20), tick(9_000, 30), tick(2_050, 21)];
const oracle = oracleOf(records, ['1s']);

describe('the oracle of the bars', () => {
  it('orders by event time, and takes late ticks only into the bar of all', () => {
    expect(
      [...oracle.windows].map(([key, window]) => [key, window.late, window.onTime && barLine(window.onTime), barLine(window.all)]),
    ).toEqual([
      ['AAPL,1s,1000', 0, 'AAPL,1s,1000,10,12,9,12,3', 'AAPL,1s,1000,10,12,9,12,3'],
      ['AAPL,1s,2000', 1, 'AAPL,1s,2000,20,20,20,20,1', 'AAPL,1s,2000,21,21,20,20,2'],
      ['AAPL,1s,9000', 0, 'AAPL,1s,9000,30,30,30,30,1', 'AAPL,1s,9000,30,30,30,30,1'],
    ]);
    expect(oracle.closedUntilMs).toBe(7_000);
  });
});

describe('the comparison with the oracle', () => {
  const right = ['AAPL,1s,1000,10,12,9,12,3', 'AAPL,1s,2000,20,20,20,20,1'].map(parseBarLine);

  it('finds equal bars equal, those with late ticks apart, and leaves out what is not closed', () => {
    expect(compareBars(right, oracle, '1s', 'on-time')).toEqual({
      expected: 1,
      equal: 1,
      missing: 0,
      otherCount: 0,
      otherOpenOrClose: 0,
      otherHighOrLow: 0,
      withLateTicks: { expected: 1, equal: 1 },
      unexpected: 0,
      repeated: 0,
    });
    expect(compareBars(right, oracle, '1s', 'all').withLateTicks).toEqual({ expected: 1, equal: 0 });
  });

  it('counts what differs, what is missing, what nobody asked for and what came twice', () => {
    const wrong = parseBarLine('AAPL,1s,1000,10,12,9,9,2');
    expect(compareBars([wrong, wrong, parseBarLine('MSFT,1s,3000,1,1,1,1,1')], oracle, '1s', 'on-time')).toMatchObject({
      equal: 0,
      otherCount: 1,
      otherOpenOrClose: 1,
      otherHighOrLow: 0,
      unexpected: 1,
      repeated: 1,
    });
    expect(compareBars([], oracle, '1s', 'on-time')).toMatchObject({ expected: 1, missing: 1 });
  });

  it('refuses a line that is no bar', () => {
    expect(() => parseBarLine('AAPL,1s,1000,10,12,9')).toThrow('a line of bars must be');
    expect(() => parseBarLine('AAPL,2s,1000,10,12,9,1,1')).toThrow(RangeError);
  });
});
