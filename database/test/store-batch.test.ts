import { describe, expect, it } from '@jest/globals';
import { newestOfEachKey, storeBatch } from '@tapeline/database/store-batch';
import { aBar, aGap, aTick, noonUs } from './support/rows.ts';

describe('the newest rows of a batch', () => {
  it('are the highest version of each key, whatever the order', () => {
    const bars = [5, 9, 7].map(step => aBar({ close: step, versionUs: noonUs + step }));
    expect(newestOfEachKey(storeBatch({ bars })).bars.map(bar => bar.close)).toEqual([9]);
  });

  it('are all of them when keys differ in one part only', () => {
    const bars = [aBar(), aBar({ symbol: 'AAPL' }), aBar({ interval: '5m' }), aBar({ startMs: 0 })];
    const ticks = [aTick(), aTick({ session: 2 }), aTick({ sequence: 2 }), aTick({ timeMs: 1 }), aTick({ symbol: 'AAPL' })];
    const gaps = [aGap(), aGap({ reason: 'buffer full' }), aGap({ fromMs: 1 }), aGap({ symbol: 'AAPL' })];
    expect(newestOfEachKey(storeBatch({ bars, ticks, gaps }))).toEqual(storeBatch({ bars, ticks, gaps }));
  });

  it('of history leave the bar that ticks made in its place, before them', () => {
    const history = [2, 4].map(step => aBar({ close: step, flags: ['filled'], versionUs: noonUs + step }));
    const bars = [...history, ...[1, 3].map(step => aBar({ close: step, versionUs: noonUs + step }))];
    expect(newestOfEachKey(storeBatch({ bars })).bars.map(bar => bar.close)).toEqual([3, 4]);
  });

  it('are the first of equal versions', () => {
    const bars = [aBar({ close: 1 }), aBar({ close: 1 })];
    expect(newestOfEachKey(storeBatch({ bars })).bars[0]).toBe(bars[0]);
  });
});
