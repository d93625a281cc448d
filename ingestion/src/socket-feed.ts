/** The feed behind a WebSocket of any vendor: one loop owns its life, connect, subscribe, read, back off. */
import { secretsOfAddress } from '@tapeline/core/addresses';
import { BackOff } from '@tapeline/core/back-off';
import type { MarketHours } from '@tapeline/core/calendars/market-calendars';
import { PipelineError } from '@tapeline/core/errors';
import { scrubber } from '@tapeline/core/logging';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { BackPressure } from './back-pressure.ts';
import type { Ending } from './connection.ts';
import type { EventQueue } from './event-queue.ts';
import type { FeedEvent, LastSession } from './feed.ts';
import { FollowedSymbols } from './followed-symbols.ts';
import { MarketPace } from './market-pace.ts';
import { queuedFeed } from './queued-feed.ts';
import { standstillMs } from './session.ts';
import { heartbeatIntervalMs, SessionMapper } from './session-mapper.ts';
import type { SocketVendor, VendorConnection } from './socket-vendor.ts';
import { SteadyClock } from './steady-clock.ts';
import { Subscriptions } from './subscriptions.ts';

/** What every feed behind a socket is given. */
export interface SocketFeedOptions {
  /** The vendor's, or a simulator's: `ws://` or `wss://`. */
  readonly url: string;
  /** Absent for a simulator that asks for none. */
  readonly apiKey?: string;
  /** As the vendor takes them. */
  readonly symbols: readonly string[];
  /** The symbols as they are now, the same array until they change; asked about once a second. @default `symbols`, for ever */
  readonly symbolsNow?: () => readonly string[];
  /** Without prices for so long the connection is left for a new one. @default as its open markets usually are, see {@link MarketPace} */
  readonly muteTimeoutMs?: number;
  /** Which hours of its day a market counts as open in. @default 'regular' */
  readonly marketHours?: MarketHours;
  /** The wall clock: milliseconds since the Unix epoch, for receipts and heartbeats, see {@link SteadyClock}. */
  readonly clock: () => number;
  /** A jump of that clock is believed when it has stayed for so long. @default 120,000 */
  readonly clockPatienceMs?: number;
  readonly logger: Logger;
  readonly registry: Registry;
  /** From 0 to 1, for the jitter. @default Math.random */
  readonly random?: () => number;
  readonly signal: AbortSignal;
  /** What the log knows of this feed; absent when it knows nothing. */
  readonly lastSession?: LastSession;
  /** A connection with prices that lasted for so long makes the wait after it short again. @default 30,000 */
  readonly provenAfterMs?: number;
  /** Sessions are numbered from here at least. @default 1 */
  readonly firstSession?: number;
  /** Events that wait for the reader at most; from half of it on the vendor is held back, beyond it ticks are lost, with a gap record. @default 100,000 */
  readonly maxQueuedEvents?: number;
  /** The vendor is held back for so long at a stretch. @default 30,000 */
  readonly backPressureMs?: number;
  /** Of `market-data.feed`: everyday prices may then come as runs of ticks. @default each tick alone */
  readonly partitions?: number;
}

/** Attempts with a key before a refusal is believed. */
const keyAttempts = 3;
const keyWaitMs = 1_000;
/** Where the server says the time, waiting longer proves nothing. */
const feedClockWaitMs = 500;
const limitedWaitMs = 30_000;
const longestIdleMs = 60_000;
const defaultProvenAfterMs = 30_000;
/** While nothing can be asked for, new symbols are looked for so often. */
const idleLookMs = 1_000;

/**
 * Reads a vendor's stream until `signal` aborts; reconnects for ever.
 * @throws PipelineError `feed.key-refused` when the vendor refused the key three times; `configuration.invalid` when symbols clash.
 */
export function socketFeed(options: SocketFeedOptions, vendor: SocketVendor): AsyncGenerator<FeedEvent, void, undefined> {
  const { signal, maxQueuedEvents } = options;
  return queuedFeed({ feed: vendor.feed, signal, maxQueuedEvents }, async (queue, stop) => {
    await new FeedLife(options, vendor, queue, stop).run();
  });
}

class FeedLife {
  readonly #options: SocketFeedOptions;
  readonly #vendor: SocketVendor;
  readonly #queue: EventQueue;
  readonly #signal: AbortSignal;
  readonly #mapper: SessionMapper;
  readonly #subscriptions: Subscriptions;
  readonly #pace: MarketPace;
  readonly #pressure: BackPressure;
  readonly #backOff: BackOff;
  readonly #disconnects;
  readonly #clean: (text: string) => string;
  readonly #followed: FollowedSymbols;
  readonly #clock: SteadyClock;
  #connection: VendorConnection | undefined;
  #keyRefusals = 0;
  /** The last look for a heartbeat: by the feed's clock, and by the one that only counts. */
  #turn = { nowMs: 0, countedMs: 0 };
  /** Whether the connection was asked for a sign since the last heartbeat. */
  #hasAsked = false;

  constructor(options: SocketFeedOptions, vendor: SocketVendor, queue: EventQueue, signal: AbortSignal) {
    this.#options = options;
    this.#vendor = vendor;
    this.#queue = queue;
    this.#signal = signal;
    this.#mapper = new SessionMapper({
      feed: vendor.feed,
      lastSession: options.lastSession,
      firstSession: options.firstSession,
      feedClock: vendor.feedClock ?? false,
      resubscribedReason: vendor.resubscribedReason,
      marketHours: options.marketHours,
    });
    this.#pace = new MarketPace({ muteTimeoutMs: options.muteTimeoutMs, adapts: !vendor.feedClock });
    this.#pressure = new BackPressure({
      feed: vendor.feed,
      logger: options.logger,
      registry: options.registry,
      boundMs: options.backPressureMs,
    });
    queue.watchPressure(isPressed => this.#pressure.pressed(isPressed));
    this.#clock = new SteadyClock({ ...options, feed: vendor.feed, wallMs: options.clock, patienceMs: options.clockPatienceMs });
    this.#subscriptions = new Subscriptions({ ...vendor.subscriptions, symbols: options.symbols });
    this.#followed = new FollowedSymbols({ ...options, subscriptions: this.#subscriptions });
    this.#backOff = new BackOff({ leastShare: 0, random: options.random, capMs: vendor.feedClock ? feedClockWaitMs : undefined });
    this.#disconnects = metricOf(options.registry, 'tapeline_ingester_disconnects_total');
    this.#clean = scrubber([...(options.apiKey ? [options.apiKey] : []), ...secretsOfAddress(options.url)]);
  }

  async run(): Promise<void> {
    const timer = this.#vendor.feedClock ? undefined : setInterval(() => this.#heartbeat(), heartbeatIntervalMs);
    try {
      while (!this.#signal.aborted) await this.#attempt();
    } finally {
      clearInterval(timer);
      // How the last session ended, for the process after this one: where it stopped, no other heartbeat tells so.
      if (timer !== undefined && !this.#mapper.isConnected) this.#queue.push(this.#mapper.heartbeat(this.#clock.now()));
    }
  }

  /** One connection and the wait after it. */
  async #attempt(): Promise<void> {
    this.#isChangedApart();
    const symbols = this.#subscriptions.toAsk(performance.now());
    if (symbols.length === 0) return this.#idle();
    const openedMs = performance.now();
    let isServed = false;
    const connection = this.#vendor.open({
      symbols,
      mapper: this.#mapper,
      subscriptions: this.#subscriptions,
      pace: this.#pace,
      pressure: this.#pressure,
      signal: this.#signal,
      nowMs: () => this.#clock.now(),
      clean: this.#clean,
      emit: events => this.#queue.push(events),
      changed: () => this.#followed.changed(),
      received: () => {
        isServed = true;
      },
      ended: ending => this.#ended(ending),
    });
    this.#connection = connection;
    const ending = await connection.run();
    this.#connection = undefined;
    this.#followClock();
    this.#pace.interrupted();
    // Two users of one key are each served until the other comes: a price alone proves nothing.
    const { provenAfterMs = defaultProvenAfterMs } = this.#options;
    if (isServed && performance.now() - openedMs >= provenAfterMs) this.#backOff.succeeded();
    if (connection.wasOpen && ending.kind !== 'key-refused') this.#keyRefusals = 0;
    if (!this.#signal.aborted) await this.#afterwards(ending);
  }

  /** A stop is told of by a last heartbeat, unless something may wait in the socket. */
  #ended({ reason }: Ending): void {
    const nowMs = this.#vendor.feedClock ? undefined : this.#clock.now();
    const isWhole = nowMs !== undefined && !this.#pressure.isBehind && !this.#mapper.isHeldUp(nowMs);
    if (this.#signal.aborted && isWhole) this.#queue.push(this.#mapper.heartbeat(nowMs));
    this.#queue.push(this.#mapper.endSession(this.#clean(reason), nowMs));
  }

  async #afterwards(ending: Ending): Promise<void> {
    const reason = this.#clean(ending.reason);
    this.#disconnects.inc({ kind: ending.kind });
    if (ending.kind === 'key-refused') return this.#keyRefused(reason);
    const jitterMs = this.#backOff.nextMs();
    const waitMs = ending.kind === 'limited' ? limitedWaitMs + jitterMs : jitterMs;
    this.#options.logger.warn({ reason, waitMs }, `feed disconnected: ${reason}; trying again in ${waitMs} ms`);
    await pause(waitMs, this.#signal);
  }

  async #keyRefused(reason: string): Promise<void> {
    this.#keyRefusals += 1;
    if (this.#keyRefusals >= keyAttempts) {
      throw new PipelineError(
        'feed.key-refused',
        `the key was refused ${keyAttempts} times (${reason}), expected one with access to the price stream: set ${this.#vendor.keySetting} to a valid key`,
        { retriable: false },
      );
    }
    this.#options.logger.error(
      { reason, attempt: this.#keyRefusals },
      `key refused: trying again in ${keyWaitMs} ms, ${keyAttempts} times in all`,
    );
    await pause(keyWaitMs, this.#signal);
  }

  /** Nothing to ask for: every symbol was refused a short while ago. */
  async #idle(): Promise<void> {
    const dueMs = this.#subscriptions.nextRetryMs();
    const waitMs = Math.ceil(Math.max(1, dueMs === undefined ? longestIdleMs : dueMs - performance.now()));
    this.#options.logger.error(
      { waitMs },
      `the vendor refused every symbol: not connecting, asking again in ${waitMs} ms; check ${this.#vendor.symbolsSetting} and the plan`,
    );
    const untilMs = performance.now() + waitMs;
    while (!this.#signal.aborted && performance.now() < untilMs && !this.#isChangedApart()) {
      await pause(Math.min(idleLookMs, Math.max(1, untilMs - performance.now())), this.#signal);
    }
  }

  /** Takes in what became of the symbols between two connections. */
  #isChangedApart(): boolean {
    const change = this.#followed.changed();
    if (change !== undefined) this.#mapper.giveUp(this.#subscriptions.namesOf(change.gone), this.#clock.now());
    return change !== undefined;
  }

  /** None while what was sent before now may wait in the socket. */
  #heartbeat(): void {
    const nowMs = this.#clock.now();
    this.#askAfterStandstill(nowMs);
    if (this.#pressure.isBehind) return;
    const reason = this.#clock.believed;
    if (reason !== undefined && this.#connection !== undefined) return this.#connection.end(reason);
    this.#followClock();
    this.#queue.push(this.#mapper.heartbeat(nowMs));
    this.#hasAsked = false;
  }

  /** A connection may have died while the process stood still, with something read since that had waited: its pong tells, and no heartbeat before. */
  #askAfterStandstill(nowMs: number): void {
    const before = this.#turn;
    this.#turn = { nowMs, countedMs: performance.now() };
    const { isBehind } = this.#pressure;
    const isNew = isBehind ? nowMs - before.nowMs >= standstillMs : !this.#hasAsked && this.#mapper.isHeldUp(nowMs);
    this.#hasAsked ||= isBehind || isNew;
    if (isNew) this.#pressure.stoodStill(this.#turn.countedMs - before.countedMs);
  }

  /** Between two sessions: a gap then covers all that was told by another time. */
  #followClock(): void {
    if (this.#clock.believed !== undefined) this.#clock.follow();
  }
}
