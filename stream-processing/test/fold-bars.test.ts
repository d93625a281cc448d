import { describe, expect, it } from '@jest/globals';
import { aHeartbeat, aSession, aTick, at, foldOf, tenOClockMs } from './support/builders.ts';

const session = aSession({ timeMs: at(-3_600 * 10) });

describe('bars of the fold', () => {
  it('gives a bar its open, high, low, close and count, and closes it by a heartbeat two seconds after its end', () => {
    const ticks = [
      aTick({ timeMs: at(1), price: 100.5 }),
      aTick({ timeMs: at(20), price: 103.25 }),
      aTick({ timeMs: at(40), price: 99.75 }),
      aTick({ timeMs: at(59.999), price: 101 }),
    ];
    const before = foldOf([session, ...ticks, aHeartbeat({ timeMs: at(61.999) })]);
    expect(before.bars('1m')).toEqual([]);
    const { bars } = foldOf([session, ...ticks, aHeartbeat({ timeMs: at(62) })]);
    expect(bars('1m')).toMatchObject([
      {
        symbol: 'BTC/USD',
        interval: '1m',
        startMs: tenOClockMs,
        endMs: at(60),
        open: 100.5,
        high: 103.25,
        low: 99.75,
        close: 101,
        tickCount: 4,
        state: 'final',
        flags: [],
        revision: 0,
      },
    ]);
    expect(bars('1m')[0]).not.toHaveProperty('volume');
    expect(bars('1m')[0]).not.toHaveProperty('vwap');
    expect(bars('1s')).toHaveLength(4);
    expect(bars('5m')).toEqual([]);
  });

  it('puts a tick on the boundary into the window that begins there', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(59.999), price: 1 }),
      aTick({ timeMs: at(60), price: 2 }),
      aHeartbeat({ timeMs: at(200) }),
    ]);
    expect(bars('1m').map(bar => [bar.startMs, bar.close])).toEqual([
      [at(0), 1],
      [at(60), 2],
    ]);
  });

  it('closes nothing without heartbeats, and nothing by a heartbeat of a feed that is not connected', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(1) }),
      aTick({ timeMs: at(500) }),
      aHeartbeat({ timeMs: at(900), connected: false }),
    ]);
    expect(bars('1s')).toEqual([]);
  });

  it('invents no bar for an interval without ticks', () => {
    const { bars } = foldOf([session, aTick({ timeMs: at(1) }), aTick({ timeMs: at(301) }), aHeartbeat({ timeMs: at(600) })]);
    expect(bars('1m').map(bar => bar.startMs)).toEqual([at(0), at(300)]);
  });

  it('orders open and close by time, then session, then sequence, not by arrival', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(10), price: 10, sequence: 1_001 }),
      aTick({ timeMs: at(30), price: 30, sequence: 1_002 }),
      aTick({ timeMs: at(30), price: 31, sequence: 1_003 }),
      aTick({ timeMs: at(5), price: 5, sequence: 1_004 }),
      aHeartbeat({ timeMs: at(70) }),
    ]);
    expect(bars('1m')[0]).toMatchObject({ open: 5, close: 31, low: 5, high: 31, tickCount: 4 });
  });

  it('gives forming bars of every interval that merge closed small bars and the last ticks, without a version', () => {
    const { fold } = foldOf([
      session,
      aTick({ timeMs: at(1), price: 100 }),
      aTick({ timeMs: at(70), price: 104 }),
      aHeartbeat({ timeMs: at(80) }),
      aTick({ timeMs: at(81), price: 102 }),
    ]);
    expect(fold.forming('BTC/USD', '1h')).toMatchObject({
      startMs: at(0),
      open: 100,
      high: 104,
      low: 100,
      close: 102,
      tickCount: 3,
      state: 'forming',
      versionUs: 0,
      revision: 0,
    });
    expect(fold.forming('BTC/USD', '1m')).toMatchObject({ startMs: at(60), open: 104, close: 102, tickCount: 2 });
    expect(fold.forming('BTC/USD', '1h')).toEqual(fold.forming('BTC/USD', '1h'));
    expect(fold.forming('ETH/USD', '1h')).toBeUndefined();
  });

  it('keeps prices exact: 80054.02 stays 80054.02', () => {
    const { bars } = foldOf([session, aTick({ timeMs: at(1), price: 80054.02 }), aHeartbeat({ timeMs: at(10) })]);
    expect(bars('1s')[0]?.close).toBe(80054.02);
  });

  it('averages the spread over the ticks that have bid and ask', () => {
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(1), bid: 99, ask: 101 }),
      aTick({ timeMs: at(2), bid: 99, ask: 100 }),
      aTick({ timeMs: at(3) }),
      aHeartbeat({ timeMs: at(70) }),
    ]);
    expect(bars('1m')[0]?.spreadMean).toBe(1.5);
  });

  it('labels a daily bar by its trading day and ends it where its exchange does', () => {
    const day = { tradingDay: '2024-11-04', tradingDayEndMs: Date.UTC(2024, 10, 5, 5) };
    const { bars } = foldOf([
      session,
      aTick({ timeMs: at(1), price: 1, ...day }),
      aTick({ timeMs: Date.UTC(2024, 10, 5, 4, 59, 59), price: 2, ...day }),
      aTick({ timeMs: Date.UTC(2024, 10, 5, 5), price: 3, tradingDay: '2024-11-05', tradingDayEndMs: Date.UTC(2024, 10, 6, 5) }),
      aHeartbeat({ timeMs: Date.UTC(2024, 10, 5, 6) }),
    ]);
    expect(bars('1d')).toMatchObject([
      { startMs: Date.UTC(2024, 10, 4), endMs: Date.UTC(2024, 10, 5, 5), open: 1, close: 2, tickCount: 2 },
    ]);
  });

  it('makes the daily bar right where the day ends on a half hour of UTC, whatever the intervals are', () => {
    const first = { tradingDay: '2024-11-04', tradingDayEndMs: Date.UTC(2024, 10, 4, 18, 30) };
    const second = { tradingDay: '2024-11-05', tradingDayEndMs: Date.UTC(2024, 10, 5, 18, 30) };
    const records = [
      session,
      aTick({ timeMs: Date.UTC(2024, 10, 4, 18, 10), price: 1, ...first }),
      aTick({ timeMs: Date.UTC(2024, 10, 4, 18, 29, 59), price: 2, ...first }),
      aTick({ timeMs: Date.UTC(2024, 10, 4, 18, 30), price: 3, ...second }),
      aHeartbeat({ timeMs: Date.UTC(2024, 10, 4, 20) }),
    ];
    for (const intervals of [['1s', '15m', '1h', '1d'], ['1h', '1d'], ['1d']] as const) {
      expect(foldOf(records, { intervals }).bars('1d')).toMatchObject([{ close: 2, tickCount: 2 }]);
    }
  });

  it('gives the same bars of an interval whichever other intervals are made', () => {
    const ticks = Array.from({ length: 300 }, (_, index) => aTick({ timeMs: at(index * 7.3), price: 100 + Math.sin(index) * 5 }));
    const records = [session, ...ticks.flatMap(tick => [tick, aHeartbeat({ timeMs: tick.timeMs })]), aHeartbeat({ timeMs: at(3_000) })];
    const all = foldOf(records)
      .bars('5m')
      .map(({ versionUs: _, ...bar }) => bar);
    const alone = foldOf(records, { intervals: ['5m'] })
      .bars('5m')
      .map(({ versionUs: _, ...bar }) => bar);
    expect(all).toEqual(alone);
    expect(all.length).toBe(8);
  });

  it('versions a bar by the receipt of the record that closed it, in microseconds, one more for each further bar', () => {
    const { outputs } = foldOf([session, aTick({ timeMs: at(4) }), aHeartbeat({ timeMs: at(10) })], { intervals: ['1s', '5s', '1m'] });
    expect(
      outputs.map(output =>
        output.kind === 'bar' ? [output.bar.interval, output.bar.versionUs] : [output.kind, 'versionUs' in output && output.versionUs],
      ),
    ).toEqual([
      ['tick', at(4) * 1_000],
      ['1s', at(10) * 1_000],
      ['5s', at(10) * 1_000 + 1],
    ]);
  });
});
