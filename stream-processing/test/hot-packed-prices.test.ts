import { expect, it } from '@jest/globals';
import type { FeedRecord } from '@tapeline/core/records';
import fc from 'fast-check';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';
import { hotRun, plainRun } from './support/hot-run.ts';

/** Prices as vendors of all sizes write them, side by side: what one needs after the point another has no room for. */
const price = fc
  .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: -8, max: 14 }), fc.integer({ min: 1, max: 9_999 }))
  .map(([places, magnitude, digits]) => Number((digits * 10 ** magnitude).toFixed(places)))
  .filter(value => value > 0 && value < 1e15);

it('keeps windows whose prices are of very different sizes, wherever the log is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.array(price, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 }), seconds => {
      const records = logOf(seconds);
      const { bars } = plainRun(records, foldOptions);
      expect(hotRun(records, foldOptions).bars).toEqual(bars);
      expect(hotRun(records, foldOptions, { cuts: new Set(records.keys()) }).bars).toEqual(bars);
    }),
    {
      numRuns: 120,
      examples: [[[[0.00001234, 1e9, 0.00001246, 0.00001259]]], [[[33957363.59118064, 33957363.8, 33957363.5719659, 33957363.59118064]]]],
    },
  );
});

/** Ticks of each second, then the time that closes everything. */
function logOf(seconds: readonly (readonly number[])[]): FeedRecord[] {
  const records: FeedRecord[] = [aSession({ timeMs: at(0) })];
  let sequence = 0;
  for (const [second, prices] of seconds.entries()) {
    for (const [index, price] of prices.entries()) {
      sequence += 1;
      records.push(aTick({ timeMs: at(second + (index + 1) / 10), sequence, price }));
    }
    records.push(aHeartbeat({ timeMs: at(second + 1) }));
  }
  return [...records, aHeartbeat({ timeMs: at(120) }), aHeartbeat({ timeMs: at(7_200) }), aHeartbeat({ timeMs: at(200_000) })];
}
