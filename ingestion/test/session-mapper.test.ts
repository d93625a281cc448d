import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import fc from 'fast-check';
import type { PlainEvent } from '../src/feed.ts';
import { SessionMapper, type SessionMapperOptions } from '../src/session-mapper.ts';
import { readMessage } from '../src/twelve-data/messages.ts';

/** 2026-11-20T12:00:00Z: a whole minute. */
const t0 = Date.UTC(2026, 10, 20, 12);

const status = (...symbols: string[]) => ({ event: 'subscribe-status', success: symbols.map(symbol => ({ symbol })), fails: null });
const price = (fields: Readonly<Record<string, unknown>> = {}) => ({
  event: 'price',
  symbol: 'BTC/USD',
  type: 'Digital Currency',
  timestamp: t0 / 1_000,
  price: 100,
  ...fields,
});

function mapperOf(options: Partial<SessionMapperOptions> = {}): SessionMapper {
  return new SessionMapper({ feed: 'twelve-data/0', feedClock: false, resubscribedReason: 'resubscribed by the server', ...options });
}

function receive(mapper: SessionMapper, message: unknown, receivedTimeMs: number): PlainEvent[] {
  return mapper.receive({ message: readMessage(message), receivedTimeMs, text: () => JSON.stringify(message) });
}

const bare = (events: readonly PlainEvent[]) => JSON.parse(JSON.stringify(events));
const kinds = (events: readonly PlainEvent[]) => events.map(event => event.kind);

describe('a session', () => {
  it('is numbered after the last one, and from the first one that is allowed', () => {
    const numberOf = (options: Partial<SessionMapperOptions>) => {
      const mapper = mapperOf(options);
      const numbers = [1, 2].map(() => {
        mapper.beginSession(t0);
        const [session] = receive(mapper, status('BTC/USD'), t0);
        mapper.endSession('closed');
        return session !== undefined && 'session' in session ? session.session : undefined;
      });
      return numbers;
    };
    const lastSession = { session: 7, reason: 'closed' };
    expect(numberOf({})).toEqual([1, 2]);
    expect(numberOf({ lastSession })).toEqual([8, 9]);
    expect(numberOf({ firstSession: 2_000_001 })).toEqual([2_000_001, 2_000_002]);
    expect(numberOf({ firstSession: 2_000_001, lastSession })).toEqual([2_000_001, 2_000_002]);
    expect(numberOf({ firstSession: 1, lastSession })).toEqual([8, 9]);
  });

  it('begins when its first answer arrives, for nobody knows what was sent before', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0, true);
    mapper.asked(['BTC/USD', 'AAPL']);
    expect(bare(receive(mapper, status('BTC/USD', 'AAPL'), t0 + 80))).toEqual([
      {
        v: 1,
        kind: 'session',
        feed: 'twelve-data/0',
        session: 1,
        timeMs: t0 + 80,
        symbols: ['BTC/USD', 'AAPL'],
        refused: [],
        simulated: true,
      },
    ]);
  });

  it('is told by a price that comes before the answer, and again with the answer', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.asked(['BTC/USD', 'ETH/USD']);
    expect(receive(mapper, price(), t0 + 10)).toMatchObject([{ kind: 'session', timeMs: t0 + 10, symbols: ['BTC/USD'] }, { kind: 'tick' }]);
    expect(receive(mapper, status('BTC/USD', 'ETH/USD'), t0 + 20)).toMatchObject([
      { session: 1, timeMs: t0 + 20, symbols: ['BTC/USD', 'ETH/USD'] },
    ]);
  });

  it('gives the number after the last one that the log knows, and how that one ended', () => {
    const mapper = mapperOf({ lastSession: { session: 41, reason: 'ended without a word', lastDataMs: t0 - 9_000 } });
    mapper.beginSession(t0);
    mapper.asked(['BTC/USD']);
    expect(receive(mapper, status('BTC/USD'), t0 + 80)).toMatchObject([
      { session: 42, previous: { session: 41, reason: 'ended without a word', lastDataMs: t0 - 9_000 } },
    ]);
  });

  it('ends with the receipt of its last price, or with its begin when it had none', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('BTC/USD'), t0 + 80);
    receive(mapper, price(), t0 + 700);
    receive(mapper, { event: 'heartbeat', status: 'ok' }, t0 + 9_000);
    mapper.endSession('mute');
    mapper.beginSession(t0 + 60_000);
    expect(receive(mapper, status('BTC/USD'), t0 + 60_080)).toMatchObject([
      { session: 2, previous: { session: 1, reason: 'mute', lastDataMs: t0 + 700 } },
    ]);
    mapper.endSession('mute');
    mapper.beginSession(t0 + 120_000);
    expect(receive(mapper, status('BTC/USD'), t0 + 120_080)).toMatchObject([
      { session: 3, previous: { session: 2, reason: 'mute', lastDataMs: t0 + 60_080 } },
    ]);
  });

  it('that the log never heard of leaves its number to the next', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.endSession('no answer');
    mapper.beginSession(t0 + 1_000);
    expect(receive(mapper, status('BTC/USD'), t0 + 1_080)).toMatchObject([{ session: 1, previous: undefined }]);
  });

  it('numbers its ticks from 1', () => {
    const mapper = mapperOf();
    for (const begin of [t0, t0 + 10_000]) {
      mapper.beginSession(begin);
      receive(mapper, status('BTC/USD'), begin + 80);
      const ticks = [1, 2, 3].flatMap(step => receive(mapper, price({ price: step }), begin + 100 * step));
      expect(ticks).toMatchObject([{ sequence: 1 }, { sequence: 2 }, { sequence: 3 }]);
      mapper.endSession('closed');
    }
  });

  it('is told again, with the same number and the time of it, when symbols that were refused are accepted', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.asked(['BTC/USD', 'AAPL']);
    const fails = [{ symbol: 'AAPL', message: 'not authorized' }];
    expect(receive(mapper, { ...status('BTC/USD'), fails }, t0 + 80)).toMatchObject([
      { symbols: ['BTC/USD'], refused: [{ symbol: 'AAPL', reason: 'not authorized' }] },
    ]);
    mapper.asked(['AAPL']);
    expect(receive(mapper, status('AAPL'), t0 + 900_000)).toMatchObject([
      { session: 1, timeMs: t0 + 900_000, symbols: ['BTC/USD', 'AAPL'], refused: [] },
    ]);
  });

  it('is told again without symbols that are given up; their prices that are still on the way are nobody’s', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.asked(['BTC/USD', 'RY:TSX'], ['BTC/USD', 'RY']);
    receive(mapper, status('BTC/USD', 'RY'), t0 + 80);
    mapper.heartbeat(t0 + 3_000);
    receive(mapper, price(), t0 + 4_000);
    expect(mapper.giveUp(['RY', 'RY:TSX'], t0 + 5_000)).toMatchObject([
      { kind: 'heartbeat', timeMs: t0 + 3_000, connected: true, lastDataMs: t0 + 4_000 },
      { kind: 'session', session: 1, timeMs: t0 + 5_000, symbols: ['BTC/USD'] },
    ]);
    expect(receive(mapper, price({ symbol: 'RY' }), t0 + 5_010)).toMatchObject([
      { kind: 'dead-letter', reason: 'not-owner', detail: 'symbol: RY is asked for no more' },
    ]);
    expect(kinds(receive(mapper, price(), t0 + 5_020))).toEqual(['tick']);
  });

  it('takes a symbol that was given up back with the answer to a later request, not with one to a request before', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.asked(['AAPL'], ['AAPL']);
    mapper.giveUp(['AAPL'], t0 + 10);
    mapper.asked(['AAPL'], ['AAPL']);
    expect(receive(mapper, status('AAPL'), t0 + 20)).toMatchObject([{ symbols: [] }]);
    expect(kinds(receive(mapper, price({ symbol: 'AAPL' }), t0 + 30))).toEqual(['dead-letter']);
    expect(receive(mapper, status('AAPL'), t0 + 40)).toMatchObject([{ symbols: ['AAPL'], timeMs: t0 + 40 }]);
    expect(kinds(receive(mapper, price({ symbol: 'AAPL' }), t0 + 50))).toEqual(['tick']);
  });

  it('forgets the refusal of a symbol that is given up, also between two sessions', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    const fails = ['AAPL', 'MSFT'].map(symbol => ({ symbol, message: 'not authorized' }));
    receive(mapper, { ...status('BTC/USD'), fails }, t0);
    expect(mapper.giveUp(['AAPL'], t0 + 10)).toMatchObject([{ kind: 'heartbeat' }, { refused: [{ symbol: 'MSFT' }] }]);
    mapper.endSession('closed');
    expect(mapper.giveUp(['MSFT'], t0 + 20)).toEqual([]);
    mapper.beginSession(t0 + 30);
    expect(receive(mapper, status('BTC/USD'), t0 + 30)).toMatchObject([{ session: 2, refused: [] }]);
  });

  it('keeps in mind what was refused before and not asked for since', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, { ...status('BTC/USD'), fails: [{ symbol: 'AAPL', message: 'not authorized' }] }, t0 + 80);
    mapper.endSession('closed');
    mapper.beginSession(t0 + 1_000);
    expect(receive(mapper, status('BTC/USD'), t0 + 1_080)).toMatchObject([
      { session: 2, symbols: ['BTC/USD'], refused: [{ symbol: 'AAPL', reason: 'not authorized' }] },
    ]);
  });

  it('takes an answer that is nothing but an error as a refusal of all that was asked', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.asked(['BTC/USD', 'AAPL']);
    expect(receive(mapper, { event: 'subscribe-status', status: 'error', messages: ['Cant parse message'] }, t0 + 80)).toMatchObject([
      {
        symbols: [],
        refused: [
          { symbol: 'BTC/USD', reason: 'Cant parse message' },
          { symbol: 'AAPL', reason: 'Cant parse message' },
        ],
      },
    ]);
  });

  it('begins anew with an answer that nobody asked for', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0, true);
    mapper.asked(['BTC/USD']);
    receive(mapper, status('BTC/USD'), t0 + 80);
    receive(mapper, price(), t0 + 500);
    expect(receive(mapper, status('BTC/USD'), t0 + 3_600_000)).toMatchObject([
      {
        session: 2,
        timeMs: t0 + 3_600_000,
        simulated: true,
        previous: { session: 1, reason: 'resubscribed by the server', lastDataMs: t0 + 500 },
      },
    ]);
  });

  it('owns a symbol whose price comes although no answer named it', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, { event: 'subscribe-status', status: 'ok', success: null, fails: null }, t0 + 80);
    expect(receive(mapper, price(), t0 + 100)).toMatchObject([{ kind: 'session', session: 1, symbols: ['BTC/USD'] }, { kind: 'tick' }]);
    expect(kinds(receive(mapper, price(), t0 + 110))).toEqual(['tick']);
  });
});

describe('a tick', () => {
  it('carries all that the price said, and the times and the day that follow', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('AAPL'), t0);
    const message = {
      event: 'price',
      symbol: 'AAPL',
      exchange: 'NASDAQ',
      type: 'Common Stock',
      timestamp: t0 / 1_000 - 60,
      price: 342.0157,
      bid: 342,
      ask: 342.03,
      day_volume: 27_631_112,
    };
    expect(bare(receive(mapper, message, t0 + 1_500))).toEqual([
      {
        v: 1,
        kind: 'tick',
        feed: 'twelve-data/0',
        session: 1,
        sequence: 1,
        symbol: 'AAPL',
        price: 342.0157,
        bid: 342,
        ask: 342.03,
        dayVolume: 27_631_112,
        sourceTimeMs: t0 - 60_000,
        receivedTimeMs: t0 + 1_500,
        timeMs: t0 - 1,
        tradingDay: '2026-11-20',
        tradingDayEndMs: Date.UTC(2026, 10, 21, 5),
      },
    ]);
  });

  it("has the trading day of the calendar that the vendor named last, in an answer or in a price, and UTC's until then", () => {
    const mapper = mapperOf();
    const late = Date.UTC(2026, 10, 20, 23);
    const dayOf = (fields: Readonly<Record<string, unknown>>) => {
      const events = receive(mapper, price({ timestamp: late / 1_000, type: undefined, ...fields }), late);
      return events.flatMap(event =>
        event.kind === 'tick' ? [`${event.tradingDay} ${new Date(event.tradingDayEndMs).toISOString()}`] : [],
      );
    };
    mapper.beginSession(late);
    const success = [{ symbol: 'EUR/USD', type: 'PHYSICAL_CURRENCY' }, { symbol: 'RY', exchange: 'TSX' }, { symbol: '7203' }];
    receive(mapper, { event: 'subscribe-status', success, fails: null }, late);
    expect(dayOf({ symbol: 'EUR/USD' })).toEqual(['2026-11-21 2026-11-21T22:00:00.000Z']);
    expect(dayOf({ symbol: 'RY' })).toEqual(['2026-11-20 2026-11-21T05:00:00.000Z']);
    expect(dayOf({ symbol: '7203' })).toEqual(['2026-11-20 2026-11-21T00:00:00.000Z']);
    expect(dayOf({ symbol: '7203', exchange: 'JPX', type: 'Common Stock' })).toEqual(['2026-11-21 2026-11-21T15:00:00.000Z']);
    expect(dayOf({ symbol: '7203' })).toEqual(['2026-11-21 2026-11-21T15:00:00.000Z']);
  });

  it('is refused by a stamp more than 5 s ahead, and teaches nothing', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('BTC/USD'), t0);
    const ahead = price({ timestamp: t0 / 1_000 + 61 });
    expect(bare(receive(mapper, ahead, t0 + 1_000))).toEqual([
      {
        v: 1,
        kind: 'dead-letter',
        reason: 'future',
        detail: 'timestamp: 60000 ms ahead of its receipt, expected at most 5000',
        origin: 'twelve-data/0 session 1',
        timeMs: t0 + 1_000,
        value: JSON.stringify(ahead),
      },
    ]);
    expect(receive(mapper, price(), t0 + 30_000)).toMatchObject([{ sequence: 1, timeMs: t0 + 30_000 }]);
  });

  it('that is none goes to the dead letters with the text as it came', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    expect(receive(mapper, price({ price: '100' }), t0)).toMatchObject([
      {
        kind: 'dead-letter',
        reason: 'malformed',
        detail: 'price must be a number above 0, was "100"',
        value: expect.stringContaining('"price":"100"'),
      },
    ]);
    expect(receive(mapper, { event: 'maintenance' }, t0)).toMatchObject([{ kind: 'dead-letter', reason: 'unknown' }]);
    expect(receive(mapper, { event: 'simulated-time', timeMs: 1 }, t0)).toMatchObject([{ kind: 'dead-letter', reason: 'unknown' }]);
  });
});

describe('whatever a vendor says', () => {
  it('becomes records that their own schemas accept, or dead letters', () => {
    const odd = fc.oneof(fc.constantFrom(null, '', 0, -1, 1e300, 'BTC/USD', true, t0 / 1_000, 9e12), fc.jsonValue({ maxDepth: 1 }));
    const message = fc.record(
      {
        event: fc.constantFrom('price', 'subscribe-status', 'error', 'heartbeat', 'x'),
        symbol: odd,
        price: odd,
        timestamp: odd,
        bid: odd,
        day_volume: odd,
        exchange: odd,
        type: odd,
        success: odd,
        fails: odd,
      },
      { requiredKeys: ['event'] },
    );
    const priceLike = fc.record({
      event: fc.constant('price'),
      symbol: fc.string({ minLength: 1, maxLength: 64 }),
      price: fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
      timestamp: fc.integer({ min: 0, max: t0 / 1_000 + 10 }),
      exchange: fc.string(),
      type: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(message, priceLike), { maxLength: 20 }), messages => {
        const mapper = mapperOf({ feedClock: true });
        const events = messages.flatMap((each, index) => receive(mapper, each, t0 + index * 100));
        for (const event of events) {
          if (event.kind !== 'dead-letter') expect(decodeRecord(encodeRecord(event)).kind).toBe(event.kind);
        }
      }),
      { numRuns: 300 },
    );
  });
});

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

  it('say that it is not, after a session, with that session and its last price', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('BTC/USD'), t0);
    receive(mapper, price(), t0 + 100);
    mapper.endSession('mute');
    expect(mapper.heartbeat(t0 + 500)).toMatchObject([{ session: 1, connected: false, lastDataMs: t0 + 100, openMarkets: ['crypto'] }]);
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
