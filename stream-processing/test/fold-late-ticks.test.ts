import { describe, expect, it } from '@jest/globals';
import { aHeartbeat, aSession, aTick, at, foldOf } from './support/builders.ts';

const session = aSession({ timeMs: at(-3_600 * 10) });

describe('late ticks', () => {
  it('takes a straggler within the allowed lateness in without a revision', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(59), price: 100 }),
      aHeartbeat({ timeMs: at(61.9) }),
      aTick({ timeMs: at(59.5), price: 99, receivedTimeMs: at(61.95) }),
      aHeartbeat({ timeMs: at(62) }),
    ]);
    expect(bars('1m')).toMatchObject([{ close: 99, tickCount: 2, revision: 0, flags: [] }]);
  });

  it('corrects a closed bar within the horizon: revision + 1, given out again, with a higher version', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(10), price: 100 }),
      aTick({ timeMs: at(59), price: 101 }),
      aHeartbeat({ timeMs: at(70) }),
      aTick({ timeMs: at(59.5), price: 98, receivedTimeMs: at(71) }),
    ]);
    expect(bars('1m')).toMatchObject([
      { close: 101, low: 100, revision: 0, flags: [], tickCount: 2 },
      { close: 98, low: 98, revision: 1, flags: ['corrected'], tickCount: 3 },
    ]);
    const [first, second] = bars('1m');
    expect(second?.versionUs).toBeGreaterThan(first?.versionUs ?? Number.POSITIVE_INFINITY);
  });

  it('lets larger intervals that are open simply take the straggler in', () => {
    const { bars, fold } = foldOf([
      session,
      aTick({ timeMs: at(10), price: 100 }),
      aHeartbeat({ timeMs: at(70) }),
      aTick({ timeMs: at(11), price: 90, receivedTimeMs: at(70.5) }),
      aHeartbeat({ timeMs: at(303) }),
    ]);
    expect(fold.forming('BTC/USD', '1h')).toMatchObject({ low: 90, close: 90, tickCount: 2, flags: [] });
    expect(bars('5m')).toMatchObject([{ low: 90, tickCount: 2, revision: 0, flags: [] }]);
  });

  it('corrects every closed interval that holds the straggler', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(299), price: 100 }),
      aHeartbeat({ timeMs: at(302) }),
      aTick({ timeMs: at(299.5), price: 105, receivedTimeMs: at(303) }),
    ]);
    for (const interval of ['1s', '5s', '15s', '1m', '5m'] as const) {
      expect(bars(interval).at(-1)).toMatchObject({ high: 105, close: 105, tickCount: 2, revision: 1, flags: ['corrected'] });
    }
    expect(bars('15m')).toEqual([]);
  });

  it('makes the bar of a window that was empty when it closed, as a first revision', () => {
    const { bars } = foldOf([session, aHeartbeat({ timeMs: at(30) }), aTick({ timeMs: at(10), receivedTimeMs: at(30.1) })]);
    expect(bars('1s')).toMatchObject([{ startMs: at(10), state: 'final', revision: 0, tickCount: 1 }]);
  });

  it('sends a tick beyond the horizon to the dead letters, and no bar or volume changes', () => {
    const { bars, outputs, fold } = foldOf([
      session,
      aTick({ timeMs: at(0), dayVolume: 100 }),
      aHeartbeat({ timeMs: at(61.001) }),
      aTick({ timeMs: at(0.5), price: 7, dayVolume: 150, receivedTimeMs: at(62) }),
      aTick({ timeMs: at(62), dayVolume: 160 }),
    ]);
    expect(outputs).toContainEqual(
      expect.objectContaining({ kind: 'dead-letter', reason: 'late', record: expect.objectContaining({ price: 7 }) }),
    );
    expect(bars('1s')).toHaveLength(1);
    expect(fold.forming('BTC/USD', '1m')).toMatchObject({ volume: 60 });
  });

  it('still corrects at exactly the horizon', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(0) }),
      aHeartbeat({ timeMs: at(61) }),
      aTick({ timeMs: at(0.5), price: 7, receivedTimeMs: at(62) }),
    ]);
    expect(bars('1s')).toMatchObject([{ revision: 0 }, { revision: 1, low: 7 }]);
  });
});
