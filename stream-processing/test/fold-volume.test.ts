import { describe, expect, it } from '@jest/globals';
import type { Tick } from '@tapeline/core/records';
import { aHeartbeat, aSession, aTick, at, foldOf } from './support/builders.ts';

const session = aSession({ timeMs: at(-3_600 * 10) });

function minuteOf(...ticks: readonly Tick[]) {
  return foldOf([session, ...ticks, aHeartbeat({ timeMs: at(62) })]).bars('1m')[0];
}

describe('volume and VWAP', () => {
  it('takes the first value of a session as a baseline only: volume absent, not 0', () => {
    expect(minuteOf(aTick({ timeMs: at(1), dayVolume: 5_000 }))).not.toHaveProperty('volume');
  });

  it('counts each increase at the tick that showed it, and estimates the VWAP from them', () => {
    const bar = minuteOf(
      aTick({ timeMs: at(1), price: 100, dayVolume: 5_000 }),
      aTick({ timeMs: at(2), price: 101, dayVolume: 5_010 }),
      aTick({ timeMs: at(3), price: 104, dayVolume: 5_040 }),
    );
    expect(bar).toMatchObject({ volume: 40, vwap: (101 * 10 + 104 * 30) / 40, vwapKind: 'estimate' });
  });

  it('says 0 when compared and flat, with no VWAP', () => {
    const bar = minuteOf(aTick({ timeMs: at(1), dayVolume: 5_000 }), aTick({ timeMs: at(2), dayVolume: 5_000 }));
    expect(bar).toMatchObject({ volume: 0 });
    expect(bar).not.toHaveProperty('vwap');
  });

  it('counts the whole value when a decrease comes with a new trading day', () => {
    const bar = minuteOf(
      aTick({ timeMs: at(1), dayVolume: 5_000, tradingDay: '2024-11-03' }),
      aTick({ timeMs: at(2), dayVolume: 30, tradingDay: '2024-11-04' }),
    );
    expect(bar).toMatchObject({ volume: 30 });
  });

  it('ignores a decrease on a tick older than the baseline', () => {
    const bar = minuteOf(
      aTick({ timeMs: at(1), dayVolume: 100 }),
      aTick({ timeMs: at(10), dayVolume: 120 }),
      aTick({ timeMs: at(5), dayVolume: 110 }),
      aTick({ timeMs: at(11), dayVolume: 125 }),
    );
    expect(bar).toMatchObject({ volume: 25 });
  });

  it('rebases on any other decrease and adds nothing', () => {
    const bar = minuteOf(
      aTick({ timeMs: at(1), dayVolume: 100 }),
      aTick({ timeMs: at(10), dayVolume: 120 }),
      aTick({ timeMs: at(11), dayVolume: 90 }),
      aTick({ timeMs: at(12), dayVolume: 95 }),
    );
    expect(bar).toMatchObject({ volume: 25 });
  });

  it('begins a new baseline with each session: what was traded in the gap belongs to the gap', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(1), dayVolume: 100 }),
      aTick({ timeMs: at(2), dayVolume: 110 }),
      aSession({ timeMs: at(20), session: 2 }),
      aTick({ timeMs: at(21), dayVolume: 500, session: 2 }),
      aTick({ timeMs: at(22), dayVolume: 503, session: 2 }),
      aHeartbeat({ timeMs: at(62), session: 2 }),
    ]);
    expect(bars('1m')[0]).toMatchObject({ volume: 13, flags: ['gap'] });
  });

  it('is exact where trades have sizes', () => {
    const bar = minuteOf(aTick({ timeMs: at(1), price: 10, size: 3 }), aTick({ timeMs: at(2), price: 20, size: 1 }));
    expect(bar).toMatchObject({ volume: 4, vwap: 12.5, vwapKind: 'exact' });
  });

  it('takes no volume from a straggler of a former trading day', () => {
    const bar = minuteOf(
      aTick({ timeMs: at(1), dayVolume: 1_000, tradingDay: '2024-11-03' }),
      aTick({ timeMs: at(2), dayVolume: 5, tradingDay: '2024-11-04' }),
      aTick({ timeMs: at(1.5), dayVolume: 1_003, tradingDay: '2024-11-03' }),
      aTick({ timeMs: at(3), dayVolume: 8, tradingDay: '2024-11-04' }),
    );
    expect(bar).toMatchObject({ volume: 8 });
  });
});
