import { describe, expect, it } from '@jest/globals';
import { compared } from '../src/backfill/comparison.ts';
import { aBar } from './support/bars.ts';

const tolerance = { price: 0.001, volume: 0.25 };
const prices = { open: 100, high: 104, low: 98, close: 102 };
const vendors = { startMs: 0, endMs: 60_000, ...prices, volume: 80 };

function times(factor: number) {
  return { ...vendors, open: 100 * factor, high: 104 * factor, low: 98 * factor, close: 102 * factor };
}

describe("our bar against the vendor's", () => {
  it('is equal within the tolerance of prices', () => {
    expect(compared(aBar(prices), { ...vendors, high: 104.1, volume: undefined }, tolerance)).toMatchObject({ verdict: 'equal' });
    expect(compared(aBar(prices), { ...vendors, high: 104.2 }, tolerance)).toMatchObject({
      verdict: 'mismatch',
      price: expect.closeTo(0.2 / 104.2, 12),
    });
  });

  it('has a tolerance of its own for volume, where both tell one', () => {
    expect(compared(aBar({ ...prices, volume: 60 }), vendors, tolerance)).toMatchObject({ verdict: 'equal', volume: 0.25 });
    expect(compared(aBar({ ...prices, volume: 59 }), vendors, tolerance)).toMatchObject({ verdict: 'mismatch', price: 0 });
    expect(compared(aBar(prices), vendors, tolerance)).toEqual({ verdict: 'equal', price: 0 });
    expect(compared(aBar({ ...prices, volume: 59 }), { ...vendors, volume: 0 }, tolerance)).toEqual({ verdict: 'equal', price: 0 });
  });

  it.each([
    ['2:1', 1 / 2],
    ['3:2', 2 / 3],
    ['10:1', 1 / 10],
    ['1:8', 8],
    ['1:10', 10],
    ['2:3', 3 / 2],
  ])('is apart by a split of %s, and no mismatch', (split, factor) => {
    expect(compared(aBar(prices), times(factor), tolerance)).toMatchObject({ verdict: 'split', split });
    expect(compared(aBar(prices), times(factor * 1.0009), tolerance)).toMatchObject({ verdict: 'split', split });
  });

  it('is no split when only a part of it is a multiple, or the ratio is none that companies take', () => {
    expect(compared(aBar(prices), { ...times(1 / 2), close: 102 }, tolerance)).toMatchObject({ verdict: 'mismatch' });
    expect(compared(aBar(prices), times(0.9), tolerance)).toMatchObject({ verdict: 'mismatch' });
    expect(compared(aBar(prices), times(1 / 2.1), tolerance)).toMatchObject({ verdict: 'mismatch' });
  });
});
