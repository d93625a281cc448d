import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import type { WebSocket } from 'ws';
import { startFeed } from './support/running-feed.ts';
import { withVendor } from './support/scripted-feed.ts';
import { accepted, aPrice, startVendor, type VendorScript } from './support/vendor-server.ts';

describe('the feed of TwelveData, read late', () => {
  it('reads first what came while the process was held up, before it takes the feed for mute', async () => {
    let say: () => void = () => undefined;
    const script: VendorScript = {
      subscribed: (symbols, _number, socket) => {
        say = () => socket.send(JSON.stringify(aPrice()));
        return [accepted(...symbols), aPrice()];
      },
    };
    await withVendor(script, { muteTimeoutMs: 1_500 }, async (feed, vendor) => {
      await feed.until('a tick', () => feed.of('tick').length === 1);
      say();
      const heldUntilMs = performance.now() + 2_700;
      while (performance.now() < heldUntilMs) {
        // The process stands still.
      }
      await feed.until('the price that came meanwhile', () => feed.of('tick').length === 2);
      expect(vendor.requests).toHaveLength(1);
    });
  });

  it('accounts for ticks that nobody read in time in one gap record', async () => {
    const prices = Array.from({ length: 3_000 }, (_, index) => aPrice({ price: index + 1 }));
    const vendor = await startVendor({ subscribed: symbols => [accepted(...symbols), ...prices] });
    const feed = startFeed({ url: vendor.url, maxQueuedEvents: 50 });
    try {
      await feed.until(
        'all accounted for',
        () => feed.of('tick').length + feed.of('gap').reduce((sum, gap) => sum + gap.lost, 0) === 3_000,
      );
      for (const gap of feed.of('gap')) expect(gap).toMatchObject({ reason: 'ingester buffer full', symbols: ['BTC/USD'], session: 1 });
    } finally {
      await feed.stop();
      await vendor.close();
    }
  });

  it('gives no heartbeat after it was held back until all is read that the vendor had sent', async () => {
    const gate = Promise.withResolvers<void>();
    let vendorSocket: WebSocket | undefined;
    const vendor = await startVendor({
      subscribed: (symbols, _number, socket) => {
        vendorSocket = socket;
        return [accepted(...symbols)];
      },
    });
    const feed = startFeed({ url: vendor.url, maxQueuedEvents: 200 }, gate.promise);
    const says = (text: string) => feed.logLines.some(({ msg }) => String(msg).startsWith(text));
    try {
      await feed.until('the session, behind which nothing is read', () => feed.events.length === 1);
      for (let sent = 1; sent <= 100; sent += 1) vendorSocket?.send(JSON.stringify(aPrice()));
      await feed.until('the pause', () => says('the feed sends more'));
      // Its pings are not answered until it has told what it had to tell.
      vendorSocket?.pause();
      gate.resolve();
      await feed.until('what was read before', () => feed.of('tick').length === 100);
      for (let sent = 1; sent <= 8; sent += 1) {
        vendorSocket?.send(JSON.stringify(aPrice()));
        await feed.until('one more', () => feed.of('tick').length === 100 + sent);
        await pause(100);
      }
      const ticksAt = feed.events.findLastIndex(({ kind }) => kind === 'tick');
      expect(feed.events.slice(feed.events.findIndex(({ kind }) => kind === 'tick')).map(({ kind }) => kind)).toEqual(
        Array.from({ length: 108 }, () => 'tick'),
      );
      vendorSocket?.resume();
      await feed.until('heartbeats', () => feed.events.findLastIndex(({ kind }) => kind === 'heartbeat') > ticksAt);
      expect(says('the feed is read as it comes again')).toBe(true);
    } finally {
      await feed.stop();
      await vendor.close();
    }
  });
});
