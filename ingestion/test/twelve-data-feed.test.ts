import { describe, expect, it } from '@jest/globals';
import { ticksOf } from './support/run-ticks.ts';
import { type RunningFeed, startFeed } from './support/running-feed.ts';
import { answering, withVendor } from './support/scripted-feed.ts';
import { accepted, aPrice, startVendor, type VendorScript } from './support/vendor-server.ts';

function httpAnswer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function waitsOf({ logLines }: RunningFeed): readonly unknown[] {
  return logLines.filter(line => line.msg.startsWith('feed disconnected')).map(line => line.waitMs);
}

describe('the feed of TwelveData', () => {
  it('sends the key in a header and never in the address', async () => {
    await withVendor(answering, { apiKey: 'k3y-of-mine' }, async (feed, vendor) => {
      await feed.until('a tick', ({ events }) => events.some(event => event.kind === 'tick'));
      expect(vendor.requests[0]?.headers['x-td-apikey']).toBe('k3y-of-mine');
      expect(vendor.requests[0]?.url).toBe('/');
    });
  });

  it('subscribes to all symbols and gives session, ticks and heartbeats in order', async () => {
    await withVendor(answering, { symbols: ['BTC/USD', 'ETH/USD'] }, async (feed, vendor) => {
      await feed.until('two heartbeats', ({ events }) => events.filter(event => event.kind === 'heartbeat').length >= 2);
      expect(vendor.received[0]?.[0]).toEqual({ action: 'subscribe', params: { symbols: 'BTC/USD,ETH/USD' } });
      expect(feed.events.slice(0, 4).map(event => event.kind)).toEqual(['session', 'tick', 'heartbeat', 'heartbeat']);
      const [tick] = feed.of('tick');
      const [first, second] = feed.of('heartbeat');
      expect(first?.connected).toBe(true);
      expect(first?.lastDataMs).toBe(tick?.receivedTimeMs);
      expect((second?.timeMs ?? 0) - (first?.timeMs ?? 0)).toBeGreaterThanOrEqual(200);
    });
  });

  it('gives everyday prices as runs where the partitions are known, every price once and in order', async () => {
    const count = 5_000;
    const stamp = Math.floor(Date.now() / 1_000) - 1;
    const everyday = (index: number) =>
      `{"event":"price","symbol":"BTC/USD","exchange":"Coinbase Pro","type":"Digital Currency","timestamp":${stamp},"price":${index}.5}`;
    // Now and then what is not everyday: another order of the fields, a long message.
    const text = (index: number) => {
      if (index % 500 === 499) return `{"event":"price","price":${index}.5,"symbol":"BTC/USD","timestamp":${stamp}}`;
      return index % 700 === 699 ? everyday(index).replace('Pro', 'Pro '.repeat(20_000)) : everyday(index);
    };
    const script: VendorScript = {
      subscribed: symbols => [accepted(...symbols), ...Array.from({ length: count }, (_, index) => text(index + 1))],
    };
    await withVendor(script, { partitions: 2 }, async feed => {
      const ticks = () => feed.events.flatMap(event => (event.kind === 'ticks' ? ticksOf(event) : event.kind === 'tick' ? [event] : []));
      await feed.until('all of them', () => ticks().length === count);
      expect(ticks().map(({ sequence, price }) => [sequence, price])).toEqual(
        Array.from({ length: count }, (_, index) => [index + 1, index + 1.5]),
      );
      expect(feed.of('tick').length).toBeLessThan(count / 10);
      await feed.until('a heartbeat after them', ({ events }) => events.at(-1)?.kind === 'heartbeat');
      expect(feed.of('heartbeat').at(-1)?.lastDataMs).toBe(ticks().at(-1)?.receivedTimeMs);
    });
  });

  it('keeps the session with a heartbeat message', async () => {
    await withVendor(answering, { timing: { vendorHeartbeatMs: 30 } }, async (feed, vendor) => {
      await feed.until('a heartbeat message', () => vendor.received[0]?.some(message => message.action === 'heartbeat') ?? false);
    });
  });

  it('begins a new session with an answer that nobody asked for', async () => {
    const script: VendorScript = { subscribed: symbols => [accepted(...symbols), aPrice(), accepted(...symbols), aPrice()] };
    await withVendor(script, {}, async feed => {
      await feed.until('two ticks', () => feed.of('tick').length === 2);
      expect(feed.of('session').map(record => [record.session, record.previous?.reason])).toEqual([
        [1, undefined],
        [2, 'resubscribed by the server'],
      ]);
      expect(feed.of('tick').map(tick => [tick.session, tick.sequence])).toEqual([
        [1, 1],
        [2, 1],
      ]);
    });
  });

  it('begins a session when the vendor has answered, however late: what it sent before went to nobody', async () => {
    const answers: (() => void)[] = [];
    const script: VendorScript = {
      subscribed: (symbols, number, socket) => {
        if (number === 1) return [accepted(...symbols), aPrice()];
        answers.push(() => socket.send(JSON.stringify(accepted(...symbols))));
        return [];
      },
      connected: (socket, number) => {
        if (number === 1) setTimeout(() => socket.terminate(), 200);
      },
    };
    await withVendor(script, {}, async feed => {
      await feed.until('a second subscription', () => answers.length === 1);
      const beats = feed.of('heartbeat').length;
      await feed.until('heartbeats while it waits', () => feed.of('heartbeat').length > beats + 1);
      expect(feed.of('heartbeat').at(-1)).toMatchObject({ session: 1, connected: false });
      const answeredMs = Date.now();
      answers[0]?.();
      await feed.until('a second session', () => feed.of('session').length === 2);
      expect(feed.of('session')[1]).toMatchObject({ session: 2, previous: { lastDataMs: feed.of('tick')[0]?.receivedTimeMs } });
      expect(feed.of('session')[1]?.timeMs).toBeGreaterThanOrEqual(answeredMs);
    });
  });

  it('numbers on after the last session of the process before', async () => {
    const lastSession = { session: 12, reason: 'ended without a word', lastDataMs: 1_000 };
    await withVendor(answering, { lastSession }, async feed => {
      await feed.until('a session', () => feed.of('session').length > 0);
      expect(feed.of('session')[0]).toMatchObject({ session: 13, previous: lastSession });
    });
  });

  it('says with each heartbeat of a disconnected feed that it is', async () => {
    const lastSession = { session: 12, reason: 'ended without a word', lastDataMs: 1_000 };
    await withVendor({ refuse: () => httpAnswer('502 Bad Gateway', '<html>') }, { lastSession }, async feed => {
      await feed.until('two heartbeats', () => feed.of('heartbeat').length >= 2);
      expect(feed.of('heartbeat')[1]).toMatchObject({ session: 12, connected: false, lastDataMs: 1_000 });
    });
  });

  it('says at a stop that it was stopped, and at one between two sessions how the last one ended', async () => {
    await withVendor(answering, {}, async feed => {
      await feed.until('a heartbeat', () => feed.of('heartbeat').length > 0);
      await feed.stop();
      expect(feed.of('heartbeat').slice(-2)).toMatchObject([
        { session: 1, connected: true },
        { session: 1, connected: false, endReason: 'ingester stopped', lastDataMs: feed.of('tick').at(-1)?.receivedTimeMs },
      ]);
    });
    const lastSession = { session: 12, reason: 'mute', lastDataMs: 1_000 };
    await withVendor({ refuse: () => httpAnswer('502 Bad Gateway', '<html>') }, { lastSession }, async feed => {
      await feed.stop();
      expect(feed.of('heartbeat').at(-1)).toMatchObject({ session: 12, connected: false, endReason: 'mute' });
    });
  });

  it('waits longer when the plan is used up for the minute', async () => {
    const body = JSON.stringify({ code: 429, message: 'You have run out of API credits for the current minute.', status: 'error' });
    await withVendor({ refuse: () => httpAnswer('200 OK', body) }, {}, async (feed, vendor) => {
      await feed.until('the refusal', () => feed.logLines.some(line => line.msg.startsWith('feed disconnected')));
      expect(feed.logLines.find(line => line.msg.startsWith('feed disconnected'))?.waitMs).toBe(30_100);
      expect(vendor.requests).toHaveLength(1);
    });
  });

  it('waits longer each time when connections end after their first prices, as those of two users of one key do', async () => {
    const script: VendorScript = {
      subscribed: (symbols, _, socket) => {
        setTimeout(() => socket.close(1000), 20);
        return [accepted(...symbols), aPrice()];
      },
    };
    await withVendor(script, { random: () => 0.05 }, async feed => {
      await feed.until('five sessions', () => feed.of('session').at(-1)?.session === 5);
      expect(waitsOf(feed).slice(0, 4)).toEqual([25, 50, 100, 200]);
    });
  });

  it('waits shortly again after a connection that gave prices and lasted', async () => {
    const script: VendorScript = {
      subscribed: (symbols, number, socket) => {
        setTimeout(() => socket.close(1000), number === 1 ? 20 : 600);
        return number === 2 ? [accepted(...symbols)] : [accepted(...symbols), aPrice()];
      },
    };
    await withVendor(script, { random: () => 0.05, provenAfterMs: 500 }, async feed => {
      await feed.until('three disconnections', () => waitsOf(feed).length === 3);
      expect(waitsOf(feed)).toEqual([25, 50, 25]);
    });
  });

  it('takes a refusal of the key in an open connection for one', async () => {
    const script: VendorScript = { subscribed: () => [{ event: 'error', code: '401', message: 'apikey abc-secret is incorrect' }] };
    await withVendor(script, { apiKey: 'abc-secret' }, async (feed, vendor) => {
      const error = await feed.done;
      expect(error).toMatchObject({ code: 'feed.key-refused', retriable: false });
      expect(vendor.received).toHaveLength(3);
      expect(JSON.stringify([String(error), feed.logLines, feed.events])).not.toContain('abc-secret');
    });
  }, 15_000);

  it('keeps the key out of what the vendor wrote', async () => {
    const script: VendorScript = { subscribed: symbols => [accepted(...symbols), 'bad gateway for abc-secret', aPrice()] };
    await withVendor(script, { apiKey: 'abc-secret' }, async feed => {
      await feed.until('a tick', () => feed.of('tick').length > 0);
      expect(feed.of('dead-letter')).toMatchObject([{ reason: 'malformed', value: 'bad gateway for [redacted]' }]);
    });
  });

  it('leaves a server that never answers the subscription', async () => {
    await withVendor({}, { timing: { answerTimeoutMs: 150 } }, async (feed, vendor) => {
      await feed.until('a second connection', () => vendor.received.length >= 2);
      expect(feed.logLines.find(line => line.level === 40)?.reason).toBe('no answer to the subscription');
      expect(feed.events).toEqual([]);
    });
  });

  it('takes no other clock than its own for the time, unless it is told to', async () => {
    const script: VendorScript = { subscribed: symbols => [accepted(...symbols), { event: 'simulated-time', timeMs: 5 }, aPrice()] };
    await withVendor(script, {}, async feed => {
      await feed.until('a tick', () => feed.of('tick').length > 0);
      expect(feed.of('dead-letter')).toMatchObject([{ reason: 'unknown' }]);
      expect(feed.of('tick')[0]?.receivedTimeMs).toBeGreaterThan(1_700_000_000_000);
    });
  });

  it.each([3_600_000, -3_600_000, 90_000])(
    'goes on counting while the clock is wrong by %d ms: no price is late, none ahead',
    async wrongMs => {
      let offsetMs = 0;
      let send: () => void = () => undefined;
      const connected: VendorScript['connected'] = socket => {
        send = () => socket.send(JSON.stringify(aPrice()));
      };
      await withVendor({ ...answering, connected }, { clock: () => Date.now() + offsetMs }, async feed => {
        await feed.until('a heartbeat', () => feed.of('heartbeat').length > 0);
        const { timeMs: beforeMs = 0 } = feed.of('heartbeat').at(-1) ?? {};
        offsetMs = wrongMs;
        const beats = feed.of('heartbeat').length;
        await feed.until('heartbeats by a wrong clock', () => feed.of('heartbeat').length > beats + 2);
        send();
        await feed.until('a price', () => feed.of('tick').length === 2);
        offsetMs = 0;
        await feed.until('heartbeats by the clock', () => feed.of('heartbeat').length > beats + 6);
        const times = feed.events.flatMap(event =>
          event.kind === 'heartbeat' ? [event.timeMs] : event.kind === 'tick' ? [event.receivedTimeMs] : [],
        );
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times.at(-1)).toBeGreaterThan(beforeMs + 1_000);
        expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
        expect(feed.of('session')).toHaveLength(1);
        expect(feed.of('dead-letter')).toEqual([]);
        expect(feed.logLines.map(({ msg }) => msg)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^the machine's clock jumped/), "the machine's clock is right again"]),
        );
      });
    },
  );

  it('goes by a clock that stays set, from a new session on, with a gap since the last price', async () => {
    let offsetMs = 0;
    await withVendor(answering, { clock: () => Date.now() + offsetMs, clockPatienceMs: 600 }, async feed => {
      await feed.until('a tick', () => feed.of('tick').length > 0);
      const [tick] = feed.of('tick');
      offsetMs = 3_600_000;
      await feed.until('a second session', () => feed.of('session').at(-1)?.session === 2);
      expect(feed.of('session').at(-1)).toMatchObject({
        previous: { reason: "the machine's clock was set 3600 s ahead", lastDataMs: tick?.receivedTimeMs },
      });
      expect(feed.of('session').at(-1)?.timeMs).toBeGreaterThan((tick?.receivedTimeMs ?? 0) + 3_600_000);
      const session = feed.events.findIndex(event => event.kind === 'session' && event.session === 2);
      const before = feed.events.slice(0, session).flatMap(event => (event.kind === 'heartbeat' && event.connected ? [event.timeMs] : []));
      expect(Math.max(...before)).toBeLessThanOrEqual(Date.now());
    });
  });

  it('stops at once, with two last heartbeats: until when nothing is missing, and that it is gone', async () => {
    const vendor = await startVendor(answering);
    const feed = startFeed({ url: vendor.url });
    await feed.until('a tick', () => feed.of('tick').length > 0);
    const startMs = performance.now();
    expect(await feed.stop()).toBeUndefined();
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(feed.events.slice(-2)).toMatchObject([
      { kind: 'heartbeat', connected: true },
      { kind: 'heartbeat', connected: false },
    ]);
    await vendor.close();
  });
});
