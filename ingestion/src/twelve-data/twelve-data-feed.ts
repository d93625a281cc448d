/** The feed of TwelveData's price stream: one loop owns its life, connect, subscribe, read, back off. */

import { PipelineError } from '@tapeline/core/errors';
import { scrub } from '@tapeline/core/logging';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { BackOff, pause } from '../back-off.ts';
import { EventQueue } from '../event-queue.ts';
import type { FeedEvent, LastSession } from '../feed.ts';
import { counterOf } from '../metrics.ts';
import type { Recorder } from '../recorder.ts';
import { heartbeatIntervalMs, SessionMapper } from '../session-mapper.ts';
import type { Ending } from './connection.ts';
import { type ConnectionTiming, defaultTiming, FeedConnection } from './feed-connection.ts';
import { Subscriptions } from './subscriptions.ts';

export interface TwelveDataFeedOptions {
  /** The vendor's, or a simulator's: `ws://` or `wss://`. */
  readonly url: string;
  /** Sent in a header; absent for a simulator that asks for none. */
  readonly apiKey?: string;
  /** As the vendor takes them. */
  readonly symbols: readonly string[];
  /** Source and shard of the records. @default 'twelve-data/0' */
  readonly feed?: string;
  /** Without prices for so long the connection is left for a new one. @default a minute, counted only while a market is open */
  readonly muteTimeoutMs?: number;
  /** Milliseconds since the Unix epoch, for receipts and heartbeats. */
  readonly clock: () => number;
  /** True when the server says the time (`FEED_CLOCK=feed`). */
  readonly feedClock: boolean;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly recorder?: Recorder;
  /** From 0 to 1, for the jitter. @default Math.random */
  readonly random?: () => number;
  readonly signal: AbortSignal;
  /** What the log knows of this feed; absent when it knows nothing. */
  readonly lastSession?: LastSession;
  /** Sessions are numbered from here at least. @default 1 */
  readonly firstSession?: number;
  /** Bounds that tests shorten. */
  readonly timing?: Partial<ConnectionTiming>;
  /** Events that wait for the reader at most; beyond it ticks are lost, with a gap record. @default 100,000 */
  readonly maxQueuedEvents?: number;
}

/** Attempts with a key before a refusal is believed. */
const keyAttempts = 3;
const keyWaitMs = 1_000;
/** Where the server says the time, waiting longer proves nothing. */
const feedClockWaitMs = 500;
const limitedWaitMs = 30_000;
const longestIdleMs = 60_000;

/**
 * Reads the stream until `signal` aborts; reconnects for ever.
 * @throws PipelineError `feed.key-refused` when the vendor refused the key three times; `configuration.invalid` when symbols clash.
 */
export async function* twelveDataFeed(options: TwelveDataFeedOptions): AsyncGenerator<FeedEvent, void, undefined> {
  const stop = new AbortController();
  const queue = new EventQueue({
    feed: options.feed ?? 'twelve-data/0',
    reason: 'ingester buffer full',
    limitEvents: options.maxQueuedEvents ?? 100_000,
    limitBytes: 256 * 1024 * 1024,
  });
  const life = new FeedLife(options, queue, AbortSignal.any([options.signal, stop.signal])).run().finally(() => queue.end());
  life.catch(() => {
    // It is thrown to the reader below, after what was received before it.
  });
  try {
    yield* queue.read();
    await life;
  } finally {
    stop.abort();
    await Promise.allSettled([life]);
  }
}

class FeedLife {
  readonly #options: TwelveDataFeedOptions;
  readonly #queue: EventQueue;
  readonly #signal: AbortSignal;
  readonly #mapper: SessionMapper;
  readonly #subscriptions: Subscriptions;
  readonly #backOff: BackOff;
  readonly #timing: ConnectionTiming;
  readonly #disconnects;
  readonly #secrets: readonly string[];
  #nowMs = 0;
  #keyRefusals = 0;

  constructor(options: TwelveDataFeedOptions, queue: EventQueue, signal: AbortSignal) {
    this.#options = options;
    this.#queue = queue;
    this.#signal = signal;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#mapper = new SessionMapper({
      feed: options.feed ?? 'twelve-data/0',
      lastSession: options.lastSession,
      firstSession: options.firstSession,
      feedClock: options.feedClock,
      resubscribedReason: 'resubscribed by the server',
    });
    this.#subscriptions = new Subscriptions({ symbols: options.symbols, retryRefusedMs: this.#timing.retryRefusedMs });
    this.#backOff = new BackOff({ random: options.random, capMs: options.feedClock ? feedClockWaitMs : undefined });
    this.#disconnects = counterOf(options.registry, 'ingester_disconnects_total', 'connections that ended or did not come about', ['kind']);
    this.#secrets = options.apiKey ? [options.apiKey, encodeURIComponent(options.apiKey)] : [];
  }

  async run(): Promise<void> {
    const timer = this.#options.feedClock ? undefined : setInterval(() => this.#heartbeat(), heartbeatIntervalMs);
    try {
      while (!this.#signal.aborted) await this.#attempt();
    } finally {
      clearInterval(timer);
    }
  }

  /** One connection and the wait after it. */
  async #attempt(): Promise<void> {
    const symbols = this.#subscriptions.toAsk(performance.now());
    if (symbols.length === 0) return this.#idle();
    const connection = new FeedConnection({
      url: this.#options.url,
      apiKey: this.#options.apiKey,
      symbols,
      muteTimeoutMs: this.#options.muteTimeoutMs,
      timing: this.#timing,
      feedClock: this.#options.feedClock,
      logger: this.#options.logger,
      recorder: this.#options.recorder,
      mapper: this.#mapper,
      subscriptions: this.#subscriptions,
      signal: this.#signal,
      nowMs: () => this.#now(),
      clean: text => scrub(text, this.#secrets),
      emit: events => this.#queue.push(events),
      received: () => this.#backOff.reset(),
    });
    const ending = await connection.run();
    if (connection.wasOpen && ending.kind !== 'key-refused') this.#keyRefusals = 0;
    if (!this.#signal.aborted) await this.#afterwards(ending);
  }

  async #afterwards(ending: Ending): Promise<void> {
    const reason = scrub(ending.reason, this.#secrets);
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
        `the key was refused ${keyAttempts} times (${reason}), expected one with access to the price stream: set TWELVE_DATA_API_KEY to a valid key`,
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
      `the vendor refused every symbol: not connecting, asking again in ${waitMs} ms; check SYMBOLS and the plan`,
    );
    await pause(waitMs, this.#signal);
  }

  #heartbeat(): void {
    this.#queue.push(this.#mapper.heartbeat(this.#now()));
  }

  /** The clock, never going back: what is received later must not seem earlier. */
  #now(): number {
    this.#nowMs = Math.max(this.#nowMs, this.#options.clock());
    return this.#nowMs;
  }
}
