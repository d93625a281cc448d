import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import fc from 'fast-check';
import { bare, mapperOf, price, receive, status, t0 } from './support/session-mapping.ts';

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
