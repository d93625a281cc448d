/** The digits that the engine writes, against JSON.stringify. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anEngine, barTexts } from './support/an-engine.ts';

const engine = anEngine();

/** The text of a number where a bar has it: as its opening price. */
function written(value: number): string {
  const [text] = barTexts(engine, [
    {
      symbol: 'A',
      interval: '1s',
      startMs: 0,
      endMs: 1_000,
      open: value,
      high: 1,
      low: 1,
      close: 1,
      tickCount: 1,
      state: 'final',
      flags: [],
      revision: 0,
      versionUs: 1,
    },
  ]);
  return /"open":(.*),"high":1,/.exec(text as string)?.[1] as string;
}

describe('the text of a number', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [7, '7'],
    [1_000, '1000'],
    [1_050_009, '1050009'],
    [999_999_999, '999999999'],
    [1_730_714_400_000, '1730714400000'],
    [1_730_714_400_000_007, '1730714400000007'],
    [187.5, '187.5'],
    [98_765.43, '98765.43'],
    [1.08345, '1.08345'],
    [1_234_567.000_001, '1234567.000001'],
    [0.000_123_456_789_012, '0.000123456789012'],
    [0.001, '0.001'],
    [0.000_001, '0.000001'],
    [-12.25, '-12.25'],
    [0.1 + 0.2, '0.30000000000000004'],
    [0.000_000_1, '1e-7'],
    [2 ** 53, '9007199254740992'],
    [1e21, '1e+21'],
    [Number.NaN, 'null'],
    [Number.POSITIVE_INFINITY, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
  ])('of %p is %s', (value, text) => {
    expect(written(value)).toBe(text);
  });

  it('is that of JSON.stringify for every double', () => {
    const decimals = fc
      .tuple(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.integer({ min: 0, max: 15 }))
      .map(([value, digits]) => Number(value.toFixed(digits)));
    const significant = fc
      .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -8, max: 12 }), fc.integer({ min: 1, max: 17 }))
      .map(([value, exponent, digits]) =>
        Number(((value / 10 ** Math.floor(Math.log10(Math.abs(value) || 1))) * 10 ** exponent).toPrecision(digits)),
      );
    const integers = fc.oneof(fc.integer(), fc.maxSafeInteger());
    const neighbours = fc
      .tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 12 }), fc.constantFrom(-1, 1))
      .map(([mantissa, places, side]) => beside(mantissa / 10 ** places, side));
    fc.assert(
      fc.property(fc.oneof(fc.double(), decimals, significant, integers, neighbours), value => {
        expect(written(value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 5_000 },
    );
  });
});

/** The next double above or below. */
function beside(value: number, side: number): number {
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] = (bits[0] ?? 0n) + BigInt(value === 0 ? 1 : side);
  return new Float64Array(bits.buffer)[0] ?? 0;
}
