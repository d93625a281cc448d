/** The ingester: finds out where the feed stopped, reads it from there, and writes it into the log. */
import { PipelineError } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { patiently } from '@tapeline/core/patience';
import type { SessionRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Feed, FeedEvent, LastSession } from './feed.ts';
import { wasSimulated } from './last-market.ts';
import { findLastSession } from './last-session.ts';
import { LogWriter } from './log-writer.ts';
import { type OwnSession, Succession } from './succession.ts';
import type { TickTotals } from './tick-counters.ts';

/**
 * Sessions are numbered after the last one, and from `firstSession` at least. A feed that is told the partitions of `market-data.feed` may
 * give runs of ticks.
 */
export type OpenFeed = (lastSession: LastSession | undefined, signal: AbortSignal, firstSession?: number, partitions?: number) => Feed;

export interface IngesterOptions {
  /** Source and shard, as in `twelve-data/0`; the feed's records carry the same. */
  readonly feed: string;
  /** Makes the feed, given what the log knows of its last session; it must end when `signal` aborts. */
  readonly openFeed: OpenFeed;
  /** Its topics must exist. */
  readonly log: MarketLog;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** After the signal, what is buffered may take so long to write. @default 3,000 */
  readonly flushDeadlineMs?: number | (() => number);
  /** Events that wait for the log at most: beyond it the feed is read no further, until the signal. @default 200,000 */
  readonly maxBufferedEvents?: number;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** The feed is opened after this; what it rejects with ends the ingester. @default at once */
  readonly ready?: Promise<void>;
  /** How often it looks whether another ingester has taken the feed over. @default 10,000 */
  readonly lookEveryMs?: number;
}

export interface IngesterState {
  readonly feed: string;
  /** `starting` before the first session of this process, `ended` after the feed's end. */
  readonly phase: 'starting' | 'subscribed' | 'disconnected' | 'ended';
  readonly session: number | undefined;
  readonly symbols: number;
  readonly refused: number;
  /** Receipt of the last price. */
  readonly lastDataMs: number | undefined;
  readonly ticks: TickTotals;
}

export interface Ingester {
  /** Resolves when the feed has ended and all of it is written; rejects with what ended it otherwise. */
  readonly finished: Promise<IngesterState>;
  /** Resolves with the first session of this process; never when there is none. */
  readonly subscribed: Promise<void>;
  /** For readiness: `undefined` while subscribed and heard, and after a feed that came to its end as a recording does; otherwise what is missing. */
  check(): string | undefined;
  state(): IngesterState;
}

/** Starts an ingester; it runs until the feed ends, fails for good, or `signal` aborts. */
export function runIngester(options: IngesterOptions): Ingester {
  const running = new RunningIngester(options);
  const finished = running.run();
  finished.catch(() => {
    // The caller hears of it by `finished`, whenever it looks.
  });
  return {
    finished,
    subscribed: running.subscribed.promise,
    check: () => running.check(),
    state: () => running.state(),
  };
}

type Open = (last: LastSession | undefined, end: AbortSignal) => Feed;

const missing = {
  starting: 'the feed has not subscribed yet',
  disconnected: 'the feed is disconnected',
  ended: 'the feed has ended',
} as const;
const noTicks: TickTotals = { received: 0, accepted: 0, refused: 0, lost: 0, buffered: 0 };

class RunningIngester {
  readonly subscribed = Promise.withResolvers<void>();
  readonly #options: IngesterOptions;
  readonly #connected;
  readonly #subscribed;
  #succession: Succession | undefined;
  #writer: LogWriter | undefined;
  #phase: IngesterState['phase'] = 'starting';
  /** Whether the session before this one was simulated; `undefined` where nobody knows. */
  #wasSimulated: Promise<boolean | undefined> = Promise.resolve(undefined);
  /** The feed came to its end by itself, and nothing is missing. */
  #isPlayed = false;
  #own: OwnSession | undefined;
  /** Aborts where the feed is to be opened anew. */
  #reopen = new AbortController();
  #symbols = 0;
  #refused = 0;
  #lastDataMs: number | undefined;

  constructor(options: IngesterOptions) {
    this.#options = options;
    this.#subscribed = metricOf(options.registry, 'tapeline_ingester_symbols');
    this.#connected = metricOf(options.registry, 'tapeline_ingester_connected');
    this.#connected.set({ feed: options.feed }, 0);
  }

  async run(): Promise<IngesterState> {
    const { signal, log, feed, logger } = this.#options;
    const asked = this.#untilKnown(async () => ({
      known: await findLastSession(log, feed),
      offsets: await log.offsets(feedTopic.name),
    }));
    const [found] = await Promise.all([asked, this.#options.ready]);
    if (found === undefined || signal.aborted) return this.state();
    const { known, offsets } = found;
    const partitions = offsets.length;
    if (known) {
      logger.info({ feed, session: known.session, lastDataMs: known.lastDataMs }, `going on after session ${known.session}`);
      this.#complainOfAdded(offsets);
    }
    this.#writer = new LogWriter({ ...this.#options, log, limitEvents: this.#options.maxBufferedEvents });
    const stop = new AbortController();
    const over = AbortSignal.any([signal, stop.signal]);
    const own = { session: () => this.#own, takeBack: () => this.#reopen.abort() };
    this.#succession = new Succession({ ...this.#options, ...own, signal: over });
    void this.#succession.watch();
    try {
      const firstSession = known === undefined && hasForgotten(offsets) ? this.#sessionOfNow() : undefined;
      const open: Open = (last, end) => this.#options.openFeed(last, end, firstSession, partitions);
      await Promise.race([this.#follow(open, known, this.#writer, over), this.#writer.failed]);
      this.#isPlayed = !signal.aborted;
    } finally {
      stop.abort();
      this.#phase = 'ended';
      this.#connected.set({ feed: this.#options.feed }, 0);
      const { flushDeadlineMs = 3_000 } = this.#options;
      await this.#writer.close(typeof flushDeadlineMs === 'number' ? flushDeadlineMs : flushDeadlineMs());
    }
    return this.state();
  }

  check(): string | undefined {
    if (this.#isPlayed) return undefined;
    if (this.#phase !== 'subscribed') return missing[this.#phase];
    return this.#succession?.problem ?? this.#writer?.problem;
  }

  state(): IngesterState {
    return {
      feed: this.#options.feed,
      phase: this.#phase,
      session: this.#own?.number,
      symbols: this.#symbols,
      refused: this.#refused,
      lastDataMs: this.#lastDataMs,
      ticks: this.#writer?.totals ?? noTicks,
    };
  }

  /**
   * Processors remember a session of the feed that the log may have forgotten, and take no lower one. The seconds since 1970 are above all
   * that it ever counted, for it never began as many sessions as seconds went by.
   */
  #sessionOfNow(): number {
    return Math.floor((this.#options.clock ?? Date.now)() / 1_000);
  }

  /** A session stands in every partition: one that never had a record was added since. */
  #complainOfAdded(offsets: readonly PartitionOffsets[]): void {
    const added = offsets.filter(({ highWatermark }) => highWatermark === 0).map(({ partition }) => partition);
    if (added.length === 0) return;
    this.#options.logger.error(
      { topic: feedTopic.name, partitions: offsets.length, added },
      `partitions were added to ${feedTopic.name} (${added.join(', ')}): symbols change their partition with that number, so processors refuse it; prices are kept in all of them, run tapeline repartition, which brings them together, and then tapeline rebuild --whole`,
    );
  }

  /** Opens the feed, and opens it anew each time that its next session is to be above all that the log has. */
  async #follow(open: Open, known: LastSession | undefined, writer: LogWriter, over: AbortSignal): Promise<void> {
    const { log, feed } = this.#options;
    for (let last = known; !over.aborted; last = await this.#untilKnown(() => findLastSession(log, feed), over)) {
      this.#reopen = new AbortController();
      const { session } = last ?? {};
      if (session !== undefined) {
        // Looked for while the feed connects.
        this.#wasSimulated = this.#untilKnown(() => wasSimulated(log, feed, session), over);
        this.#wasSimulated.catch(() => undefined);
      }
      await this.#pump(open(last, AbortSignal.any([over, this.#reopen.signal])), writer);
      if (!this.#reopen.signal.aborted) return;
    }
  }

  async #pump(opened: Feed, writer: LogWriter): Promise<void> {
    const { signal } = this.#options;
    for await (const event of opened) {
      if (event.kind === 'session') await this.#refuseOtherMarket(event);
      this.#note(event);
      // The run of ticks that was written last may have grown meanwhile, until there was no room.
      if (!writer.hasRoom) await writer.room(signal);
      writer.write(event);
      if (!writer.hasRoom) await writer.room(signal);
    }
  }

  /** Bars of a simulated market beside those of a real one, in one log and one store, would be told by nothing. */
  async #refuseOtherMarket({ feed, simulated = false }: SessionRecord): Promise<void> {
    const before = await this.#wasSimulated;
    this.#wasSimulated = Promise.resolve(simulated);
    if (before === undefined || before === simulated) return;
    const [then, now] = before ? ['a simulated', 'a real'] : ['a real', 'a simulated'];
    const remedy = 'set DATA_DIR to another folder (with servers KAFKA_TOPIC_PREFIX and CASSANDRA_KEYSPACE to other names), or go back to';
    const message = `the log has ${feed} of ${then} market, and ${now} one answers now, expected one market in a log: ${remedy} ${then} one`;
    throw new PipelineError('configuration.invalid', message, { retriable: false, fields: { feed } });
  }

  #note(event: FeedEvent): void {
    if (event.kind === 'tick' || event.kind === 'ticks') this.#lastDataMs = event.receivedTimeMs;
    else if (event.kind === 'heartbeat') this.#phase = phaseAfter(this.#phase, event.connected);
    else if (event.kind === 'session') {
      this.#phase = 'subscribed';
      if (this.#own?.number !== event.session) this.#own = { number: event.session, beganMs: event.timeMs };
      this.#symbols = event.symbols.length;
      this.#refused = event.refused.length;
      this.#subscribed.set({ feed: event.feed, state: 'accepted' }, this.#symbols);
      this.#subscribed.set({ feed: event.feed, state: 'refused' }, this.#refused);
      this.subscribed.resolve();
    }
    if (event.kind === 'heartbeat' || event.kind === 'session')
      this.#connected.set({ feed: this.#options.feed }, this.#phase === 'subscribed' ? 1 : 0);
  }

  /** Asks the log until it answers: numbering anew would make ticks that the fold refuses. `undefined` once the signal has aborted. */
  async #untilKnown<T>(ask: () => Promise<T>, signal = this.#options.signal): Promise<T | undefined> {
    if (signal.aborted) return undefined;
    try {
      return await patiently('asking the log for the last session', ask, { signal, logger: this.#options.logger });
    } catch (error) {
      if (!signal.aborted) throw error;
      return undefined;
    }
  }
}

/** Retention has taken records. */
function hasForgotten(offsets: readonly PartitionOffsets[]): boolean {
  return offsets.some(({ lowOffset }) => lowOffset > 0);
}

/** A heartbeat without a session of this process says nothing new while starting. */
function phaseAfter(phase: IngesterState['phase'], connected: boolean): IngesterState['phase'] {
  if (connected) return 'subscribed';
  return phase === 'starting' ? 'starting' : 'disconnected';
}
