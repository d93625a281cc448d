import { describe, expect, it } from '@jest/globals';
import type { SessionMapperOptions } from '../src/session-mapper.ts';
import { bare, kinds, mapperOf, price, receive, status, t0 } from './support/session-mapping.ts';

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
        newBaseline: true,
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
      { kind: 'dead-letter', reason: 'not-owner', detail: 'symbol: RY is no longer asked for' },
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

  it('does not take a symbol back with the answer to a request after which it was given up again', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    mapper.asked(['AAPL'], ['AAPL']);
    receive(mapper, status('AAPL'), t0 + 10);
    mapper.giveUp(['AAPL'], t0 + 20);
    mapper.asked(['AAPL'], ['AAPL']);
    mapper.giveUp(['AAPL'], t0 + 30);
    mapper.asked(['AAPL'], ['AAPL']);
    expect(receive(mapper, status('AAPL'), t0 + 40)).toMatchObject([{ symbols: [], refused: [] }]);
    expect(receive(mapper, status('AAPL'), t0 + 50)).toMatchObject([{ symbols: ['AAPL'], timeMs: t0 + 50 }]);
    expect(kinds(receive(mapper, price({ symbol: 'AAPL' }), t0 + 60))).toEqual(['tick']);
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
