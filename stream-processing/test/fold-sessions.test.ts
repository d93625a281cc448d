import { describe, expect, it } from '@jest/globals';
import { aHeartbeat, aSession, aTick, at, foldOf } from './support/builders.ts';

describe('sessions, gaps and ownership', () => {
  it('flags the first bar of a symbol as partial when it was first observed inside the window', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(20) }),
      aTick({ timeMs: at(25) }),
      aTick({ timeMs: at(65) }),
      aHeartbeat({ timeMs: at(200) }),
    ]);
    expect(bars('1m').map(bar => bar.flags)).toEqual([['partial'], []]);
  });

  it('flags every bar that touches the span from the last data to the next session', () => {
    const { bars, outputs } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1) }),
      aTick({ timeMs: at(70) }),
      aHeartbeat({ timeMs: at(71), lastDataMs: at(70) }),
      aSession({ timeMs: at(400), session: 2, previous: { session: 1, reason: 'closed without a code', lastDataMs: at(70) } }),
      aTick({ timeMs: at(401), session: 2 }),
      aTick({ timeMs: at(500), session: 2 }),
      aHeartbeat({ timeMs: at(900), session: 2 }),
    ]);
    expect(outputs).toContainEqual({
      kind: 'gap',
      symbol: 'BTC/USD',
      fromMs: at(70),
      toMs: at(400),
      reason: 'closed without a code',
      filled: false,
      versionUs: expect.any(Number),
    });
    expect(bars('1m').map(bar => [(bar.startMs - at(0)) / 60_000, bar.flags])).toEqual([
      [0, []],
      [1, ['gap']],
      [6, ['gap']],
      [8, []],
    ]);
    expect(bars('5m').map(bar => bar.flags)).toEqual([['gap'], ['gap']]);
  });

  it('gives a closed bar out again when a mute feed turns out to have been silent since within it', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(30) }),
      ...Array.from({ length: 30 }, (_, index) => aHeartbeat({ timeMs: at(31 + index * 10), lastDataMs: at(30) })),
      aSession({ timeMs: at(330), session: 2, previous: { session: 1, reason: 'mute', lastDataMs: at(30) } }),
    ]);
    expect(bars('1m')).toMatchObject([
      { startMs: at(0), revision: 0, flags: [] },
      { startMs: at(0), revision: 1, flags: ['gap'] },
    ]);
  });

  it('flags a daily bar by a gap of the morning though its first tick comes later', () => {
    const { fold } = foldOf([
      aSession({ timeMs: at(-3_600 * 24) }),
      aSession({ timeMs: at(0), session: 2, previous: { session: 1, reason: 'mute', lastDataMs: at(-600) } }),
      aHeartbeat({ timeMs: at(7_200), session: 2 }),
      aTick({ timeMs: at(7_201), session: 2 }),
      aHeartbeat({ timeMs: at(7_300), session: 2 }),
      aTick({ timeMs: at(7_301), session: 2 }),
    ]);
    expect(fold.forming('BTC/USD', '1d')?.flags).toEqual(['gap']);
    expect(fold.forming('BTC/USD', '1h')?.flags).toEqual([]);
  });

  it('drops a last price that is sent again first thing in a new session, and only there', () => {
    const last = { price: 42, sourceTimeMs: at(1) };
    const { bars, kinds } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1), ...last }),
      aTick({ timeMs: at(1), ...last }),
      aSession({ timeMs: at(10), session: 2 }),
      aTick({ timeMs: at(11), ...last, session: 2 }),
      aTick({ timeMs: at(12), ...last, session: 2 }),
      aHeartbeat({ timeMs: at(100), session: 2 }),
    ]);
    expect(kinds('repeated')).toHaveLength(1);
    expect(kinds('tick')).toHaveLength(3);
    expect(bars('1m')[0]?.tickCount).toBe(3);
  });

  it('refuses ticks and heartbeats of a session that is over, and of a feed that does not own the symbol', () => {
    const { kinds, bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aSession({ timeMs: at(-500), session: 2 }),
      aTick({ timeMs: at(1), session: 1, price: 1 }),
      aTick({ timeMs: at(1), session: 2, price: 2 }),
      aTick({ timeMs: at(1), feed: 'finnhub/0', session: 9, price: 3 }),
      aHeartbeat({ timeMs: at(5_000), session: 1 }),
    ]);
    expect(kinds('dead-letter')).toMatchObject([
      { reason: 'not-owner', detail: 'session: 1 of twelve-data/0 is over', record: { price: 1 } },
      { reason: 'not-owner', detail: 'feed: BTC/USD belongs to twelve-data/0', record: { price: 3 } },
    ]);
    expect(kinds('tick')).toHaveLength(1);
    expect(bars('1s')).toEqual([]);
  });

  it('lets another feed take a symbol over by its session record', () => {
    const { kinds } = foldOf([
      aSession({ timeMs: at(0) }),
      aTick({ timeMs: at(1), price: 1 }),
      aSession({ timeMs: at(10), feed: 'finnhub/0', session: 1 }),
      aTick({ timeMs: at(11), feed: 'finnhub/0', price: 2 }),
      aTick({ timeMs: at(12), price: 3 }),
    ]);
    expect(kinds('tick')).toMatchObject([{ tick: { price: 1 } }, { tick: { price: 2 } }]);
    expect(kinds('dead-letter')).toMatchObject([{ reason: 'not-owner', record: { price: 3 } }]);
  });

  it('gives gap rows for a symbol without ticks only where the symbol is at home', () => {
    const records = [aSession({ timeMs: at(0), symbols: ['AAPL'] }), aSession({ timeMs: at(60), session: 2, symbols: ['AAPL'] })];
    const gaps = [0, 1, 2, 3].map(partition => foldOf(records, { partition, partitions: 4 }).kinds('gap').length);
    expect(gaps.reduce((sum, count) => sum + count)).toBe(1);
  });

  it('counts a symbol that was refused for a while as absent for that while', () => {
    const { kinds } = foldOf([
      aSession({ timeMs: at(0) }),
      aTick({ timeMs: at(1) }),
      aSession({
        timeMs: at(10),
        session: 2,
        symbols: [],
        refused: [{ symbol: 'BTC/USD', reason: 'plan' }],
        previous: { session: 1, reason: 'x', lastDataMs: at(1) },
      }),
      aSession({ timeMs: at(50), session: 3, previous: { session: 2, reason: 'y' } }),
    ]);
    expect(kinds('gap')).toMatchObject([{ fromMs: at(1), toMs: at(50) }]);
  });

  it('takes a gap record as the feed says it', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600) }),
      aTick({ timeMs: at(1) }),
      {
        v: 1,
        kind: 'gap',
        feed: 'twelve-data/0',
        session: 1,
        symbols: ['BTC/USD'],
        fromMs: at(30),
        toMs: at(40),
        reason: 'log unavailable',
        lost: 12,
        receivedTimeMs: at(41),
      },
      aHeartbeat({ timeMs: at(100) }),
    ]);
    expect(bars('1m')).toMatchObject([{ flags: ['gap'], revision: 0 }]);
    expect(bars('15s')).toMatchObject([{ flags: [] }]);
  });

  it('closes the last bars of a symbol that its feed gave up, and says that it was absent in them', () => {
    const { bars } = foldOf([
      aSession({ timeMs: at(-600), symbols: ['BTC/USD', 'AAPL'] }),
      aTick({ timeMs: at(20) }),
      aSession({ timeMs: at(30), session: 2, symbols: ['AAPL'], previous: { session: 1, reason: 'x', lastDataMs: at(20) } }),
      aHeartbeat({ timeMs: at(400), session: 2 }),
    ]);
    expect(bars('1m')).toMatchObject([{ startMs: at(0), state: 'final', flags: ['gap'], tickCount: 1 }]);
    expect(bars('5m')).toMatchObject([{ state: 'final', flags: ['gap'] }]);
  });

  it('judges the first price of a new symbol by the watermark of its feed', () => {
    const { kinds } = foldOf([
      aSession({ timeMs: at(-600), symbols: ['AAPL'] }),
      aHeartbeat({ timeMs: at(300) }),
      aSession({ timeMs: at(-600), symbols: ['AAPL', 'BTC/USD'] }),
      aTick({ timeMs: at(10), receivedTimeMs: at(300) }),
    ]);
    expect(kinds('dead-letter')).toMatchObject([{ reason: 'late' }]);
  });

  it('counts a record that stands in the log twice once', () => {
    const ticks = [aTick({ timeMs: at(1), sequence: 5_001 }), aTick({ timeMs: at(2), sequence: 5_002 })];
    const { bars, kinds } = foldOf([aSession({ timeMs: at(-600) }), ...ticks, ...ticks, aHeartbeat({ timeMs: at(100) })]);
    expect(bars('1m')).toMatchObject([{ tickCount: 2 }]);
    expect(kinds('repeated')).toMatchObject([{ why: 'duplicate' }, { why: 'duplicate' }]);
  });

  it('asks of a daily bar whether its trading day was seen from its begin, not its label', () => {
    const newYork = { tradingDay: '2024-11-04', tradingDayEndMs: Date.UTC(2024, 10, 5, 5) };
    const whole = foldOf([aSession({ timeMs: Date.UTC(2024, 10, 4, 2) }), aTick({ timeMs: at(0), ...newYork })]);
    expect(whole.fold.forming('BTC/USD', '1d')?.flags).toEqual([]);
    const forex = { tradingDay: '2024-11-05', tradingDayEndMs: Date.UTC(2024, 10, 5, 22) };
    const partial = foldOf([aSession({ timeMs: Date.UTC(2024, 10, 4, 22, 30) }), aTick({ timeMs: Date.UTC(2024, 10, 4, 23), ...forex })]);
    expect(partial.fold.forming('BTC/USD', '1d')?.flags).toEqual(['partial']);
  });

  it('keeps no gap that nothing can touch any more, whether the symbol trades or not', () => {
    const records = Array.from({ length: 500 }, (_, index) => [
      aSession({ timeMs: at(index * 60), session: index + 1 }),
      aHeartbeat({ timeMs: at(index * 60 + 30), session: index + 1 }),
    ]).flat();
    expect(foldOf(records).fold.encode().length).toBeLessThan(4_000);
  });
});
