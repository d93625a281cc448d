import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { startYahooServer, type YahooQuote, type YahooServer } from '@tapeline/simulator/yahoo/yahoo-server';
import { Registry } from 'prom-client';
import { type YahooFeedOptions, yahooFeed } from '../src/yahoo/yahoo-feed.ts';
import { aLogger } from './support/logger.ts';
import { RunningFeed } from './support/running-feed.ts';

const btc = 'BTC-USD';

function aQuote(fields: Partial<YahooQuote> = {}): YahooQuote {
  return { symbol: btc, regularMarketPrice: 100, regularMarketTime: Math.floor(Date.now() / 1_000) - 3_600, ...fields };
}

/** Polls the fake vendor every 50 ms, and stops both whatever happens. */
async function withVendor(
  options: Partial<YahooFeedOptions>,
  test: (feed: RunningFeed, vendor: YahooServer) => Promise<void>,
): Promise<void> {
  const vendor = await startYahooServer();
  vendor.quote(aQuote());
  const stop = new AbortController();
  const { logger, lines } = aLogger();
  const registry = new Registry();
  const timing = { pollIntervalMs: 50, limitedWaitMs: 300, ...options.timing };
  const shell = { clock: Date.now, random: () => 0.1, logger, registry, signal: stop.signal };
  const feed = new RunningFeed(yahooFeed({ url: vendor.url, symbols: [btc], ...shell, ...options, timing }), stop, lines, registry);
  try {
    await test(feed, vendor);
  } finally {
    await feed.stop();
    await vendor.close();
  }
}

async function polls(vendor: YahooServer, feed: RunningFeed, more: number): Promise<void> {
  const wanted = vendor.requests.length + more;
  await feed.until(`${more} more polls`, () => vendor.requests.length >= wanted);
}

describe('the feed of Yahoo', () => {
  it('gives a tick only when the market time or the price changed', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 4);
      expect(feed.of('tick')).toEqual([]);
      const second = Math.floor(Date.now() / 1_000) - 1;
      vendor.quote(aQuote({ regularMarketTime: second, regularMarketPrice: 101, regularMarketVolume: 5_000 }));
      await polls(vendor, feed, 4);
      vendor.quote(aQuote({ regularMarketTime: second, regularMarketPrice: 101, regularMarketVolume: 9_000 }));
      await polls(vendor, feed, 4);
      vendor.quote(aQuote({ regularMarketTime: second, regularMarketPrice: 102, regularMarketVolume: 9_000 }));
      await polls(vendor, feed, 4);
      vendor.quote(aQuote({ regularMarketTime: second + 1, regularMarketPrice: 102 }));
      await polls(vendor, feed, 4);
      expect(feed.of('tick').map(tick => [tick.sequence, tick.price, tick.dayVolume, tick.sourceTimeMs - second * 1_000])).toEqual([
        [1, 101, 5_000, 0],
        [2, 102, 9_000, 0],
        [3, 102, undefined, 1_000],
      ]);
      expect(feed.of('tick')[0]).toMatchObject({ feed: 'yahoo/0', session: 1, symbol: btc });
      expect(feed.of('tick')[0]).not.toHaveProperty('size', expect.anything());
      expect(feed.of('session')[0]).toMatchObject({ feed: 'yahoo/0', session: 1, symbols: [btc], simulated: true });
    });
  });

  it('takes a price that is newer than a round for a change also at first sight', async () => {
    await withVendor({ timing: { pollIntervalMs: 5_000 } }, async (feed, vendor) => {
      expect(vendor.account).toEqual([]);
      vendor.quote(aQuote({ regularMarketTime: Math.floor(Date.now() / 1_000) }));
      await feed.until('a tick', () => feed.of('tick').length === 1);
    });
  });

  it('says with each whole round the time at which it began', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 5);
      const all = feed.of('heartbeat');
      expect(all.every(beat => beat.connected && beat.session === 1)).toBe(true);
      const beats = all.filter((beat, index) => beat.timeMs !== all[index - 1]?.timeMs);
      expect(beats.length).toBeGreaterThanOrEqual(3);
      expect(beats.length).toBeLessThanOrEqual(vendor.requests.length);
      const last = vendor.requests[beats.length - 1];
      expect(Math.abs((beats.at(-1)?.timeMs ?? 0) - (last?.timeMs ?? 0))).toBeLessThan(2_000);
    });
  });

  it('says the same again until the next round, by which others know that it lives', async () => {
    await withVendor({ timing: { pollIntervalMs: 60_000 } }, async feed => {
      await feed.until('three heartbeats', () => feed.of('heartbeat').length >= 3);
      const [first, ...again] = feed.of('heartbeat');
      for (const beat of again) expect(beat).toEqual(first);
    });
  });

  it('says that it lives in its first round, too, however long that takes', async () => {
    const meta = { symbol: btc, regularMarketPrice: 100, regularMarketTime: 1_700_000_000 };
    const slow = createServer((request, response) => {
      if (request.url?.includes(btc)) response.end(JSON.stringify({ chart: { result: [{ meta }], error: null } }));
    });
    await new Promise<void>(resolve => slow.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const running = withVendor({ url, symbols: [btc, 'ETH-USD'] }, async feed => {
      await feed.until('three heartbeats', () => feed.of('heartbeat').length >= 3);
      const [session] = feed.of('session');
      expect(feed.of('heartbeat')[0]).toMatchObject({ session: 1, connected: true });
      expect(feed.of('heartbeat')[2]?.timeMs).toBeLessThanOrEqual(session?.timeMs ?? 0);
    });
    await running.finally(() => {
      slow.closeAllConnections();
      slow.close();
    });
  });

  it('takes a symbol at which the vendor fails again and again for a refused one: those behind it are asked for', async () => {
    const symbols = ['BAD', btc, 'ETH-USD'];
    const failing = createServer((request, response) => {
      const symbol = symbols.find(each => request.url?.includes(each)) ?? '';
      const meta = { symbol, regularMarketPrice: 100, regularMarketTime: 1_700_000_000 };
      if (symbol === 'BAD') response.writeHead(500).end();
      else response.end(JSON.stringify({ chart: { result: [{ meta }], error: null } }));
    });
    await new Promise<void>(resolve => failing.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`;
    const running = withVendor({ url, symbols }, async feed => {
      await feed.until('it is refused', () => feed.of('session').some(({ refused }) => refused.length > 0));
      const told = feed.of('session').at(-1);
      expect(told).toMatchObject({ symbols: [btc, 'ETH-USD'], refused: [{ symbol: 'BAD', reason: 'HTTP 500' }] });
      const sessions = feed.of('session').length;
      await feed.until('whole rounds', () => feed.of('heartbeat').filter(({ session }) => session === told?.session).length > 3);
      expect(feed.of('session')).toHaveLength(sessions);
    });
    await running.finally(() => {
      failing.closeAllConnections();
      failing.close();
    });
  });

  it('says at a stop that it was stopped', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 2);
      await feed.stop();
      expect(feed.of('heartbeat').at(-1)).toMatchObject({ session: 1, connected: false, endReason: 'ingester stopped' });
    });
  });

  it('waits as long as the vendor asks for, and tells the gap', async () => {
    await withVendor({}, async (feed, vendor) => {
      vendor.quote(aQuote({ regularMarketTime: Math.floor(Date.now() / 1_000) }));
      await polls(vendor, feed, 3);
      vendor.fail({ status: 429, headers: { 'retry-after': '1' }, body: 'Too Many Requests' });
      await feed.until('the refusal', () => vendor.requests.some(({ status }) => status === 429));
      await feed.until('a second session', () => vendor.requests.at(-1)?.status === 200);
      const refused = vendor.requests.findIndex(({ status }) => status === 429);
      const waitedMs = (vendor.requests[refused + 1]?.timeMs ?? 0) - (vendor.requests[refused]?.timeMs ?? 0);
      expect(waitedMs).toBeGreaterThanOrEqual(990);
      await feed.until('its record', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)?.previous).toMatchObject({ session: 1, reason: 'HTTP 429' });
      expect(feed.of('heartbeat').some(beat => !beat.connected)).toBe(true);
    });
  });

  it('waits longer with each "too many" that says no time', async () => {
    await withVendor({ random: () => 0.999 }, async (feed, vendor) => {
      await polls(vendor, feed, 2);
      vendor.fail({ status: 429 }, { status: 999 }, { status: 429 });
      await feed.until('three refusals', () => vendor.requests.filter(({ status }) => status !== 200).length === 3);
      const times = vendor.requests.filter(({ status }) => status !== 200).map(({ timeMs }) => timeMs);
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(590);
      expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(890);
    });
  });

  it('asks once more before a failure ends the session', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 2);
      vendor.fail({ status: 502 });
      await polls(vendor, feed, 3);
      expect(feed.of('session').at(-1)?.session).toBe(1);
      vendor.fail({ status: 502 }, { status: 502 });
      await feed.until('a second session', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)?.previous).toMatchObject({ session: 1, reason: 'HTTP 502' });
    });
  });

  it('ends the session when the process stood still between two rounds', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 2);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
      await feed.until('the next session', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)?.previous).toMatchObject({ session: 1, reason: 'the process stood still' });
      await polls(vendor, feed, 3);
      expect(feed.of('session').at(-1)?.session).toBe(2);
    });
  });

  it('gives a price that changed while it was away', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 2);
      vendor.fail({ status: 502 }, { status: 502 });
      vendor.quote(aQuote({ regularMarketPrice: 103, regularMarketTime: Math.floor(Date.now() / 1_000) }));
      await feed.until('a tick', () => feed.of('tick').length === 1);
      expect(feed.of('tick')[0]).toMatchObject({ price: 103 });
    });
  });

  it('goes on without a symbol that is refused, and asks for it again slowly', async () => {
    await withVendor({ symbols: ['NOPE', btc], timing: { pollIntervalMs: 50, retryRefusedMs: 500 } }, async (feed, vendor) => {
      await feed.until('its refusal', () => (feed.of('session').at(-1)?.refused.length ?? 0) === 1);
      await polls(vendor, feed, 3);
      expect(vendor.requests.filter(({ symbol }) => symbol === 'NOPE')).toHaveLength(1);
      expect(feed.of('session').at(-1)).toMatchObject({
        symbols: [btc],
        refused: [{ symbol: 'NOPE', reason: 'Not Found: No data found, symbol may be delisted' }],
      });
      // As far ahead as is taken, so that it is still young when the symbol is asked for again.
      vendor.quote(aQuote({ symbol: 'NOPE', regularMarketTime: Math.floor(Date.now() / 1_000) + 4 }));
      await feed.until('its first tick', () => feed.of('tick').some(({ symbol }) => symbol === 'NOPE'));
      expect(feed.of('session').at(-1)).toMatchObject({ session: 1, refused: [] });
    });
  });

  it('follows a list of symbols that changes from one round to the next, and takes a symbol back that was given up', async () => {
    let list: readonly string[] = [btc, 'ETH-USD'];
    const nowSeconds = () => Math.floor(Date.now() / 1_000);
    await withVendor({ symbols: list, symbolsNow: () => list }, async (feed, vendor) => {
      for (const symbol of ['ETH-USD', 'AAPL']) vendor.quote(aQuote({ symbol }));
      await feed.until('both symbols', () => feed.of('session').at(-1)?.symbols.length === 2);
      const changedMs = Date.now();
      list = [btc, 'AAPL'];
      await feed.until('the new symbol', () => feed.of('session').at(-1)?.symbols.includes('AAPL') ?? false);
      const [gone, come] = feed.of('session').slice(-2);
      expect([gone?.session, gone?.symbols, come?.session, come?.symbols]).toEqual([1, [btc], 1, [btc, 'AAPL']]);
      expect(gone?.timeMs).toBeGreaterThanOrEqual(changedMs);
      const asked = vendor.requests.length;
      await polls(vendor, feed, 4);
      expect(vendor.requests.slice(asked).map(({ symbol }) => symbol)).not.toContain('ETH-USD');
      // Its first price after its return is a fresh one.
      vendor.quote(aQuote({ symbol: 'ETH-USD', regularMarketTime: nowSeconds() + 4 }));
      list = [btc, 'ETH-USD'];
      await feed.until('its tick', () => feed.of('tick').length === 1);
      expect(feed.of('tick')[0]).toMatchObject({ session: 1, sequence: 1, symbol: 'ETH-USD' });
      expect(feed.of('session').at(-1)).toMatchObject({ session: 1, symbols: [btc, 'ETH-USD'] });
      expect(feed.of('dead-letter')).toEqual([]);
    });
  });

  it('sends garbage to the dead letters and goes on', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 1);
      vendor.fail(
        { status: 200, body: '<html>consent</html>' },
        { status: 200, body: '{"chart":{"result":[{"meta":{"symbol":"X"}}],"error":null}}' },
      );
      await feed.until('two dead letters', () => feed.of('dead-letter').length === 2);
      expect(feed.of('dead-letter').map(({ detail, value }) => [detail, value.slice(0, 6)])).toEqual([
        ['answer must be JSON', '<html>'],
        ['meta.symbol must be "BTC-USD", was "X"', '{"char'],
      ]);
      await polls(vendor, feed, 2);
      expect(feed.of('session').at(-1)?.session).toBe(1);
    });
  });

  it('counts what became of each question', async () => {
    await withVendor({}, async (feed, vendor) => {
      await polls(vendor, feed, 2);
      vendor.quote(aQuote({ regularMarketPrice: null }));
      vendor.fail({ status: 429 });
      await polls(vendor, feed, 3);
      const text = await feed.registry.metrics();
      for (const outcome of ['unchanged', 'limited', 'no-price'])
        expect(text).toMatch(new RegExp(`tapeline_ingester_polls_total\\{outcome="${outcome}"\\} [1-9]`));
    });
  });
});
