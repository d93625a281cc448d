import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { roundDerived } from '../src/derived-values.ts';

function isRoundedAsText(x: number): void {
  expect(roundDerived(x)).toBe(Number(x.toPrecision(12)));
}

describe('derived values', () => {
  it('have 12 significant digits', () => {
    expect(roundDerived(100 / 3)).toBe(33.3333333333);
    expect(roundDerived(-2 / 3)).toBe(-0.666666666667);
    expect(roundDerived(69_145.254_999_999_99)).toBe(69_145.255);
    expect(roundDerived(0.1 + 0.2)).toBe(0.3);
    expect(roundDerived(999_999_999_999.5)).toBe(1e12);
    expect(roundDerived(0.000_012_345_678_901_25)).toBe(0.0000123456789013);
  });

  it('leave what has fewer digits, and what is no finite number, as it is', () => {
    for (const x of [0, 1, -1, 5e-324, 65_536, 1e300, Number.POSITIVE_INFINITY, Number.NaN]) expect(roundDerived(x)).toBe(x);
  });

  it('are those of toPrecision for every double', () => {
    fc.assert(fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), isRoundedAsText), { numRuns: 5_000 });
    fc.assert(fc.property(fc.double({ min: -1e13, max: 1e13, noNaN: true }), isRoundedAsText), { numRuns: 5_000 });
  });

  it('are those of toPrecision for what bars are made of', () => {
    const mean = fc.tuple(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), fc.integer({ min: 1, max: 10_000_000 }));
    fc.assert(
      fc.property(mean, ([sum, count]) => isRoundedAsText(sum / 100 / count)),
      { numRuns: 20_000 },
    );
  });

  it('are those of toPrecision around powers of ten and around ties', () => {
    for (let exponent = -25; exponent <= 25; exponent += 1) {
      for (const digits of [
        '1',
        '9.99999999999',
        '9.999999999995',
        '9.9999999999949',
        '1.000000000005',
        '1.23456789012500',
        '5.000000000015',
      ]) {
        const x = Number(`${digits}e${exponent}`);
        for (const near of [x, x * (1 + Number.EPSILON), x * (1 - Number.EPSILON)]) isRoundedAsText(near);
      }
    }
  });
});
