import { describe, expect, it } from '@jest/globals';
import type { WebSocket } from 'ws';
import type { RunningFeed } from './support/running-feed.ts';
import { withVendor } from './support/scripted-feed.ts';
import { mapperOf, price, receive, status, t0 } from './support/session-mapping.ts';
import { accepted, aPrice, type VendorScript } from './support/vendor-server.ts';

/** Longer than what counts as busy. */
const standstillMs = 2_500;

/** As when the machine sleeps or the process is stopped: sockets go on in the kernel, nothing else does. */
function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, standstillMs);
}

interface Scene {
  readonly sockets: WebSocket[];
  readonly script: VendorScript;
}

function aScene(): Scene {
  const sockets: WebSocket[] = [];
  const subscribed = (symbols: readonly string[], _number: number, socket: WebSocket) => {
    sockets.push(socket);
    return [accepted(...symbols), aPrice()];
  };
  return { sockets, script: { subscribed } };
}

const lastHeartbeat = (feed: RunningFeed) => feed.of('heartbeat').at(-1);
const secondSession = (feed: RunningFeed) => feed.of('session').find(({ session }) => session === 2);

/** Gives the receipt of the last price before it. */
async function beginning(feed: RunningFeed): Promise<number> {
  await feed.until('a heartbeat after the first price', () => lastHeartbeat(feed)?.lastDataMs !== undefined);
  return lastHeartbeat(feed)?.lastDataMs ?? 0;
}

describe('a process that stood still', () => {
  it('begins the gap before the standstill when the connection was lost in it, though a price had waited in the socket', async () => {
    const { sockets, script } = aScene();
    await withVendor(script, {}, async feed => {
      const lastDataMs = await beginning(feed);
      sockets[0]?.send(JSON.stringify(aPrice({ price: 101 })));
      sockets[0]?.terminate();
      standStill();
      const wokenMs = Date.now();
      await feed.until('the next session', () => secondSession(feed) !== undefined);
      const receivedTimeMs = feed.of('tick')[1]?.receivedTimeMs;
      expect(feed.of('gap')).toMatchObject([{ session: 1, symbols: ['BTC/USD'], fromMs: lastDataMs, toMs: receivedTimeMs, lost: 0 }]);
      expect(secondSession(feed)?.previous).toMatchObject({ session: 1, lastDataMs: receivedTimeMs });
      expect(feed.of('tick')[1]).toMatchObject({ session: 1, price: 101 });
      expect(feed.of('heartbeat').filter(({ timeMs, connected, session }) => timeMs >= wokenMs && connected && session === 1)).toEqual([]);
    });
  });

  it('says nothing of the time since until a connection that may be dead has answered', async () => {
    const { sockets, script } = aScene();
    await withVendor(script, { timing: { pingIntervalMs: 200, pongTimeoutMs: 1_000 } }, async feed => {
      const lastDataMs = await beginning(feed);
      const socket = sockets[0];
      // Nothing is read any more, so nothing is answered.
      socket?.pause();
      socket?.send(JSON.stringify(aPrice({ price: 101 })));
      // Into the kernel before the standstill.
      await new Promise(resolve => socket?.ping('', undefined, resolve));
      standStill();
      const wokenMs = Date.now();
      await feed.until('the next session', () => secondSession(feed) !== undefined);
      expect(secondSession(feed)?.previous).toMatchObject({ session: 1, reason: 'no pong' });
      const missing = feed.of('gap')[0] ?? secondSession(feed)?.previous;
      const sinceMs = missing !== undefined && 'fromMs' in missing ? missing.fromMs : missing?.lastDataMs;
      expect(sinceMs).toBeGreaterThanOrEqual(lastDataMs);
      expect(sinceMs).toBeLessThan(wokenMs - standstillMs + 100);
      expect(feed.of('heartbeat').filter(({ timeMs, connected, session }) => timeMs >= wokenMs && connected && session === 1)).toEqual([]);
    });
  });

  it('goes on in its session when the connection has outlived it', async () => {
    const { script } = aScene();
    await withVendor(script, {}, async feed => {
      await beginning(feed);
      standStill();
      const wokenMs = Date.now();
      await feed.until('a heartbeat', () => (lastHeartbeat(feed)?.timeMs ?? 0) >= wokenMs);
      expect(lastHeartbeat(feed)).toMatchObject({ session: 1, connected: true });
    });
  });
});

describe('the end of a session', () => {
  const ended = (endMs: number) => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('BTC/USD', 'ETH/USD'), t0);
    receive(mapper, price(), t0 + 100);
    mapper.heartbeat(t0 + 250);
    receive(mapper, price(), t0 + 1_500);
    expect(mapper.isHeldUp(endMs)).toBe(endMs >= t0 + 2_250);
    return mapper.endSession('closed', endMs);
  };

  it('tells a gap of all symbols when it had no heartbeat for long and something was received since', () => {
    expect(ended(t0 + 2_000)).toEqual([]);
    expect(ended(t0 + 3_000)).toMatchObject([
      { kind: 'gap', session: 1, symbols: ['BTC/USD', 'ETH/USD'], fromMs: t0 + 100, toMs: t0 + 1_500, receivedTimeMs: t0 + 3_000 },
    ]);
  });

  it('tells none where nothing was received since: the next session begins its gap there', () => {
    const mapper = mapperOf();
    mapper.beginSession(t0);
    receive(mapper, status('BTC/USD'), t0);
    receive(mapper, price(), t0 + 100);
    mapper.heartbeat(t0 + 250);
    expect(mapper.endSession('closed', t0 + 9_000)).toEqual([]);
    expect(mapper.heartbeat(t0 + 9_000)).toMatchObject([{ connected: false, lastDataMs: t0 + 100 }]);
  });
});
