/**
 * The feed of Yahoo's quotes: asks for each symbol in turn, round after round. A quote is a tick only when its market time or its price is
 * another than before; a first look at a price that is older than a round is where the changes are counted from, not a change.
 *
 * A session is a row of rounds without a failure, and without a standstill of the process. After either the session is over and the next
 * one begins with the next answer, so what changed unseen is a gap of the log. Heartbeats tell the begin of the last whole round: what
 * changed before it has been seen.
 */
import { BackOff } from '@tapeline/core/back-off';
import type { MarketHours } from '@tapeline/core/calendars/market-calendars';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { EventQueue } from '../event-queue.ts';
import type { FeedEvent, LastSession } from '../feed.ts';
import { FollowedSymbols } from '../followed-symbols.ts';
import { queuedFeed } from '../queued-feed.ts';
import { standstillMs } from '../session.ts';
import { heartbeatIntervalMs, SessionMapper } from '../session-mapper.ts';
import { SteadyClock } from '../steady-clock.ts';
import { Subscriptions, type SymbolChange } from '../subscriptions.ts';
import type { SubscribeStatus } from '../vendor-message.ts';
import { type ChartMessage, parseChart, type Quote } from './chart-message.ts';
import { askChart, type ChartAnswer } from './chart-request.ts';
import { FailingSymbols } from './failing-symbols.ts';

export interface YahooTiming {
  /** From one round to the next. @default 15,000 */
  readonly pollIntervalMs: number;
  /** An answer may take so long. @default 10,000 */
  readonly answerTimeoutMs: number;
  /** The first wait after "too many", where the vendor does not say one; it doubles up to 15 minutes. @default 30,000 */
  readonly limitedWaitMs: number;
  /** Refused symbols are asked for again after this. @default 900,000 */
  readonly retryRefusedMs: number;
}

const defaultYahooTiming: YahooTiming = {
  pollIntervalMs: 15_000,
  answerTimeoutMs: 10_000,
  limitedWaitMs: 30_000,
  retryRefusedMs: 900_000,
};

export interface YahooFeedOptions {
  /** The vendor's, or a simulator's: `http://` or `https://`. */
  readonly url: string;
  /** As the vendor takes them: `AAPL`, `BTC-USD`, `EURUSD=X`. */
  readonly symbols: readonly string[];
  /** The symbols as they are now, the same array until they change; asked about before each round. @default `symbols`, for ever */
  readonly symbolsNow?: () => readonly string[];
  /** Source and shard of the records. @default 'yahoo/0' */
  readonly feed?: string;
  /** The wall clock: milliseconds since the Unix epoch, see {@link SteadyClock}. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly registry: Registry;
  /** From 0 to 1, for the jitter. @default Math.random */
  readonly random?: () => number;
  readonly signal: AbortSignal;
  /** Which hours of its day a market counts as open in. @default 'regular' */
  readonly marketHours?: MarketHours;
  readonly lastSession?: LastSession;
  /** Sessions are numbered from here at least. @default 1 */
  readonly firstSession?: number;
  readonly timing?: Partial<YahooTiming>;
  /** Events that wait for the reader at most. @default 100,000 */
  readonly maxQueuedEvents?: number;
}

const longestLimitedWaitMs = 900_000;
const longestRetryAfterMs = 86_400_000;
const outcomes = ['quote', 'unchanged', 'no-price', 'refused', 'malformed', 'limited', 'failed'] as const;
type Outcome = (typeof outcomes)[number];

/** Polls until `signal` aborts; never gives up. */
export function yahooFeed(options: YahooFeedOptions): AsyncGenerator<FeedEvent, void, undefined> {
  const { feed = 'yahoo/0', signal, maxQueuedEvents } = options;
  return queuedFeed({ feed, signal, maxQueuedEvents }, (queue, stop) => new Polling(options, feed, queue, stop).run());
}

class Polling {
  readonly #options: YahooFeedOptions;
  readonly #queue: EventQueue;
  readonly #signal: AbortSignal;
  readonly #timing: YahooTiming;
  readonly #mapper: SessionMapper;
  readonly #subscriptions: Subscriptions;
  readonly #followed: FollowedSymbols;
  readonly #failing: BackOff;
  readonly #failingSymbols = new FailingSymbols();
  readonly #limited: BackOff;
  readonly #polls;
  readonly #disconnects;
  /** Market time and price of the quote seen last; bounded by the symbols. */
  readonly #seen = new Map<string, string>();
  /** Symbols of the running session that the log was told of. */
  readonly #owned = new Set<string>();
  readonly #clock: SteadyClock;
  #isBegun = false;
  #begunMs = 0;
  /** When it was last known that no poll was missed. */
  #lookedMs = 0;
  /** Until the next round, as asked for by the last. */
  #waitMs = 0;
  /** The heartbeat of the last whole round of the running session, or of its begin. */
  #lastBeat: readonly FeedEvent[] = [];

  constructor(options: YahooFeedOptions, feed: string, queue: EventQueue, signal: AbortSignal) {
    const { lastSession, firstSession, symbols, registry, random } = options;
    this.#options = options;
    this.#queue = queue;
    this.#signal = signal;
    this.#clock = new SteadyClock({ ...options, feed, wallMs: options.clock });
    this.#timing = { ...defaultYahooTiming, ...options.timing };
    this.#mapper = new SessionMapper({ feed, lastSession, firstSession, feedClock: false, marketHours: options.marketHours });
    const { retryRefusedMs, limitedWaitMs } = this.#timing;
    this.#subscriptions = new Subscriptions({ symbols, retryRefusedMs, nameInPrices: symbol => symbol });
    this.#followed = new FollowedSymbols({ ...options, subscriptions: this.#subscriptions });
    this.#failing = new BackOff({ baseMs: 1_000, capMs: 60_000, leastShare: 0, random });
    this.#limited = new BackOff({ baseMs: limitedWaitMs, capMs: longestLimitedWaitMs, leastShare: 0, random });
    this.#polls = metricOf(registry, 'tapeline_ingester_polls_total');
    this.#disconnects = metricOf(registry, 'tapeline_ingester_disconnects_total');
  }

  async run(): Promise<void> {
    const timer = setInterval(() => this.#beat(), heartbeatIntervalMs);
    try {
      while (!this.#signal.aborted) await this.#round();
    } finally {
      clearInterval(timer);
      this.#end('ingester stopped');
      this.#beat();
    }
  }

  /** Asks for each symbol once, then waits for the next round; after a failure, as long as that asks for. */
  async #round(): Promise<void> {
    this.#followClock();
    const beganMs = this.#clock.now();
    this.#endAfterStandstill(beganMs, this.#waitMs);
    this.#giveUp(this.#followed.changed()?.gone ?? [], beganMs);
    for (const symbol of this.#failingSymbols.inTurn(this.#subscriptions.toAsk(performance.now()))) {
      const answer = await this.#ask(symbol);
      if (this.#signal.aborted) return;
      this.#endAfterStandstill(this.#clock.now(), 2 * this.#timing.answerTimeoutMs);
      if (answer.kind === 'answered') this.#count(this.#take(parseChart(answer.text, symbol), symbol, answer));
      else if (answer.kind === 'failed' && this.#failingSymbols.failed(symbol) && this.#isBegun)
        this.#count(this.#refused(symbol, answer.reason));
      else return this.#failed(answer);
    }
    if (this.#isBegun) {
      this.#lastBeat = this.#mapper.heartbeat(Math.max(beganMs, this.#begunMs));
      this.#beat();
    }
    this.#waitMs = Math.max(0, this.#timing.pollIntervalMs - (this.#clock.now() - beganMs));
    await pause(this.#waitMs, this.#signal);
  }

  /** Polls that were missed are a gap. @param expectedMs how long it may have been since the last look */
  #endAfterStandstill(nowMs: number, expectedMs: number): void {
    const missedMs = nowMs - this.#lookedMs - expectedMs;
    this.#lookedMs = nowMs;
    if (missedMs < Math.max(this.#timing.pollIntervalMs, standstillMs)) return;
    this.#end('the process stood still');
  }

  /** These are asked for no more; what came is asked for with all others. */
  #giveUp(gone: SymbolChange['gone'], timeMs: number): void {
    if (gone.length === 0) return;
    this.#emit(this.#mapper.giveUp(this.#subscriptions.namesOf(gone), timeMs));
    for (const symbol of gone) {
      this.#seen.delete(symbol);
      this.#owned.delete(symbol);
    }
  }

  /** A question that failed is asked once more before it counts. */
  async #ask(symbol: string): Promise<ChartAnswer> {
    const question = { url: this.#options.url, symbol, timeoutMs: this.#timing.answerTimeoutMs, signal: this.#signal };
    const first = await askChart(question);
    if (first.kind !== 'failed' || this.#signal.aborted) return first;
    this.#count('failed');
    return askChart(question);
  }

  #take(message: ChartMessage, symbol: string, answer: Extract<ChartAnswer, { kind: 'answered' }>): Outcome {
    this.#begin(answer.simulated);
    if (message.kind === 'error') return this.#refused(symbol, `${message.code}: ${message.detail}`);
    this.#failingSymbols.answered(symbol);
    this.#failing.succeeded();
    this.#limited.succeeded();
    if (message.kind === 'no-price') return 'no-price';
    const receivedTimeMs = this.#clock.now();
    if (message.kind === 'malformed') {
      this.#emit(this.#mapper.receive({ message, receivedTimeMs, text: () => answer.text }));
      return 'malformed';
    }
    return this.#quote(message, receivedTimeMs, answer.text);
  }

  #quote(quote: Quote, receivedTimeMs: number, text: string): Outcome {
    const { symbol, sourceTimeMs, price } = quote;
    const state = `${sourceTimeMs} ${price}`;
    const before = this.#seen.get(symbol);
    this.#seen.set(symbol, state);
    const isOld = receivedTimeMs - sourceTimeMs > this.#timing.pollIntervalMs;
    this.#own(quote, receivedTimeMs);
    if (before === state || (before === undefined && isOld)) return 'unchanged';
    this.#emit(this.#mapper.receive({ message: { ...quote, kind: 'price' }, receivedTimeMs, text: () => text }));
    return 'quote';
  }

  /** The vendor knows the symbol: it is this session's, price or not, also where it was given up before. */
  #own({ symbol, type, exchange }: Quote, timeMs: number): void {
    if (this.#owned.has(symbol)) return;
    this.#owned.add(symbol);
    this.#tell({ accepted: [{ symbol, type, exchange }], refused: [] }, symbol, timeMs);
    // Until the first round is whole: nothing before the session's begin is waited for.
    if (this.#lastBeat.length === 0) this.#lastBeat = this.#mapper.heartbeat(this.#begunMs);
  }

  #refused(symbol: string, reason: string): Outcome {
    const refused = [{ symbol, reason: reason.slice(0, 500) }];
    this.#subscriptions.answered({ kind: 'subscribe-status', accepted: [], refused, errors: [] }, [symbol], performance.now());
    this.#owned.delete(symbol);
    this.#tell({ accepted: [], refused }, symbol, this.#clock.now());
    const { retryRefusedMs } = this.#timing;
    this.#options.logger.warn(
      { symbol, reason },
      `the vendor refused ${symbol} (${reason}); asking again in ${retryRefusedMs} ms: check YAHOO_SYMBOLS`,
    );
    return 'refused';
  }

  #tell({ accepted, refused }: Pick<SubscribeStatus, 'accepted' | 'refused'>, symbol: string, receivedTimeMs: number): void {
    this.#mapper.asked([symbol], this.#subscriptions.namesOf([symbol]));
    const message = { kind: 'subscribe-status', accepted, refused, errors: [] } as const;
    this.#emit(this.#mapper.receive({ message, receivedTimeMs, text: () => '' }));
  }

  #begin(simulated: boolean): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#begunMs = this.#clock.now();
    this.#mapper.beginSession(this.#begunMs, simulated);
    this.#options.logger.info({ simulated }, `polling every ${this.#timing.pollIntervalMs} ms`);
  }

  #end(reason: string): void {
    if (!this.#isBegun) return;
    this.#isBegun = false;
    this.#lastBeat = [];
    this.#owned.clear();
    this.#mapper.endSession(reason);
  }

  async #failed(answer: Exclude<ChartAnswer, { kind: 'answered' }>): Promise<void> {
    this.#count(answer.kind);
    this.#disconnects.inc({ kind: answer.kind });
    this.#end(answer.reason);
    const waitMs = this.#waitAfter(answer);
    this.#options.logger.warn({ reason: answer.reason, waitMs }, `polling failed: ${answer.reason}; trying again in ${waitMs} ms`);
    await pause(waitMs, this.#signal);
  }

  /** What the vendor asks for, and no less than our own back-off. */
  #waitAfter(answer: Exclude<ChartAnswer, { kind: 'answered' }>): number {
    if (answer.kind === 'failed') return this.#failing.nextMs();
    const asked = Math.min(answer.retryAfterMs ?? this.#timing.limitedWaitMs, longestRetryAfterMs);
    return asked + this.#limited.nextMs();
  }

  #count(outcome: Outcome): void {
    this.#polls.inc({ outcome });
  }

  /** While no session runs, the time of alerts goes on. */
  #beat(): void {
    this.#emit(this.#isBegun ? this.#lastBeat : this.#mapper.heartbeat(this.#clock.now()));
  }

  #emit(events: readonly FeedEvent[]): void {
    this.#queue.push(events);
  }

  /** Between two sessions: a gap then covers all that was told by another time. */
  #followClock(): void {
    const reason = this.#clock.believed;
    if (reason === undefined) return;
    this.#end(reason);
    this.#clock.follow();
  }
}
