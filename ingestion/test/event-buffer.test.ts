import { describe, expect, it } from '@jest/globals';
import { encodeRecord } from '@tapeline/core/record-codec';
import { EventBuffer } from '../src/event-buffer.ts';
import { EventQueue } from '../src/event-queue.ts';
import type { FeedEvent } from '../src/feed.ts';
import { type TickRun, TickRuns } from '../src/hot/tick-run.ts';
import { aGap, aHeartbeat, aSession, aTick, noonMs } from './support/events.ts';

const bufferOf = (limitEvents: number, dropped?: (event: FeedEvent) => void) =>
  new EventBuffer({ feed: 'twelve-data/0', reason: 'ingester buffer full', limitEvents, limitBytes: 1e9, dropped });

const tickAt = (sequence: number, symbol = 'BTC/USD') =>
  aTick({ sequence, symbol, timeMs: noonMs + sequence, receivedTimeMs: noonMs + 1_000 + sequence });

describe('a full buffer', () => {
  it('gives out what it took in, in order', () => {
    const buffer = bufferOf(10);
    for (let sequence = 1; sequence <= 5; sequence += 1) buffer.push(tickAt(sequence));
    expect(buffer.take(2)).toMatchObject([{ sequence: 1 }, { sequence: 2 }]);
    expect(buffer.take(9)).toMatchObject([{ sequence: 3 }, { sequence: 4 }, { sequence: 5 }]);
    expect(buffer.take(9)).toEqual([]);
  });

  it('drops ticks and accounts for them in one gap record, before what comes later', () => {
    let dropped = 0;
    const buffer = bufferOf(4, () => {
      dropped += 1;
    });
    for (let sequence = 1; sequence <= 4; sequence += 1) buffer.push(tickAt(sequence));
    buffer.push(tickAt(5, 'ETH/USD'));
    buffer.push(tickAt(6));
    buffer.push(tickAt(7, 'ETH/USD'));
    expect(dropped).toBe(3);
    buffer.take(2);
    buffer.push(tickAt(8));
    expect(buffer.take(9)).toEqual([
      tickAt(3),
      tickAt(4),
      {
        v: 1,
        kind: 'gap',
        feed: 'twelve-data/0',
        session: 1,
        symbols: ['ETH/USD', 'BTC/USD'],
        fromMs: noonMs + 5,
        toMs: noonMs + 8,
        reason: 'ingester buffer full',
        lost: 3,
        newBaseline: true,
        receivedTimeMs: noonMs + 1_007,
      },
      tickAt(8),
    ]);
  });

  it('waits until it is half empty, so that a slow reader gets one gap and not one for each tick', () => {
    const buffer = bufferOf(4);
    for (let sequence = 1; sequence <= 5; sequence += 1) buffer.push(tickAt(sequence));
    buffer.take(1);
    buffer.push(tickAt(6));
    buffer.take(1);
    expect(buffer.take(9)).toMatchObject([{ sequence: 3 }, { sequence: 4 }, { kind: 'gap', lost: 2 }]);
  });

  it('lets no heartbeat overtake a loss', () => {
    const buffer = bufferOf(2);
    for (let sequence = 1; sequence <= 3; sequence += 1) buffer.push(tickAt(sequence));
    buffer.push(aHeartbeat());
    expect(buffer.take(9).map(event => event.kind)).toEqual(['tick', 'tick']);
    buffer.push(aHeartbeat());
    expect(buffer.take(9).map(event => event.kind)).toEqual(['gap', 'heartbeat']);
  });

  it('keeps one heartbeat of many when nothing but heartbeats comes', () => {
    const buffer = bufferOf(4);
    for (let second = 0; second < 100; second += 1) buffer.push(aHeartbeat({ timeMs: noonMs + second }));
    expect(buffer.size).toBe(2);
    expect(buffer.take(9).at(-1)).toMatchObject({ timeMs: noonMs + 99 });
  });

  it('keeps the newest session that began meanwhile, and the absence before it in the gap', () => {
    const buffer = bufferOf(2);
    buffer.push(aSession({ session: 1 }));
    buffer.take(1);
    for (let sequence = 1; sequence <= 3; sequence += 1) buffer.push(tickAt(sequence));
    buffer.push(aSession({ session: 2, timeMs: noonMs + 9_000, previous: { session: 1, reason: 'mute', lastDataMs: noonMs + 3 } }));
    buffer.push(tickAt(4));
    buffer.push(aSession({ session: 3, timeMs: noonMs + 20_000, previous: { session: 2, reason: 'mute', lastDataMs: noonMs + 10_000 } }));
    buffer.take(2);
    expect(buffer.take(9)).toMatchObject([
      { kind: 'gap', fromMs: noonMs + 3, toMs: noonMs + 9_001, lost: 2 },
      { kind: 'session', session: 3 },
    ]);
  });

  it('tells the gap of a symbol behind the session that it came with', () => {
    const buffer = bufferOf(2);
    buffer.push(aSession({ session: 1, symbols: ['BTC/USD'] }));
    buffer.take(1);
    for (let sequence = 1; sequence <= 3; sequence += 1) buffer.push(tickAt(sequence));
    buffer.push(aSession({ session: 1, symbols: ['BTC/USD', 'ETH/USD'] }));
    buffer.push(tickAt(4, 'ETH/USD'));
    buffer.take(2);
    expect(buffer.take(9)).toMatchObject([
      { kind: 'gap', symbols: ['BTC/USD'], fromMs: noonMs + 3, toMs: noonMs + 5, lost: 2 },
      { kind: 'session', session: 1, symbols: ['BTC/USD', 'ETH/USD'] },
      { kind: 'gap', symbols: ['ETH/USD'], fromMs: noonMs + 3, toMs: noonMs + 5, lost: 0 },
    ]);
  });

  it('is full by memory too', () => {
    const buffer = new EventBuffer({ feed: 'twelve-data/0', reason: 'full', limitEvents: 1_000, limitBytes: 2_048 });
    for (let sequence = 1; sequence <= 10; sequence += 1) buffer.push(tickAt(sequence));
    expect(buffer.take(99)).toHaveLength(4);
    expect(buffer.take(99)).toMatchObject([{ kind: 'gap', lost: 6 }]);
  });

  it('takes a gap that the feed itself reports', () => {
    const buffer = bufferOf(1);
    buffer.push(tickAt(1));
    buffer.push(aGap({ lost: 5 }));
    expect(buffer.take(9)).toMatchObject([{ kind: 'tick' }, { kind: 'gap', lost: 5 }]);
  });
});

describe('a queue', () => {
  it('gives a reader what was lost while it was slow', async () => {
    const queue = new EventQueue({ feed: 'twelve-data/0', reason: 'ingester buffer full', limitEvents: 10, limitBytes: 1e9 });
    queue.push(Array.from({ length: 25 }, (_, index) => tickAt(index + 1)));
    queue.end();
    const events = [];
    for await (const event of queue.read()) events.push(event);
    expect(events).toHaveLength(11);
    expect(events.at(-1)).toMatchObject({ kind: 'gap', lost: 15, fromMs: noonMs + 11, toMs: noonMs + 26 });
  });
});

describe('the pressure of a queue', () => {
  it('is told when half of it is taken up, and when less than a quarter is', async () => {
    const queue = new EventQueue({ feed: 'twelve-data/0', reason: 'ingester buffer full', limitEvents: 4_000, limitBytes: 1e9 });
    const told: boolean[] = [];
    queue.watchPressure(isPressed => told.push(isPressed));
    const ticks = (count: number) => Array.from({ length: count }, (_, index) => tickAt(index + 1));
    queue.push(ticks(1_999));
    expect(told).toEqual([]);
    queue.push(ticks(1));
    queue.push(ticks(1_000));
    expect(told).toEqual([true]);
    const reading = queue.read();
    // A reader takes a thousand at once.
    for (let read = 0; read < 2_000; read += 1) await reading.next();
    expect(told).toEqual([true]);
    await reading.next();
    expect(told).toEqual([true, false]);
  });

  it('is told of a run that grows while it waits', () => {
    const queue = new EventQueue({ feed: 'twelve-data/0', reason: 'ingester buffer full', limitEvents: 4, limitBytes: 1e9 });
    const told: boolean[] = [];
    queue.watchPressure(isPressed => told.push(isPressed));
    const run = new TickRuns(1).take(1);
    run.added(noonMs, noonMs);
    queue.push([run]);
    run.added(noonMs, noonMs);
    queue.push([]);
    expect(told).toEqual([true]);
  });
});

describe('a run of ticks in a buffer', () => {
  const runs = new TickRuns(1);
  const runOf = (...sequences: readonly number[]) => {
    const run = runs.take(3);
    for (const sequence of sequences) grow(run, sequence);
    return run;
  };
  const grow = (run: TickRun, sequence: number) => {
    const tick = tickAt(sequence, sequence % 2 === 0 ? 'ETH/USD' : 'BTC/USD');
    const value = encodeRecord(tick);
    run.blocks[0]?.add(Buffer.from(tick.symbol), value, 0, value.length);
    run.added(tick.timeMs, tick.receivedTimeMs);
  };

  it('counts as so many ticks, also those that came while it waited', () => {
    const buffer = bufferOf(10);
    const run = runOf(1, 2);
    buffer.push(run);
    grow(run, 3);
    expect(buffer.size).toBe(3);
    buffer.push(tickAt(4));
    expect(buffer.size).toBe(4);
    expect(buffer.take(2)).toEqual([run]);
    expect(buffer.size).toBe(1);
    expect(buffer.take(2)).toEqual([tickAt(4)]);
    expect([buffer.size, buffer.isEmpty]).toEqual([0, true]);
  });

  it('counts with what came while it was left behind, for being too many at once', () => {
    const buffer = bufferOf(10);
    buffer.push(tickAt(1));
    const run = runOf(2, 3);
    buffer.push(run);
    expect(buffer.take(2)).toEqual([tickAt(1)]);
    grow(run, 4);
    expect(buffer.size).toBe(3);
    expect(buffer.take(2)).toEqual([run]);
    expect([buffer.size, buffer.fill]).toEqual([0, 0]);
  });

  it('grows on while it is dropped, is accounted for as a whole as soon as there is room, and is used again', () => {
    const dropped: number[] = [];
    const buffer = bufferOf(2, event => dropped.push(event.kind === 'ticks' ? event.count : -1));
    buffer.push(runOf(1, 2));
    const lost = runOf(3, 4);
    buffer.push(lost);
    grow(lost, 5);
    expect([dropped, lost.isSealed]).toEqual([[], false]);
    expect(buffer.take(9)).toHaveLength(1);
    expect([dropped, lost.isSealed]).toEqual([[3], true]);
    expect(buffer.take(9)).toMatchObject([
      {
        kind: 'gap',
        session: 3,
        symbols: ['BTC/USD', 'ETH/USD'],
        fromMs: noonMs + 3,
        toMs: noonMs + 6,
        lost: 3,
        receivedTimeMs: noonMs + 1_005,
      },
    ]);
    expect(runs.take(4)).toBe(lost);
  });

  it('is accounted for before what comes behind it while it is dropped', () => {
    const buffer = bufferOf(2);
    buffer.push(aSession({ symbols: ['BTC/USD', 'ETH/USD'] }));
    buffer.take(1);
    buffer.push(runOf(1, 2));
    buffer.push(runOf(3, 4));
    buffer.push(tickAt(5));
    buffer.push(runOf(6));
    buffer.push(aSession({ session: 4 }));
    buffer.take(9);
    expect(buffer.take(9)).toMatchObject([
      { kind: 'gap', lost: 4, fromMs: noonMs + 3, toMs: noonMs + 7, symbols: ['BTC/USD', 'ETH/USD'] },
      { kind: 'session', session: 4 },
    ]);
  });

  it('is closed in a queue by what comes behind it', async () => {
    const queue = new EventQueue({ feed: 'twelve-data/0', reason: 'ingester buffer full', limitEvents: 10, limitBytes: 1e9 });
    const run = runOf(1);
    queue.push([run]);
    queue.push([]);
    expect(run.isSealed).toBe(false);
    queue.push([aHeartbeat()]);
    expect(run.isSealed).toBe(true);
  });
});
