import { describe, expect, it } from '@jest/globals';
import { chunksOf, Subscriptions } from '../src/subscriptions.ts';
import type { SubscribeStatus } from '../src/vendor-message.ts';

function statusOf(fields: Partial<SubscribeStatus>): SubscribeStatus {
  return { kind: 'subscribe-status', accepted: [], refused: [], errors: [], ...fields };
}

describe('subscriptions', () => {
  it('ask for each symbol once, without the blanks around it', () => {
    expect(new Subscriptions({ symbols: [' AAPL', 'BTC/USD ', 'AAPL', ''] }).toAsk(0)).toEqual(['AAPL', 'BTC/USD']);
  });

  it('leave a refused symbol out of the next connection and ask again after the slow interval', () => {
    const subscriptions = new Subscriptions({ symbols: ['AAPL', '1211:XHKG'], retryRefusedMs: 900_000 });
    subscriptions.answered(
      statusOf({ accepted: [{ symbol: 'AAPL' }], refused: [{ symbol: '1211', reason: 'no' }] }),
      ['AAPL', '1211:XHKG'],
      1_000,
    );
    expect(subscriptions.toAsk(2_000)).toEqual(['AAPL']);
    expect(subscriptions.toRetry(900_999)).toEqual([]);
    expect(subscriptions.nextRetryMs()).toBe(901_000);
    expect(subscriptions.toRetry(901_000)).toEqual(['1211:XHKG']);
    expect(subscriptions.toAsk(901_000)).toEqual(['AAPL', '1211:XHKG']);
  });

  it('do not ask twice while an answer is outstanding', () => {
    const subscriptions = new Subscriptions({ symbols: ['AAPL', 'X'], retryRefusedMs: 1_000 });
    subscriptions.answered(statusOf({ refused: [{ symbol: 'X', reason: 'no' }] }), ['AAPL', 'X'], 0);
    subscriptions.asked(['X'], 1_000);
    expect(subscriptions.toRetry(1_500)).toEqual([]);
    subscriptions.answered(statusOf({ accepted: [{ symbol: 'X' }] }), ['X'], 1_600);
    expect(subscriptions.nextRetryMs()).toBeUndefined();
  });

  it('take an error for all that was asked', () => {
    const subscriptions = new Subscriptions({ symbols: ['A', 'B'] });
    subscriptions.answered(statusOf({ errors: ['Cant parse message'] }), ['A', 'B'], 0);
    expect(subscriptions.isAllRefused).toBe(true);
    expect(subscriptions.toAsk(1)).toEqual([]);
  });

  it('refuse two symbols that prices would not tell apart', () => {
    expect(() => new Subscriptions({ symbols: ['RY', 'AAPL', 'RY:TSX'] })).toThrow(
      'symbols RY and RY:TSX would both be called RY in prices and their ticks mixed: keep one of them in SYMBOLS',
    );
  });

  it('say what came and what went when the list changes, and forget the refusals of what went', () => {
    const subscriptions = new Subscriptions({ symbols: ['A', 'B', 'C:X'] });
    subscriptions.answered(statusOf({ refused: [{ symbol: 'B', reason: 'no' }] }), ['A', 'B', 'C:X'], 0);
    expect(subscriptions.replace(['C:X', 'A ', 'D'])).toEqual({ come: ['D'], gone: ['B'] });
    expect(subscriptions.toAsk(1)).toEqual(['C:X', 'A', 'D']);
    expect(subscriptions.nextRetryMs()).toBeUndefined();
    expect(subscriptions.namesOf(['C:X', 'D'])).toEqual(['C', 'C:X', 'D']);
  });

  it('do not remember the refusal of a symbol that went while it was asked for', () => {
    const subscriptions = new Subscriptions({ symbols: ['A', 'B'] });
    subscriptions.replace(['A']);
    subscriptions.answered(statusOf({ refused: [{ symbol: 'B', reason: 'no' }] }), ['A', 'B'], 0);
    expect(subscriptions.isAllRefused).toBe(false);
    expect(subscriptions.nextRetryMs()).toBeUndefined();
  });

  it('cut a long list into messages', () => {
    expect(chunksOf(['a', 'b', 'c', 'd', 'e'], 2)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });
});
