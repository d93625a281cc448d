import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { type FinnhubServer, type FinnhubServerOptions, startFinnhubServer } from '@tapeline/simulator/finnhub/finnhub-server';
import { Registry } from 'prom-client';
import { type FinnhubFeedOptions, finnhubFeed } from '../src/finnhub/finnhub-feed.ts';
import { aLogger } from './support/logger.ts';
import { RunningFeed } from './support/running-feed.ts';

const btc = 'BINANCE:BTCUSDT';
const eth = 'BINANCE:ETHUSDT';

/** Runs a feed against the fake vendor, and stops both whatever happens. */
async function withVendor(
  server: FinnhubServerOptions,
  options: Partial<FinnhubFeedOptions>,
  test: (feed: RunningFeed, vendor: FinnhubServer) => Promise<void>,
): Promise<void> {
  const vendor = await startFinnhubServer(server);
  const stop = new AbortController();
  const { logger, lines } = aLogger();
  const registry = new Registry();
  const shell = { clock: Date.now, random: () => 0.2, logger, registry, signal: stop.signal };
  const feed = new RunningFeed(finnhubFeed({ url: vendor.url, symbols: [btc], ...shell, ...options }), stop, lines, registry);
  try {
    await test(feed, vendor);
  } finally {
    await feed.stop();
    await vendor.close();
  }
}

async function subscribed(feed: RunningFeed, vendor: FinnhubServer, count = 1): Promise<void> {
  await feed.until(`${count} symbols subscribed`, () => vendor.connections.at(-1)?.symbols.length === count);
}

describe('the feed of Finnhub', () => {
  it('asks for symbols one by one and gives session, trades with their sizes and heartbeats', async () => {
    await withVendor({}, { symbols: [btc, eth, 'AAPL'] }, async (feed, vendor) => {
      await subscribed(feed, vendor, 3);
      expect(vendor.connections[0]?.received).toEqual([
        { type: 'subscribe', symbol: btc },
        { type: 'subscribe', symbol: eth },
        { type: 'subscribe', symbol: 'AAPL' },
      ]);
      const nowMs = Date.now() - 100;
      vendor.trade({ s: btc, p: 66972.77, t: nowMs, v: 0.01559, c: null }, { s: eth, p: 3500, t: nowMs + 1, v: 2 });
      await feed.until('a heartbeat after two ticks', () => feed.of('tick').length === 2 && feed.events.at(-1)?.kind === 'heartbeat');
      expect(feed.of('session')[0]).toMatchObject({ feed: 'finnhub/0', session: 1, symbols: [btc], refused: [], simulated: true });
      expect(feed.of('session').at(-1)).toMatchObject({ session: 1, symbols: [btc, eth, 'AAPL'], refused: [], simulated: true });
      expect(feed.of('tick')).toMatchObject([
        { feed: 'finnhub/0', session: 1, sequence: 1, symbol: btc, price: 66972.77, size: 0.01559, sourceTimeMs: nowMs, timeMs: nowMs },
        { session: 1, sequence: 2, symbol: eth, price: 3500, size: 2, sourceTimeMs: nowMs + 1, timeMs: nowMs + 1 },
      ]);
      expect(feed.of('tick')[0]?.tradingDay).toBe(new Date(nowMs).toISOString().slice(0, 10));
      expect(feed.of('heartbeat').at(-1)).toMatchObject({ connected: true, session: 1 });
    });
  });

  it('gives trades out of order as they come, each at its own time', async () => {
    await withVendor({}, {}, async (feed, vendor) => {
      await subscribed(feed, vendor);
      const nowMs = Date.now() - 500;
      vendor.trade({ s: btc, p: 3, t: nowMs + 3, v: 1 }, { s: btc, p: 1, t: nowMs + 1, v: 1 });
      vendor.trade({ s: btc, p: 2, t: nowMs + 2, v: 1 });
      await feed.until('three ticks', () => feed.of('tick').length === 3);
      expect(feed.of('tick').map(tick => [tick.sequence, tick.price, tick.timeMs - nowMs])).toEqual([
        [1, 3, 3],
        [2, 1, 1],
        [3, 2, 2],
      ]);
    });
  });

  it('refuses a stamp of the future and garbage, and goes on', async () => {
    await withVendor({}, {}, async (feed, vendor) => {
      await subscribed(feed, vendor);
      const nowMs = Date.now();
      vendor.send('not JSON');
      vendor.send({ type: 'surprise' });
      vendor.send({
        type: 'trade',
        data: [
          { s: btc, p: 'many', t: nowMs, v: 1 },
          { s: btc, p: 7, t: nowMs, v: 1 },
        ],
      });
      vendor.send({ type: 'ping' });
      vendor.trade({ s: btc, p: 8, t: nowMs + 60_000, v: 1 });
      await feed.until('four dead letters', () => feed.of('dead-letter').length === 4);
      expect(feed.of('dead-letter').map(({ reason, detail, origin }) => [reason, detail, origin])).toEqual([
        ['malformed', 'message must be JSON', 'finnhub/0 session 1'],
        ['unknown', 'type must be one that is documented, was "surprise"', 'finnhub/0 session 1'],
        ['malformed', 'data.0.p must be a number above 0, was "many"', 'finnhub/0 session 1'],
        ['future', expect.stringMatching(/ms ahead of its receipt, expected at most 5000$/), 'finnhub/0 session 1'],
      ]);
      expect(feed.of('dead-letter')[2]?.value).toBe(`{"s":"${btc}","p":"many","t":${nowMs},"v":1}`);
      expect(feed.of('tick').map(tick => tick.price)).toEqual([7]);
      expect(vendor.connections).toHaveLength(1);
    });
  });

  it('begins the next session after a lost connection, with every symbol and how the last one ended', async () => {
    await withVendor({}, { symbols: [btc, eth] }, async (feed, vendor) => {
      await subscribed(feed, vendor, 2);
      vendor.trade({ s: btc, p: 1, t: Date.now() - 10, v: 1 });
      await feed.until('a tick', () => feed.of('tick').length === 1);
      vendor.refuseUpgrades(502, 2);
      vendor.dropConnections();
      await feed.until('a second session', () => feed.of('session').at(-1)?.session === 2);
      await subscribed(feed, vendor, 2);
      expect(vendor.refusals).toEqual([502, 502]);
      expect(feed.of('session').at(-1)).toMatchObject({
        symbols: [btc, eth],
        previous: { session: 1, reason: 'connection ended without a close code', lastDataMs: feed.of('tick')[0]?.receivedTimeMs },
      });
      vendor.trade({ s: eth, p: 2, t: Date.now() - 10, v: 1 });
      await feed.until('its tick', () => feed.of('tick').length === 2);
      expect(feed.of('tick')[1]).toMatchObject({ session: 2, sequence: 1, symbol: eth });
    });
  });

  it('is absent from a symbol until the vendor has taken its subscription in, however late, and from no other for so long', async () => {
    await withVendor({}, { symbols: [btc, eth] }, async (feed, vendor) => {
      await subscribed(feed, vendor, 2);
      vendor.trade({ s: btc, p: 1, t: Date.now() - 10, v: 1 }, { s: eth, p: 1, t: Date.now() - 10, v: 1 });
      await feed.until('two ticks', () => feed.of('tick').length === 2);
      vendor.hold(eth);
      vendor.dropConnections();
      await feed.until('a subscription that is held', () => vendor.isHolding);
      await feed.until('the first symbol', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)).toMatchObject({ session: 2, symbols: [btc] });
      // Longer than an answer is waited for: no answer is none.
      await pause(1_500);
      const lostMs = Date.now();
      vendor.trade({ s: btc, p: 2, t: lostMs, v: 1 }, { s: eth, p: 2, t: lostMs, v: 1 });
      await feed.until('the price of the first', () => feed.of('tick').length === 3);
      vendor.release();
      await feed.until('the second symbol', () => feed.of('session').at(-1)?.symbols.length === 2);
      const [first, second] = feed.of('session').filter(({ session }) => session === 2);
      expect(first?.timeMs).toBeLessThan(lostMs);
      expect(second).toMatchObject({ symbols: [btc, eth], previous: { session: 1 } });
      expect(second?.timeMs).toBeGreaterThanOrEqual(lostMs);
      vendor.trade({ s: eth, p: 3, t: Date.now() - 10, v: 1 });
      await feed.until('its price', () => feed.of('tick').length === 4);
      expect(feed.of('tick').map(({ symbol, price }) => [symbol, price])).toEqual([
        [btc, 1],
        [eth, 1],
        [btc, 2],
        [eth, 3],
      ]);
    });
  });

  it('takes a price for the answer where it comes first', async () => {
    await withVendor({}, { symbols: [btc, eth] }, async (feed, vendor) => {
      vendor.hold(btc);
      await feed.until('a subscription that is held', () => vendor.isHolding);
      vendor.send({ type: 'trade', data: [{ s: btc, p: 1, t: Date.now(), v: 1 }] });
      await feed.until('a tick', () => feed.of('tick').length === 1);
      expect(feed.events.slice(0, 2)).toMatchObject([
        { kind: 'session', symbols: [btc] },
        { kind: 'tick', price: 1 },
      ]);
      vendor.release();
      await feed.until('both symbols', () => feed.of('session').at(-1)?.symbols.length === 2);
    });
  });

  it('finds out which symbols were refused, also where the vendor does not name them, and asks again slowly', async () => {
    const symbols = [btc, 'NO:SUCH', eth, 'AAPL', 'MSFT'];
    const timing = { retryRefusedMs: 600 };
    await withVendor({ symbolLimit: 2, invalid: ['NO:SUCH'] }, { symbols, timing }, async (feed, vendor) => {
      await feed.until('the refusals', () => (feed.of('session').at(-1)?.refused.length ?? 0) === 3);
      expect(feed.of('session').at(-1)).toMatchObject({
        session: 1,
        symbols: [btc, eth],
        refused: [
          { symbol: 'NO:SUCH', reason: 'Invalid symbol NO:SUCH' },
          { symbol: 'AAPL', reason: 'Subscribing to too many symbols' },
          { symbol: 'MSFT', reason: 'Subscribing to too many symbols' },
        ],
      });
      await feed.until('a second round', () => vendor.connections[0]?.received.length === 8);
      expect(vendor.connections[0]?.received.slice(5)).toEqual(['NO:SUCH', 'AAPL', 'MSFT'].map(symbol => ({ type: 'subscribe', symbol })));
      expect(vendor.connections).toHaveLength(1);
    });
  });

  it('follows a list of symbols that changes: on the open connection, without touching the symbols that stay', async () => {
    let list: readonly string[] = [btc, eth];
    await withVendor({}, { symbols: list, symbolsNow: () => list }, async (feed, vendor) => {
      await feed.until('both symbols', () => feed.of('session').at(-1)?.symbols.length === 2);
      const changedMs = Date.now();
      list = [btc, 'AAPL'];
      await feed.until('the new symbol', () => feed.of('session').at(-1)?.symbols.includes('AAPL') ?? false);
      expect(vendor.connections).toHaveLength(1);
      expect(vendor.connections[0]?.received).toEqual([
        { type: 'subscribe', symbol: btc },
        { type: 'subscribe', symbol: eth },
        { type: 'unsubscribe', symbol: eth },
        { type: 'subscribe', symbol: 'AAPL' },
      ]);
      const [gone, come] = feed.of('session').slice(-2);
      expect([gone?.session, gone?.symbols, come?.session, come?.symbols]).toEqual([1, [btc], 1, [btc, 'AAPL']]);
      expect(gone?.timeMs).toBeGreaterThanOrEqual(changedMs);
      // What is still received of a symbol that was given up is nobody's; what stays has lost nothing.
      const data = [btc, eth, 'AAPL'].map((s, index) => ({ s, p: index + 1, t: Date.now(), v: 1 }));
      vendor.send({ type: 'trade', data });
      await feed.until('two ticks', () => feed.of('tick').length === 2);
      expect(feed.of('tick').map(({ symbol, sequence }) => [symbol, sequence])).toEqual([
        [btc, 1],
        ['AAPL', 2],
      ]);
      expect(feed.of('dead-letter').map(({ reason }) => reason)).toEqual(['not-owner']);
    });
  });

  it('takes a symbol back that was given up, and asks the vendor to end no subscription that it had refused', async () => {
    let list: readonly string[] = [btc, eth, 'NO:SUCH'];
    await withVendor({ invalid: ['NO:SUCH'] }, { symbols: list, symbolsNow: () => list }, async (feed, vendor) => {
      await feed.until('the refusal', () => feed.of('session').at(-1)?.refused.length === 1);
      list = [btc];
      await feed.until('what went', () => feed.of('session').at(-1)?.symbols.length === 1);
      expect(feed.of('session').at(-1)).toMatchObject({ symbols: [btc], refused: [] });
      list = [btc, eth];
      await feed.until('what came back', () => feed.of('session').at(-1)?.symbols.length === 2);
      expect(vendor.connections[0]?.received.slice(3)).toEqual([
        { type: 'unsubscribe', symbol: eth },
        { type: 'subscribe', symbol: eth },
      ]);
      vendor.trade({ s: eth, p: 2, t: Date.now(), v: 1 });
      await feed.until('its tick', () => feed.of('tick').length === 1);
    });
  });

  it('does not ask for refused symbols with a reconnect', async () => {
    await withVendor({ invalid: ['NO:SUCH'] }, { symbols: [btc, 'NO:SUCH'] }, async (feed, vendor) => {
      await feed.until('the refusal', () => (feed.of('session').at(-1)?.refused.length ?? 0) === 1);
      vendor.dropConnections();
      await feed.until('a second connection', () => vendor.connections.length === 2);
      await subscribed(feed, vendor);
      expect(vendor.connections[1]?.received).toEqual([{ type: 'subscribe', symbol: btc }]);
      await feed.until('a second session', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)).toMatchObject({ symbols: [btc], refused: [{ symbol: 'NO:SUCH' }] });
    });
  });

  it('gives up on a key that is refused three times, and never says the key', async () => {
    await withVendor({ apiKey: 'right' }, { apiKey: 'wr0ng-key' }, async (feed, vendor) => {
      const error = await feed.done;
      expect(error).toMatchObject({ code: 'feed.key-refused', message: expect.stringContaining('set FINNHUB_API_KEY to a valid key') });
      expect(vendor.refusals).toEqual([401, 401, 401]);
      expect(JSON.stringify([feed.logLines, feed.events, String(error)])).not.toContain('wr0ng-key');
    });
  });

  it('leaves a mute connection for a new one', async () => {
    await withVendor({ pingIntervalMs: 50 }, { muteTimeoutMs: 300 }, async (feed, vendor) => {
      await feed.until('a second session', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)?.previous).toMatchObject({ session: 1, reason: 'mute' });
      expect(vendor.connections.length).toBeGreaterThanOrEqual(2);
    });
  });
});
