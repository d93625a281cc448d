import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { withVendor } from './support/scripted-feed.ts';
import { accepted, aPrice, type VendorScript } from './support/vendor-server.ts';

describe('the symbols that the feed of TwelveData asks for', () => {
  it('asks in messages of 200 symbols and adds up the answers in one session', async () => {
    const symbols = Array.from({ length: 450 }, (_, index) => `S${index}`);
    await withVendor({ subscribed: asked => [accepted(...asked)] }, { symbols }, async (feed, vendor) => {
      await feed.until('three sessions records', () => feed.of('session').length === 3);
      expect(vendor.received[0]?.map(message => message.params?.symbols.split(',').length)).toEqual([200, 200, 50]);
      expect(feed.of('session').map(record => [record.session, record.symbols.length])).toEqual([
        [1, 200],
        [1, 400],
        [1, 450],
      ]);
    });
  });

  it('asks for refused symbols again after the slow interval, on the same connection', async () => {
    let asks = 0;
    const script: VendorScript = {
      subscribed: symbols => {
        asks += 1;
        if (asks > 1) return [accepted(...symbols)];
        return [
          {
            event: 'subscribe-status',
            status: 'warning',
            success: [{ symbol: 'BTC/USD' }],
            fails: [{ symbol: 'AAPL', message: 'not authorized' }],
          },
        ];
      },
    };
    await withVendor(script, { symbols: ['BTC/USD', 'AAPL'], timing: { retryRefusedMs: 400 } }, async (feed, vendor) => {
      await feed.until('a second answer', () => feed.of('session').length === 2);
      expect(vendor.received).toHaveLength(1);
      expect(feed.logLines.map(line => line.msg)).toContain('the vendor refused 1 symbol; asking again in 400 ms');
      expect(vendor.received[0]?.map(message => message.params?.symbols)).toEqual(['BTC/USD,AAPL', 'AAPL']);
      expect(feed.of('session')).toMatchObject([
        { session: 1, symbols: ['BTC/USD'], refused: [{ symbol: 'AAPL', reason: 'not authorized' }] },
        { session: 1, symbols: ['BTC/USD', 'AAPL'], refused: [] },
      ]);
    });
  });

  it('does not connect again at once when every symbol was refused, and says so', async () => {
    const script: VendorScript = {
      subscribed: (_symbols, _number, socket) => {
        setTimeout(() => socket.close(1000), 50);
        return [{ event: 'subscribe-status', status: 'error', success: null, fails: [{ symbol: 'BTC/USD', message: 'not authorized' }] }];
      },
    };
    await withVendor(script, { timing: { retryRefusedMs: 1_500 } }, async (feed, vendor) => {
      await feed.until('the refusal', () =>
        feed.logLines.some(line => line.msg.startsWith('the vendor refused every symbol: not connecting')),
      );
      await pause(500);
      expect(vendor.received).toHaveLength(1);
      await feed.until('the next attempt', () => vendor.received.length === 2);
      expect(feed.logLines.find(line => line.msg.startsWith('the vendor refused every symbol; asking again'))?.level).toBe(50);
    });
  });

  it('follows a list of symbols that changes: on the open connection, without touching the symbols that stay', async () => {
    let list: readonly string[] = ['BTC/USD', 'ETH/USD'];
    const script: VendorScript = {
      subscribed: symbols => [accepted(...symbols), ...symbols.map(symbol => aPrice({ symbol }))],
    };
    await withVendor(script, { symbols: list, symbolsNow: () => list }, async (feed, vendor) => {
      await feed.until('both symbols', () => feed.of('tick').length === 2);
      const changedMs = Date.now();
      list = ['BTC/USD', 'XAU/USD'];
      await feed.until('the new symbol', () => feed.of('tick').length === 3);
      expect(vendor.requests).toHaveLength(1);
      expect(vendor.received[0]).toEqual([
        { action: 'subscribe', params: { symbols: 'BTC/USD,ETH/USD' } },
        { action: 'unsubscribe', params: { symbols: 'ETH/USD' } },
        { action: 'subscribe', params: { symbols: 'XAU/USD' } },
      ]);
      expect(feed.of('session').map(record => [record.session, record.symbols])).toEqual([
        [1, ['BTC/USD', 'ETH/USD']],
        [1, ['BTC/USD']],
        [1, ['BTC/USD', 'XAU/USD']],
      ]);
      const [, gone, come] = feed.of('session');
      expect(gone?.timeMs).toBeGreaterThanOrEqual(changedMs);
      expect(come?.timeMs).toBeGreaterThanOrEqual(gone?.timeMs ?? 0);
      const told = feed.events.findIndex(event => event.kind === 'session' && event.symbols.includes('XAU/USD'));
      const first = feed.events.findIndex(event => event.kind === 'tick' && event.symbol === 'XAU/USD');
      expect(told).toBeLessThan(first);
    });
  });

  it('asks for new symbols soon, also while every other one is refused and it does not connect', async () => {
    let list: readonly string[] = ['BTC/USD'];
    const script: VendorScript = {
      subscribed: (symbols, _number, socket) => {
        if (symbols[0] !== 'BTC/USD') return [accepted(...symbols)];
        setTimeout(() => socket.close(1000), 50);
        return [{ event: 'subscribe-status', status: 'error', success: null, fails: [{ symbol: 'BTC/USD', message: 'no credits' }] }];
      },
    };
    await withVendor(script, { symbols: list, symbolsNow: () => list }, async (feed, vendor) => {
      await feed.until('the refusal', () => feed.logLines.some(line => line.msg.includes('not connecting')));
      list = ['ETH/USD'];
      await feed.until('the next session', () => feed.of('session').length === 2);
      expect(feed.of('session')[1]).toMatchObject({ session: 2, symbols: ['ETH/USD'], refused: [] });
      expect(vendor.received[1]?.map(message => message.params?.symbols)).toEqual(['ETH/USD']);
    });
  });
});
