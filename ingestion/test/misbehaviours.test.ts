import { afterEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import type { Misbehaviour } from '@tapeline/simulator/misbehaviours/misbehaviour';
import { type Simulator, type SimulatorOptions, startSimulator } from '@tapeline/simulator/simulator';
import { aLogger } from './support/logger.ts';
import { type RunningFeed, startFeed } from './support/running-feed.ts';

let simulator: Simulator | undefined;
let feed: RunningFeed | undefined;

afterEach(async () => {
  await feed?.stop();
  await simulator?.close();
});

const symbols = ['BTC/USD', 'ETH/USD'];

/** A simulator that does this wrong, and a feed that reads it. */
async function meet(
  misbehaviour: Misbehaviour | readonly Misbehaviour[],
  options: Omit<Parameters<typeof startFeed>[0], 'url'> = {},
  market: Partial<SimulatorOptions> = {},
): Promise<{ readonly feed: RunningFeed; readonly simulator: Simulator }> {
  const { logger } = aLogger();
  simulator = await startSimulator({ seed: 7, logger, misbehaviour, market: { instruments: symbols, ticksPerSecond: 100 }, ...market });
  feed = startFeed({ url: simulator.url, symbols, ...options });
  return { feed, simulator };
}

const ticksOf = (running: RunningFeed, session: number) => running.of('tick').filter(tick => tick.session === session);

describe('the feed, when the server misbehaves', () => {
  it.each([200, 401, 403] as const)(
    'believes a refused key (HTTP %i) after three attempts, well within 15 s, and names the remedy',
    async status => {
      const startMs = performance.now();
      const met = await meet({ kind: 'refuse-key', status }, { apiKey: 'a-secret-key' });
      const error = await met.feed.done;
      expect(error).toMatchObject({
        code: 'feed.key-refused',
        retriable: false,
        message: expect.stringContaining('set TWELVE_DATA_API_KEY to a valid key'),
      });
      expect(met.simulator.attempts.map(attempt => [attempt.status, attempt.keyIn])).toEqual([
        [status, 'header'],
        [status, 'header'],
        [status, 'header'],
      ]);
      expect(performance.now() - startMs).toBeLessThan(8_000);
      expect(JSON.stringify([String(error), met.feed.logLines])).not.toContain('a-secret-key');
    },
  );

  it('takes a key that is accepted in the end', async () => {
    const met = await meet({ kind: 'refuse-key', connections: 2 });
    await met.feed.until('a tick', () => met.feed.of('tick').length > 0);
    expect(met.simulator.attempts.map(attempt => attempt.status)).toEqual([200, 200, 101]);
  });

  it('tries again after a 502, more often than it would with a refused key', async () => {
    const met = await meet({ kind: 'bad-gateway', connections: 5 }, { random: () => 0.05 });
    await met.feed.until('a tick', () => met.feed.of('tick').length > 0);
    expect(met.simulator.attempts.map(attempt => attempt.status)).toEqual([502, 502, 502, 502, 502, 101]);
    expect(met.feed.logLines.filter(line => line.level === 40).map(line => line.waitMs)).toEqual([25, 50, 100, 200, 400]);
  });

  it('lives with refused symbols, and does not ask for them again at once, nor with a reconnect', async () => {
    const met = await meet({ kind: 'refuse-symbols', symbols: ['ETH/USD'] });
    await met.feed.until('a tick', () => met.feed.of('tick').length > 0);
    met.simulator.dropConnections();
    await met.feed.until('a tick of the next session', () => ticksOf(met.feed, 2).length > 0);
    expect(met.feed.of('session')).toMatchObject([
      { session: 1, symbols: ['BTC/USD'], refused: [{ symbol: 'ETH/USD', reason: 'You are not authorized to access ETH/USD data.' }] },
      { session: 2, symbols: ['BTC/USD'], refused: [{ symbol: 'ETH/USD' }] },
    ]);
    const asked = met.simulator.connections.map(({ messages }) =>
      messages.filter(message => JSON.stringify(message).includes('"subscribe"')),
    );
    expect(asked).toEqual([
      [{ action: 'subscribe', params: { symbols: 'BTC/USD,ETH/USD' } }],
      [{ action: 'subscribe', params: { symbols: 'BTC/USD' } }],
    ]);
  });

  it('says loudly that the plan is used up, and keeps the connection instead of storming', async () => {
    const met = await meet({ kind: 'plan-exhausted' });
    await met.feed.until('the refusal', () => met.feed.logLines.some(line => line.level === 50));
    expect(met.feed.logLines.find(line => line.level === 50)?.msg).toBe(
      'the plan has no WebSocket credits for 2 symbols: take fewer symbols, or a larger plan; asking again in 900000 ms',
    );
    await pause(700);
    expect(met.simulator.attempts).toHaveLength(1);
    expect(met.feed.of('session')).toMatchObject([{ symbols: [], refused: [{ symbol: 'BTC/USD' }, { symbol: 'ETH/USD' }] }]);
  });

  it('takes "success":null for an answer and owns what it is sent', async () => {
    const met = await meet({ kind: 'null-success' });
    await met.feed.until('both symbols', () => new Set(met.feed.of('tick').map(tick => tick.symbol)).size === 2);
    expect(met.feed.of('session').map(record => record.symbols.length)).toEqual([0, 1, 2]);
    expect(met.simulator.attempts).toHaveLength(1);
  });

  it('begins its session with the first price when the subscription is never answered', async () => {
    const met = await meet({ kind: 'unanswered' });
    await met.feed.until('ticks', () => met.feed.of('tick').length > 5);
    expect(met.feed.events.slice(0, 2).map(event => event.kind)).toEqual(['session', 'tick']);
    expect(met.simulator.attempts).toHaveLength(1);
  });

  it('reconnects and resubscribes after a drop without a close code', async () => {
    const met = await meet({ kind: 'drop', afterMessages: 10, connections: 1 }, { random: () => 0.99 });
    await met.feed.until('a tick of the next session', () => ticksOf(met.feed, 2).length > 0);
    const last = ticksOf(met.feed, 1).at(-1);
    expect(last?.sequence).toBe(10);
    expect(met.feed.of('session')[1]).toMatchObject({
      session: 2,
      symbols: expect.arrayContaining(symbols),
      previous: { session: 1, reason: 'connection ended without a close code', lastDataMs: last?.receivedTimeMs },
    });
    expect(ticksOf(met.feed, 2)[0]?.sequence).toBe(1);
    expect(met.feed.of('heartbeat').some(heartbeat => !heartbeat.connected && heartbeat.session === 1)).toBe(true);
  });

  it('says which close code the server gave', async () => {
    const met = await meet({ kind: 'drop', afterMessages: 3, code: 1008, connections: 1 });
    await met.feed.until('the next session', () => met.feed.of('session').length === 2);
    expect(met.feed.of('session')[1]?.previous?.reason).toBe('connection closed by the server with code 1008');
  });

  it('leaves a mute feed after exactly the time that was set, and its gap starts at the last price', async () => {
    const met = await meet({ kind: 'mute', afterMessages: 10, connections: 1 }, { muteTimeoutMs: 600 });
    await met.feed.until('a tick of the next session', () => ticksOf(met.feed, 2).length > 0);
    const last = ticksOf(met.feed, 1).at(-1);
    const next = met.feed.of('session')[1];
    expect(next?.previous).toEqual({ session: 1, reason: 'mute', lastDataMs: last?.receivedTimeMs });
    const leftAfterMs = (met.simulator.connections[0]?.closedMs ?? 0) - (last?.receivedTimeMs ?? 0);
    expect(leftAfterMs).toBeGreaterThanOrEqual(600);
    expect(leftAfterMs).toBeLessThan(1_500);
  });

  it('does not leave a quiet feed before that time', async () => {
    const met = await meet([], { muteTimeoutMs: 2_000 }, { market: { instruments: symbols, ticksPerSecond: 4 } });
    await pause(2_500);
    expect(met.simulator.attempts).toHaveLength(1);
  });

  it('leaves a dead connection, on which not even pings are answered', async () => {
    const met = await meet(
      { kind: 'dead', afterMessages: 5, connections: 1 },
      { muteTimeoutMs: 60_000, timing: { pingIntervalMs: 100, pongTimeoutMs: 500 } },
    );
    await met.feed.until('a tick of the next session', () => ticksOf(met.feed, 2).length > 0);
    expect(met.feed.of('session')[1]?.previous).toEqual({
      session: 1,
      reason: 'no pong',
      lastDataMs: ticksOf(met.feed, 1).at(-1)?.receivedTimeMs,
    });
  });

  it('gives out a price that is sent again in a new session: whether it is a repetition is for the fold to say', async () => {
    const met = await meet([{ kind: 'repeat-last' }, { kind: 'drop', afterMessages: 10, connections: 1 }]);
    await met.feed.until('a tick of the next session', () => ticksOf(met.feed, 2).length > 0);
    const [first] = ticksOf(met.feed, 2);
    const before = ticksOf(met.feed, 1)
      .filter(tick => tick.symbol === first?.symbol)
      .at(-1);
    expect([first?.sourceTimeMs, first?.price, first?.dayVolume, first?.sequence]).toEqual([
      before?.sourceTimeMs,
      before?.price,
      before?.dayVolume,
      1,
    ]);
  });

  it('gives each copy of a duplicated price a sequence of its own', async () => {
    const met = await meet({ kind: 'duplicate', copies: 2 });
    await met.feed.until('ticks', () => met.feed.of('tick').length >= 9);
    const ticks = met.feed.of('tick').slice(0, 9);
    expect(ticks.map(tick => tick.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(ticks[0]?.price).toBe(ticks[2]?.price);
  });

  it('keeps the order in which reordered prices came, with the times that they have', async () => {
    const met = await meet({ kind: 'reorder', within: 10 }, { symbols: ['BTC/USD', 'ETH/USD'] });
    await met.feed.until('ticks', () => met.feed.of('tick').length >= 20);
    const ticks = met.feed.of('tick').slice(0, 20);
    expect(ticks.map(tick => tick.sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const received = ticks.map(tick => tick.receivedTimeMs);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(met.feed.of('dead-letter')).toEqual([]);
  });

  it('gives a late price the time of its stamp and not of its receipt', async () => {
    const met = await meet(
      { kind: 'delay', every: 5, delayMs: 2_500 },
      { symbols: ['ETH/USD'] },
      { market: { instruments: ['ETH/USD'], ticksPerSecond: 20 } },
    );
    const isLate = (tick: { readonly receivedTimeMs: number; readonly timeMs: number }) => tick.receivedTimeMs - tick.timeMs > 1_400;
    await met.feed.until('a late tick', () => met.feed.of('tick').some(isLate));
    const late = met.feed.of('tick').find(isLate);
    expect(late?.timeMs).toBe((late?.sourceTimeMs ?? 0) + 999);
  });

  it('refuses a stamp from the future, and goes on with the others', async () => {
    const met = await meet({ kind: 'future', every: 3 });
    await met.feed.until('refusals', () => met.feed.of('dead-letter').length >= 3);
    for (const letter of met.feed.of('dead-letter')) {
      expect(letter).toMatchObject({
        reason: 'future',
        origin: 'twelve-data/0 session 1',
        detail: expect.stringMatching(/^timestamp: \d+ ms ahead/),
      });
    }
    const ticks = met.feed.of('tick');
    expect(ticks.map(tick => tick.sequence)).toEqual(ticks.map((_, index) => index + 1));
    for (const tick of ticks) expect(tick.timeMs).toBeLessThanOrEqual(tick.receivedTimeMs);
  });

  it('puts every malformed message into the dead letters, by field and reason, and loses no price', async () => {
    const met = await meet({ kind: 'malformed' });
    await met.feed.until('each form', () => met.feed.of('dead-letter').length >= 11);
    expect(new Set(met.feed.of('dead-letter').map(letter => letter.reason))).toEqual(new Set(['malformed']));
    const details = met.feed
      .of('dead-letter')
      .slice(0, 11)
      .map(letter => letter.detail.replace(/was .*$/, 'was …'));
    expect(details).toEqual([
      'message must be JSON',
      'message must be JSON',
      'message must be an object',
      'symbol must be text of 1 to 64 characters, was …',
      'symbol must be text of 1 to 64 characters, was …',
      'timestamp must be a whole number up to 8640000000000, was …',
      'price must be a number above 0, was …',
      'price must be a number above 0, was …',
      'price must be a number above 0, was …',
      'price must be a number above 0, was …',
      'price must be a number above 0, was …',
    ]);
    const sequences = met.feed.of('tick').map(tick => tick.sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    expect(met.simulator.attempts).toHaveLength(1);
  });

  it('puts unknown events into the dead letters with their text', async () => {
    const met = await meet({ kind: 'unknown-events' });
    await met.feed.until('both kinds', () => met.feed.of('dead-letter').length >= 2);
    expect(met.feed.of('dead-letter').slice(0, 2)).toMatchObject([
      {
        reason: 'unknown',
        detail: 'event must be one that is documented, was "maintenance"',
        value: '{"event":"maintenance","message":"scheduled for the weekend"}',
      },
      { reason: 'unknown', detail: 'event must be one that is documented, was absent' },
    ]);
  });

  it('leaves a server that sends a huge message, rather than holding it in memory', async () => {
    const met = await meet({ kind: 'huge', bytes: 3_000_000, connections: 1 });
    await met.feed.until('a tick of the next session', () => ticksOf(met.feed, 2).length > 0);
    expect(met.feed.of('session')[1]?.previous?.reason).toBe('connection failed: Max payload size exceeded');
  });
});
