import { describe, expect, it } from '@jest/globals';
import type { GapRecord } from '@tapeline/core/records';
import { aHeartbeat, aSession, aTick, at, foldOf } from './support/builders.ts';

const other = 'yahoo/0';

function aGap(span: { readonly fromMs: number; readonly toMs: number }): GapRecord {
  const rest = { symbols: ['BTC/USD'], reason: 'the log was away', lost: 1, receivedTimeMs: span.toMs };
  return { v: 1, kind: 'gap', feed: 'twelve-data/0', session: 1, ...rest, ...span };
}

describe('a feed that takes a symbol over', () => {
  it('closes at once what is over by its watermark, before a straggler can be taken for a first bar', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), price: 10 }),
      aSession({ timeMs: at(0), feed: other, symbols: ['AAPL'] }),
      aHeartbeat({ timeMs: at(30), feed: other }),
      aSession({ timeMs: at(0), feed: other, symbols: ['AAPL', 'BTC/USD'] }),
      aTick({ timeMs: at(1.5), receivedTimeMs: at(30), feed: other, price: 12 }),
      aTick({ timeMs: at(2.5), receivedTimeMs: at(30), feed: other, price: 13 }),
    ]);
    expect(bars('1s')).toMatchObject([
      { startMs: at(1), close: 10, revision: 0, flags: [] },
      { startMs: at(1), close: 12, revision: 1, flags: ['corrected'] },
      { startMs: at(2), close: 13, revision: 0, flags: [] },
    ]);
    expect(bars('5s')).toMatchObject([
      { close: 10, tickCount: 1, revision: 0 },
      { close: 12, tickCount: 2, revision: 1 },
      { close: 13, tickCount: 3, revision: 2 },
    ]);
  });

  it('brings a volume of its own: its first value is a baseline, also when its session has the same number', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), dayVolume: 100 }),
      aSession({ timeMs: at(2), feed: other }),
      aTick({ timeMs: at(3), feed: other, dayVolume: 9_000 }),
      aTick({ timeMs: at(4), feed: other, dayVolume: 9_005 }),
      aHeartbeat({ timeMs: at(70), feed: other }),
    ]);
    expect(bars('1m')).toMatchObject([{ volume: 5 }]);
  });

  it('makes the VWAP of a bar an estimate as soon as part of it is one', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), price: 10, dayVolume: 100 }),
      aTick({ timeMs: at(2), price: 10, dayVolume: 101 }),
      aSession({ timeMs: at(3), feed: other }),
      aTick({ timeMs: at(4), feed: other, price: 20, size: 1 }),
      aTick({ timeMs: at(61), feed: other, price: 20, size: 1 }),
      aHeartbeat({ timeMs: at(170), feed: other }),
    ]);
    expect(bars('1m')).toMatchObject([
      { vwap: 15, vwapKind: 'estimate' },
      { vwap: 20, vwapKind: 'exact' },
    ]);
  });
});

describe('a symbol that is refused in the middle of a session', () => {
  const symbols = ['BTC/USD', 'AAPL'];

  it('is absent from the last price before until the last price before it is taken up again', () => {
    const { bars, kinds } = foldOf([
      aSession({ timeMs: at(-600), symbols }),
      aTick({ timeMs: at(-30) }),
      aTick({ timeMs: at(70), symbol: 'AAPL' }),
      aSession({ timeMs: at(-600), symbols: ['AAPL'] }),
      aTick({ timeMs: at(100), symbol: 'AAPL' }),
      aSession({ timeMs: at(-600), symbols }),
      aTick({ timeMs: at(101) }),
      aTick({ timeMs: at(150) }),
      aHeartbeat({ timeMs: at(200) }),
    ]);
    expect(kinds('gap')).toMatchObject([{ symbol: 'BTC/USD', fromMs: at(70), toMs: at(100) }]);
    const ofBitcoin = bars('1m').filter(bar => bar.symbol === 'BTC/USD');
    expect(ofBitcoin.map(bar => [bar.startMs, bar.flags])).toEqual([
      [at(-60), []],
      [at(60), ['gap']],
      [at(120), []],
    ]);
  });
});

describe('what was traded while nobody watched', () => {
  const symbols = ['BTC/USD', 'AAPL'];

  it('belongs to the gap of a symbol that is given up and taken up again in one session, not to the first bar after it', () => {
    const { bars, kinds } = foldOf([
      aSession({ timeMs: at(-600), symbols }),
      aTick({ timeMs: at(1), dayVolume: 1_000 }),
      aSession({ timeMs: at(-600), symbols: ['AAPL'] }),
      aTick({ timeMs: at(3_000), symbol: 'AAPL' }),
      aSession({ timeMs: at(-600), symbols, newBaseline: true }),
      aTick({ timeMs: at(3_600), dayVolume: 900_000 }),
      aTick({ timeMs: at(3_601), dayVolume: 900_007 }),
      aHeartbeat({ timeMs: at(3_700) }),
    ]);
    expect(kinds('gap')).toMatchObject([{ fromMs: at(1), toMs: at(3_000), reason: 'it was not subscribed' }]);
    expect(bars('1m').find(bar => bar.startMs === at(3_600))).toMatchObject({ symbol: 'BTC/USD', volume: 7, flags: [] });
  });

  it('belongs to the gap of prices that the feed lost and told of', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), dayVolume: 1_000 }),
      { ...aGap({ fromMs: at(2), toMs: at(50) }), newBaseline: true },
      aTick({ timeMs: at(61), dayVolume: 5_000 }),
      aTick({ timeMs: at(62), dayVolume: 5_003 }),
      aHeartbeat({ timeMs: at(200) }),
    ]);
    expect(bars('1m').at(-1)).toMatchObject({ startMs: at(60), volume: 3, flags: [] });
  });

  it('is not counted by a feed that takes back what another owned meanwhile without a price', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), dayVolume: 1_000 }),
      aSession({ timeMs: at(2), feed: other }),
      aSession({ timeMs: at(-600), newBaseline: true }),
      aTick({ timeMs: at(61), dayVolume: 5_000 }),
      aTick({ timeMs: at(62), dayVolume: 5_003 }),
      aHeartbeat({ timeMs: at(200) }),
    ]);
    expect(bars('1m').at(-1)).toMatchObject({ startMs: at(60), volume: 3 });
  });

  it('is counted as it always was where the records are of a program that did not say so', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), dayVolume: 1_000 }),
      aGap({ fromMs: at(2), toMs: at(50) }),
      aTick({ timeMs: at(61), dayVolume: 5_000 }),
      aSession({ timeMs: at(-600), symbols: ['AAPL'] }),
      aSession({ timeMs: at(-600), symbols }),
      aTick({ timeMs: at(62), dayVolume: 6_000 }),
      aHeartbeat({ timeMs: at(200) }),
    ]);
    expect(bars('1m').at(-1)).toMatchObject({ startMs: at(60), volume: 5_000 });
  });
});

describe('a symbol that a feed took over and gave up', () => {
  it('is not absent before its last price, which another feed gave', () => {
    const { bars, kinds } = foldOf([
      aSession({ timeMs: at(-600), feed: other, symbols: ['AAPL'] }),
      aTick({ timeMs: at(-500), feed: other, symbol: 'AAPL' }),
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(65) }),
      aSession({ timeMs: at(-600), feed: other, symbols: ['AAPL', 'BTC/USD'] }),
      aSession({ timeMs: at(70), feed: other, session: 2, symbols: ['AAPL'] }),
      aSession({ timeMs: at(125), session: 2 }),
      aHeartbeat({ timeMs: at(200), session: 2 }),
    ]);
    expect(kinds('gap')).toMatchObject([
      { symbol: 'AAPL', fromMs: at(-500), toMs: at(70) },
      { symbol: 'BTC/USD', fromMs: at(65), toMs: at(125) },
    ]);
    expect(bars('1m').filter(bar => bar.symbol === 'BTC/USD')).toMatchObject([{ startMs: at(60), flags: ['gap'] }]);
  });
});

describe('the reason of a gap before a take-over', () => {
  it('is the feed that was cut off, not what ended a session of the one that takes over', () => {
    const { kinds } = foldOf([
      aSession({ timeMs: at(-600), feed: other, symbols: ['AAPL'] }),
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1) }),
      aHeartbeat({ timeMs: at(5), connected: false }),
      aSession({ timeMs: at(10), feed: other, session: 2, symbols: ['AAPL', 'BTC/USD'] }),
    ]);
    expect(kinds('gap').filter(gap => 'symbol' in gap && gap.symbol === 'BTC/USD')).toMatchObject([
      { fromMs: at(1), toMs: at(10), reason: 'twelve-data/0 was not connected' },
    ]);
  });
});

describe('gaps that are known later', () => {
  it('flags closed bars within the horizon and the last one, however long nothing has closed since', () => {
    const records = [
      aSession({ timeMs: at(-600) }),
      ...[1, 2, 3].map(second => aTick({ timeMs: at(second) })),
      aHeartbeat({ timeMs: at(6) }),
      aHeartbeat({ timeMs: at(300) }),
      aGap({ fromMs: at(0), toMs: at(10) }),
    ];
    const { bars } = foldOf(records, { intervals: ['1s'] });
    expect(bars('1s').filter(bar => bar.revision > 0)).toMatchObject([{ startMs: at(3), flags: ['gap'] }]);
  });

  it('flags no window that ended before the gap, also where the horizon is shorter than the allowed lateness', () => {
    const records = [
      aSession({ timeMs: at(-600) }),
      aGap({ fromMs: at(2), toMs: at(3) }),
      aHeartbeat({ timeMs: at(4) }),
      aTick({ timeMs: at(1.5), receivedTimeMs: at(4) }),
      aHeartbeat({ timeMs: at(10) }),
    ];
    const { bars } = foldOf(records, { intervals: ['1s'], allowedLatenessMs: 5_000, correctionHorizonMs: 0 });
    expect(bars('1s')).toMatchObject([{ startMs: at(1), flags: [] }]);
  });
});
