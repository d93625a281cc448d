import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import type { FeedRecord } from '@tapeline/core/records';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { Registry } from 'prom-client';
import { type ElectedIngester, type ElectedIngesterOptions, runElectedIngester } from '../src/elected-ingester.ts';
import type { FeedEvent, LastSession } from '../src/feed.ts';
import { wallStartMs } from './support/candidates.ts';
import { aHeartbeat, aSession, aTick, noonMs } from './support/events.ts';
import { aLogger } from './support/logger.ts';
import { ManualTime, settled } from './support/manual-time.ts';
import { MemoryLease, WayToLease } from './support/memory-lease.ts';
import { MemoryLog } from './support/memory-log.ts';

/** A feed that gives what a test pushes, each opening a session of its own, numbered as the real one numbers. */
class PushedFeed {
  session = 0;
  opened: { readonly last: LastSession | undefined; readonly first: number | undefined } | undefined;
  isOpen = false;
  #sequence = 0;
  #events: (FeedEvent | Error)[] = [];
  #wake: (() => void) | undefined;
  readonly #feed: string;

  constructor(feed = 'twelve-data/0') {
    this.#feed = feed;
  }

  async *open(last: LastSession | undefined, signal: AbortSignal, first?: number): AsyncGenerator<FeedEvent, void, undefined> {
    this.opened = { last, first };
    this.isOpen = true;
    this.#events = [];
    this.session = Math.max((last?.session ?? 0) + 1, first ?? 1);
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake, { once: true });
    yield aSession({ feed: this.#feed, session: this.session, ...(last === undefined ? {} : { previous: last }) });
    while (!signal.aborted) {
      for (const event of this.#events.splice(0)) {
        if (event instanceof Error) throw event;
        yield event;
      }
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    this.isOpen = false;
  }

  /** A price of the running session. */
  tick(price: number): void {
    this.#sequence += 1;
    const timeMs = noonMs + this.#sequence;
    this.push(aTick({ session: this.session, sequence: this.#sequence, price, timeMs, receivedTimeMs: timeMs }));
  }

  push(event: FeedEvent | Error): void {
    this.#events.push(event);
    this.#wake?.();
  }
}

interface Running {
  readonly ingester: ElectedIngester;
  readonly feed: PushedFeed;
  readonly way: WayToLease;
  readonly stop: AbortController;
  readonly lines: ReturnType<typeof aLogger>['lines'];
}

/** Ingesters that share a Lease and a log. */
class Pair {
  readonly time = new ManualTime();
  readonly log = new MemoryLog(1);
  readonly lease = new MemoryLease();

  start(identity: string, options: Partial<ElectedIngesterOptions> = {}): Running {
    const feed = new PushedFeed();
    const way = new WayToLease(this.lease);
    const stop = new AbortController();
    const { logger, lines } = aLogger();
    const { clock, pause } = this.time;
    const ingester = runElectedIngester({
      feeds: [{ feed: 'twelve-data/0', openFeed: (last, signal, first) => feed.open(last, signal, first) }],
      log: this.log,
      store: way,
      identity,
      clock,
      pause,
      wallClock: () => wallStartMs + clock(),
      // The same jitter each time: what is looked at is who wrote what, and when.
      random: () => 0.5,
      logger,
      registry: new Registry(),
      signal: stop.signal,
      ...options,
    });
    return { ingester, feed, way, stop, lines };
  }

  async written(): Promise<readonly string[]> {
    await settled();
    return this.log.records(0).map(shown);
  }
}

function shown(record: FeedRecord): string {
  if (record.kind === 'tick') return `tick ${record.session}/${record.sequence} ${record.price}`;
  return 'session' in record ? `${record.kind} ${record.session}` : record.kind;
}

describe('ingesters that stand by for each other', () => {
  it('feed only while they lead; the standby opens no connection and is ready', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await settled();
    const b = pair.start('b');
    await pair.time.advance(5_000);
    a.feed.tick(100);
    expect(await pair.written()).toEqual(['session 1000001', 'tick 1000001/1 100']);
    expect([a.ingester.role(), a.ingester.check()]).toEqual(['leader', undefined]);
    expect([b.ingester.role(), b.ingester.check(), b.feed.opened]).toEqual(['standby', undefined, undefined]);
  });

  it('number from the term, with the gap from the last price of the one before', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await settled();
    const b = pair.start('b');
    await pair.time.advance(5_000);
    a.feed.tick(100);
    await settled();
    a.stop.abort();
    await pair.time.advance(1_000);
    await a.ingester.finished;
    b.feed.tick(101);
    expect(await pair.written()).toEqual(['session 1000001', 'tick 1000001/1 100', 'session 2000001', 'tick 2000001/1 101']);
    expect(b.feed.opened).toEqual({
      last: { session: 1_000_001, reason: 'ended without a word', lastDataMs: noonMs + 1 },
      first: 2_000_001,
    });
  });

  it('write what they have before they let the Lease go', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await pair.time.advance(1_000);
    pair.log.hold();
    a.feed.tick(100);
    await settled();
    a.stop.abort();
    await pair.time.advance(1_000);
    expect(pair.lease.lease.holder).toBe('a');
    pair.log.resume();
    await a.ingester.finished;
    expect(pair.lease.lease.holder).toBeUndefined();
    expect(await pair.written()).toEqual(['session 1000001', 'tick 1000001/1 100']);
  });

  it('go on feeding while the API server is away, in the same session', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    const b = pair.start('b');
    await pair.time.advance(5_000);
    for (const each of [a, b]) each.way.condition = 'away';
    await pair.time.advance(60_000);
    a.feed.tick(100);
    expect(await pair.written()).toEqual(['session 1000001', 'tick 1000001/1 100']);
    expect([a.ingester.role(), a.ingester.check()]).toEqual(['leader', undefined]);
    expect([b.ingester.role(), b.ingester.check()]).toEqual(['standby', 'connect ECONNREFUSED']);
    for (const each of [a, b]) each.way.condition = 'well';
    await pair.time.advance(10_000);
    expect([a.ingester.role(), b.ingester.role(), pair.lease.lease.transitions]).toEqual(['leader', 'standby', 1]);
  });

  it('let the vendor go when only they cannot reach the API server and the log shows the session of a successor', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await settled();
    const b = pair.start('b');
    await pair.time.advance(5_000);
    a.way.condition = 'away';
    await pair.time.advance(6_500);
    expect(await pair.written()).toEqual(['session 1000001', 'session 2000001']);
    expect([a.ingester.role(), a.feed.isOpen, a.ingester.check()]).toEqual(['standby', false, 'connect ECONNREFUSED']);
    expect([b.ingester.role(), b.feed.isOpen]).toEqual(['leader', true]);
    expect(a.lines.map(line => line.msg)).toContain('term 1 is lost (the log shows a later one): feeding stops, standing by');
  });

  it('cannot both have ticks taken: what a leader that stood still writes afterwards is refused by the fold', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await settled();
    const b = pair.start('b');
    await pair.time.advance(5_000);
    a.feed.tick(100);
    await settled();
    // Its renewals hang, and it has not yet asked the log who leads.
    a.way.condition = 'silent';
    await pair.time.advance(4_500);
    b.feed.tick(200);
    await settled();
    // It reconnects and does not know: a session of its own, heartbeats, ticks.
    a.feed.tick(101);
    a.feed.push(aSession({ session: a.feed.session + 1 }));
    a.feed.push(aHeartbeat({ session: a.feed.session + 1, timeMs: noonMs + 3_600_000 }));
    a.feed.push(aTick({ session: a.feed.session + 1, price: 102, timeMs: noonMs + 50 }));
    await settled();
    b.feed.tick(201);
    expect(await pair.written()).toEqual([
      ...['session 1000001', 'tick 1000001/1 100', 'session 2000001', 'tick 2000001/1 200'],
      ...['tick 1000001/2 101', 'session 1000002', 'heartbeat 1000002', 'tick 1000002/1 102', 'tick 2000001/2 201'],
    ]);
    const fold = new PartitionFold({
      partition: 0,
      partitions: 1,
      intervals: ['1s'],
      allowedLatenessMs: 2_000,
      correctionHorizonMs: 60_000,
    });
    const taken: string[] = [];
    for (const record of pair.log.records(0)) {
      fold.apply(record, output => {
        if (output.kind === 'tick') taken.push(shown(output.tick));
        if (output.kind === 'dead-letter') taken.push(`${output.reason}: ${shown(output.record)}`);
        if (output.kind === 'bar') taken.push('a bar was closed');
      });
    }
    expect(taken).toEqual([
      ...['tick 1000001/1 100', 'tick 2000001/1 200', 'not-owner: tick 1000001/2 101', 'not-owner: session 1000002'],
      ...['not-owner: tick 1000002/1 102', 'tick 2000001/2 201'],
    ]);
  });

  it('number above the log when the Lease was made anew and counts from nought', async () => {
    const pair = new Pair();
    pair.lease.lease = { ...pair.lease.lease, transitions: 41 };
    const before = pair.start('a');
    await pair.time.advance(1_000);
    expect(before.feed.session).toBe(42_000_001);
    before.stop.abort();
    await pair.time.advance(1_000);
    pair.lease.lease = { ...pair.lease.lease, transitions: 0 };
    const after = pair.start('b');
    await pair.time.advance(2_000);
    expect(pair.lease.lease.transitions).toBe(43);
    expect(after.feed.session).toBe(43_000_001);
  });

  it('begin a new term when the numbers of one are used up', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await pair.time.advance(1_000);
    a.feed.push(aSession({ session: 2_000_000 }));
    await pair.time.advance(2_000);
    expect(await pair.written()).toEqual(['session 1000001', 'session 2000001']);
    expect(a.lines.map(line => line.msg)).toContain('term 1 has no session numbers left: going on under a new term');
  });

  it('lead several feeds in one term, and begin a new one for all when the numbers of one are used up', async () => {
    const pair = new Pair();
    const feed = new PushedFeed('feed-0/0');
    const other = new PushedFeed('feed-1/0');
    const feeds = [feed, other].map((each, index) => ({
      feed: `feed-${index}/0`,
      openFeed: (last: LastSession | undefined, signal: AbortSignal, first?: number) => each.open(last, signal, first),
    }));
    const a = pair.start('a', { feeds });
    await pair.time.advance(1_000);
    feed.push(aSession({ feed: 'feed-0/0', session: 2_000_000 }));
    await pair.time.advance(2_000);
    expect(await pair.written()).toEqual(['session 1000001', 'session 1000001', 'session 2000001', 'session 2000001']);
    expect(a.ingester.role()).toBe('leader');
  });

  it('end when the key is refused, and let the Lease go', async () => {
    const pair = new Pair();
    const a = pair.start('a');
    await pair.time.advance(1_000);
    a.feed.push(new PipelineError('feed.key-refused', 'the key was refused 3 times', { retriable: false }));
    await expect(a.ingester.finished).rejects.toThrow('the key was refused 3 times');
    expect(pair.lease.lease.holder).toBeUndefined();
  });
});
