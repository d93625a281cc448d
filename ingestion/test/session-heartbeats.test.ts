import { describe, expect, it } from '@jest/globals';
import { kinds, mapperOf, price, receive, status, t0 } from './support/session-mapping.ts';

describe('heartbeats by the wall clock', () => {
  it('come from nobody before the first session ever', () => {
    const mapper = mapperOf();
    expect(mapper.heartbeat(t0)).toEqual([]);
    mapper.beginSession(t0);
    expect(mapper.heartbeat(t0 + 250)).toEqual([]);
  });

  it('say that the feed is connected, its last price and its open markets', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(
      mapper,
      {
        event: 'subscribe-status',
        success: [
          { symbol: 'BTC/USD', type: 'DIGITAL_CURRENCY' },
          { symbol: 'AAPL', exchange: 'NASDAQ' },
        ],
      },
      t0,
    );
    receive(mapper, price(), t0 + 100);
    expect(mapper.heartbeat(t0 + 250)).toEqual([
      {
        v: 1,
        kind: 'heartbeat',
        feed: 'twelve-data/0',
        session: 1,
        timeMs: t0 + 250,
        connected: true,
        lastDataMs: t0 + 100,
        openMarkets: ['crypto'],
      },
    ]);
    expect(mapper.heartbeat(Date.UTC(2026, 10, 20, 15))).toMatchObject([{ openMarkets: ['crypto', 'NASDAQ'] }]);
  });

  it('say that it is not, after a session, with that session, its last price and how it ended', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('BTC/USD'), t0);
    receive(mapper, price(), t0 + 100);
    mapper.endSession('mute');
    expect(mapper.heartbeat(t0 + 500)).toMatchObject([
      { session: 1, connected: false, lastDataMs: t0 + 100, openMarkets: ['crypto'], endReason: 'mute' },
    ]);
    mapper.beginSession(t0 + 600);
    expect(mapper.heartbeat(t0 + 750)).toMatchObject([{ session: 1, connected: false }]);
  });

  it('speak for the last session of the process before, until the first of this one', () => {
    const mapper = mapperOf({ lastSession: { session: 7, reason: 'ended without a word', lastDataMs: t0 - 5_000 } });
    expect(mapper.heartbeat(t0)).toMatchObject([{ session: 7, connected: false, lastDataMs: t0 - 5_000 }]);
  });
});

describe('heartbeats by the clock of the feed', () => {
  const feedClock = () => {
    const mapper = mapperOf({ feedClock: true });
    mapper.beginSession(t0 + 10);
    receive(mapper, status('BTC/USD'), t0 + 20);
    return mapper;
  };

  it('stand on the last multiple of 250 ms before what is received', () => {
    const mapper = feedClock();
    expect(receive(mapper, price(), t0 + 1_100)).toMatchObject([
      { kind: 'heartbeat', timeMs: t0 + 1_000, connected: true, lastDataMs: undefined },
      { kind: 'tick' },
    ]);
    expect(receive(mapper, price(), t0 + 2_000)).toMatchObject([
      { kind: 'heartbeat', timeMs: t0 + 1_750, lastDataMs: t0 + 1_100 },
      { kind: 'tick' },
    ]);
  });

  it('come once for a point, and never before the session', () => {
    const mapper = feedClock();
    expect(kinds(receive(mapper, price(), t0 + 240))).toEqual(['tick']);
    expect(kinds(receive(mapper, price(), t0 + 260))).toEqual(['heartbeat', 'tick']);
    expect(kinds(receive(mapper, price(), t0 + 270))).toEqual(['tick']);
    expect(kinds(receive(mapper, price(), t0 + 265))).toEqual(['tick']);
  });

  it('do not speak for the time between two sessions', () => {
    const mapper = feedClock();
    receive(mapper, price(), t0 + 300);
    mapper.endSession('closed');
    mapper.beginSession(t0 + 60_000);
    expect(kinds(receive(mapper, status('BTC/USD'), t0 + 60_000))).toEqual(['session']);
    expect(receive(mapper, price(), t0 + 60_400)).toMatchObject([{ kind: 'heartbeat', session: 2, timeMs: t0 + 60_250 }, { kind: 'tick' }]);
  });

  it('end a recording exactly when they are told to, also after its last session ended', () => {
    const mapper = feedClock();
    mapper.endSession('closed');
    expect(mapper.finalHeartbeat(t0 + 60_020)).toMatchObject([{ session: 1, timeMs: t0 + 60_020, connected: true }]);
  });
});
