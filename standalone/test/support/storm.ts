/**
 * A storm: a feed through sessions that each go wrong in a way of their own, over a real socket, while its list of symbols changes, into a log that may be slow.
 * What is drawn follows from the seed; when it happens, from the machine, and so does what it meets.
 */
import { createLogger } from '@tapeline/core/logging';
import type { FeedEvent, PlainEvent } from '@tapeline/ingestion/feed';
import { type Ingester, runIngester } from '@tapeline/ingestion/ingester';
import type { TickTotals } from '@tapeline/ingestion/tick-counters';
import { twelveDataFeed } from '@tapeline/ingestion/twelve-data/twelve-data-feed';
import type { ConnectionHistory } from '@tapeline/simulator/connection-journal';
import type { Misbehaviour } from '@tapeline/simulator/misbehaviours/misbehaviour';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { MemoryLog } from '../../../ingestion/test/support/memory-log.ts';
import { ticksOf } from '../../../ingestion/test/support/run-ticks.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { type Random, randomOf } from '../../../test/support/random.ts';

export interface StormOptions {
  readonly seed: number;
  readonly sessions: number;
  /** The vendor keeps no price back and sends them in their order: what is missing was lost with a connection. */
  readonly inOrder?: boolean;
  /** The log stands still now and then, and what waits for it is bounded: prices are lost. */
  readonly slowLog: boolean;
  /** In place of a simulator in the machine's time; it says the time itself. */
  readonly vendor?: StormVendor;
}

/** What a storm needs of a simulator. */
export type StormVendor = Pick<Simulator, 'url' | 'connections' | 'misbehave' | 'behave' | 'dropConnections' | 'close'> & {
  /** After the storm it goes on by so long, in its own time, as fast as it is read; gives the time of its last price. */
  readonly playOn: (ms: number) => Promise<number>;
};

/** Everything that anybody may want to compare afterwards. */
export interface StormReport {
  /** All that the feed gave out, in order, each tick alone. */
  readonly events: readonly PlainEvent[];
  readonly totals: TickTotals;
  readonly log: MemoryLog;
  /** The vendor's own account: what each connection was sent. */
  readonly connections: readonly ConnectionHistory[];
}

export const stormSymbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'EUR/USD'];
/** Half of what the simulator remembers, for not every connection becomes a session. */
export const mostSessions = 500;

const feedName = 'twelve-data/0';
const timing = { pingIntervalMs: 40, pongTimeoutMs: 160, answerTimeoutMs: 250, handshakeTimeoutMs: 10_000, retryRefusedMs: 300 };
const muteTimeoutMs = 200;
/** Of a vendor's own time, in which all that the storm touched comes to its end. */
const calmMs = 3 * 3_600_000;
/** Events that may wait for a slow log; fewer than a session brings, for a run of ticks is taken whole. */
const slowBuffer = 20;

/** Runs the storm to its end, and some calm after it. */
export async function runStorm({ seed, sessions, slowLog, inOrder = false, vendor }: StormOptions): Promise<StormReport> {
  const logger = createLogger({ name: 'storm', level: 'silent', secrets: [] });
  const random = randomOf(seed);
  const log = new MemoryLog(4);
  const simulator = vendor ?? (await startSimulator({ seed, logger, market: { instruments: stormSymbols, ticksPerSecond: 1_000 } }));
  const stop = new AbortController();
  const events: PlainEvent[] = [];
  let isCalm = false;
  let symbols = stormSymbols;
  const changing = setInterval(() => {
    if (random.next() < 0.2) symbols = listOf(random);
  }, 100);
  const between = () => {
    const plan = isCalm ? [] : planOf(random);
    weather(simulator, inOrder ? plan.filter(({ kind }) => kind !== 'delay' && kind !== 'reorder') : plan);
    log.resume();
    if (slowLog && !isCalm && random.next() < 0.4) log.hold();
    return 0;
  };
  const ingester = runIngester({
    feed: feedName,
    log,
    logger,
    registry: new Registry(),
    signal: stop.signal,
    ...(slowLog ? { maxBufferedEvents: slowBuffer } : {}),
    openFeed: (lastSession, signal, _firstSession, partitions) => {
      between();
      const feed = twelveDataFeed({
        url: simulator.url,
        symbols,
        symbolsNow: () => symbols,
        clock: Date.now,
        feedClock: vendor !== undefined,
        muteTimeoutMs,
        timing,
        logger,
        registry: new Registry(),
        // The feed asks for it between two connections, and waits as long as it says: not at all.
        random: between,
        signal,
        lastSession,
        partitions,
      });
      return noted(feed, events);
    },
  });
  try {
    await reached(ingester, sessions);
    clearInterval(changing);
    symbols = stormSymbols;
    isCalm = true;
    weather(simulator, []);
    // A feed that waits for the log reads no more, and would not see that its connection ends.
    log.resume();
    simulator.dropConnections();
    await settled(ingester, events);
    if (vendor !== undefined) await calmed(vendor, events);
  } finally {
    clearInterval(changing);
    stop.abort();
    log.resume();
    await ingester.finished;
    await simulator.close();
  }
  return { events, totals: ingester.state().ticks, log, connections: simulator.connections };
}

/** A run is closed where it is noted: what it gained later nobody could read from it when the log has it. */
async function* noted(feed: AsyncIterable<FeedEvent>, events: PlainEvent[]): AsyncGenerator<FeedEvent, void, undefined> {
  for await (const event of feed) {
    if (event.kind === 'ticks') {
      event.seal();
      events.push(...ticksOf(event).sort((a, b) => a.sequence - b.sequence));
    } else events.push(event);
    yield event;
  }
}

async function reached(ingester: Ingester, sessions: number): Promise<void> {
  const seconds = 20 + sessions;
  await eventually(`${sessions} sessions`, async () => (ingester.state().session ?? 0) >= sessions, seconds * 1_000);
}

/** Some calm: a session with every symbol in it, and nothing that waits for the log. */
async function settled(ingester: Ingester, events: readonly PlainEvent[]): Promise<void> {
  const from = events.length;
  const traded = () => {
    const told = events.findLastIndex(event => event.kind === 'session');
    return new Set(events.slice(Math.max(from, told)).flatMap(event => (event.kind === 'tick' ? [event.symbol] : [])));
  };
  await eventually('a tick of each symbol', async () => traded().size === stormSymbols.length, 30_000);
  await eventually('a log that is not behind', async () => ingester.state().ticks.buffered < slowBuffer / 2, 30_000);
}

/** A whole calm in one session, however often a busy machine breaks one. */
async function calmed(vendor: StormVendor, events: readonly FeedEvent[]): Promise<void> {
  for (let from = -1; from < 0 || events.slice(from).some(({ kind }) => kind === 'session'); ) {
    from = events.length;
    await heard(await vendor.playOn(calmMs), events);
  }
}

/** Until the price of this time came. */
async function heard(lastPriceMs: number, events: readonly FeedEvent[]): Promise<void> {
  const isLast = (event: FeedEvent) => event.kind === 'tick' && event.receivedTimeMs >= lastPriceMs;
  await eventually('the last price of the calm', () => events.findLast(isLast), 30_000);
}

function weather(simulator: Pick<Simulator, 'behave' | 'misbehave'>, plan: readonly Misbehaviour[]): void {
  simulator.behave();
  for (const misbehaviour of plan) simulator.misbehave(misbehaviour);
}

/** One symbol or more. */
function listOf(random: Random): string[] {
  const first = random.below(stormSymbols.length);
  return stormSymbols.filter((_, index) => index === first || random.next() < 0.6);
}

/** What goes wrong with the next connection: up to a few faults on the way, and one that ends it. */
function planOf(random: Random): readonly Misbehaviour[] {
  const { next, whole, pick } = random;
  const maybe = (chance: number, make: () => Misbehaviour): readonly Misbehaviour[] => (next() < chance ? [make()] : []);
  const guard = { kind: 'drop', afterMs: 900 } as const;
  const endings: readonly (() => readonly Misbehaviour[])[] = [
    () => [{ kind: 'drop', afterMessages: whole(1, 60), afterMs: 900 }],
    () => [{ kind: 'drop', afterMessages: whole(1, 60), afterMs: 900, code: pick([1000, 1001, 1008, 1011, 4000]) }],
    () => [{ kind: 'drop', afterMs: whole(0, 120) }],
    () => [{ kind: 'mute', afterMessages: whole(0, 40) }, guard],
    () => [{ kind: 'dead', afterMessages: whole(0, 40) }, guard],
    () => [{ kind: 'huge', afterMessages: whole(1, 20), bytes: 1_100_000 }, guard],
  ];
  return [
    ...maybe(0.05, () => ({ kind: 'bad-gateway', connections: whole(1, 3) })),
    ...maybe(0.005, () => ({ kind: 'refuse-key', status: pick([200, 401, 403]), connections: 1 })),
    ...maybe(0.1, () => ({ kind: 'refuse-symbols', symbols: stormSymbols.filter(() => next() < 0.5).concat('NVDA') })),
    ...maybe(0.03, () => ({ kind: 'plan-exhausted' })),
    ...maybe(0.1, () => ({ kind: 'null-success' })),
    ...maybe(0.1, () => ({ kind: 'unanswered' })),
    ...maybe(0.2, () => ({ kind: 'repeat-last' })),
    ...maybe(0.15, () => ({ kind: 'duplicate', every: whole(1, 5), copies: whole(1, 4) })),
    ...maybe(0.15, () => ({ kind: 'reorder', within: whole(2, 20) })),
    ...maybe(0.15, () => ({ kind: 'delay', every: whole(2, 10), delayMs: whole(1, 100) })),
    ...maybe(0.15, () => ({ kind: 'future', every: whole(1, 10) })),
    ...maybe(0.15, () => ({ kind: 'malformed', every: whole(1, 10) })),
    ...maybe(0.15, () => ({ kind: 'unknown-events', every: whole(1, 10) })),
    ...pick(endings)(),
  ];
}
