/** One connection of the feed while it lasts: subscribes, keeps it alive, judges it, and maps what it says. */
import { counted } from '@tapeline/core/counted';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import { type Connection, connect, type Ending } from '../connection.ts';
import { ConnectionWatch } from '../connection-watch.ts';
import { EverydayWay } from '../hot/everyday-way.ts';
import { Liveness } from '../liveness.ts';
import type { Recorder } from '../recorder.ts';
import type { ConnectionContext, VendorConnection } from '../socket-vendor.ts';
import { chunksOf, type SymbolChange } from '../subscriptions.ts';
import type { SubscribeStatus, VendorMessage } from '../vendor-message.ts';
import { parseMessage } from './messages.ts';
import { SaidTime } from './said-time.ts';

export interface ConnectionTiming {
  /** The vendor's heartbeat message. @default 10,000 */
  readonly vendorHeartbeatMs: number;
  /** WebSocket pings. @default 3,000 */
  readonly pingIntervalMs: number;
  /** Nothing heard for so long, in spite of pings: dead. @default 10,000 */
  readonly pongTimeoutMs: number;
  /** No word about the subscription, and no price. @default 10,000 */
  readonly answerTimeoutMs: number;
  /** From the request to the open socket. @default 10,000 */
  readonly handshakeTimeoutMs: number;
  /** Refused symbols are asked for again after this. @default 900,000 */
  readonly retryRefusedMs: number;
}

export const defaultTiming: ConnectionTiming = {
  vendorHeartbeatMs: 10_000,
  pingIntervalMs: 3_000,
  pongTimeoutMs: 10_000,
  answerTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  retryRefusedMs: 900_000,
};

export interface FeedConnectionOptions extends ConnectionContext {
  readonly url: string;
  /** Sent in the header `X-TD-APIKEY`, never in the address. */
  readonly apiKey: string | undefined;
  readonly timing: ConnectionTiming;
  readonly feedClock: boolean;
  readonly logger: Logger;
  readonly recorder: Recorder | undefined;
  /** Source and shard of the records. */
  readonly feed: string;
  /** Of `market-data.feed`; absent: each tick comes alone. */
  readonly partitions: number | undefined;
}

const symbolsInMessage = 200;
/** Client messages a minute, well under the vendor's 100, because heartbeats count too. */
const requestsInMinute = 60;
/** The vendor gives no code to a refusal: for the words of our log only, the answer is the same. */
const speaksOfCredits = /\bcredits\b/i;

export class FeedConnection implements VendorConnection {
  readonly #options: FeedConnectionOptions;
  readonly #liveness: Liveness;
  readonly #over = new AbortController();
  /** Symbols of each request without an answer, oldest first. */
  readonly #asked: (readonly string[])[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #watch: ConnectionWatch;
  #hasBegun = false;
  /** For the mapper, when the session has begun; bounded by the requests of the time until the first answer. */
  readonly #untold: (() => void)[] = [];
  #wasOpen = false;
  #simulated = false;
  readonly #saidTime = new SaidTime((timeMs, isEnd) => this.#saidAlone(timeMs, isEnd));
  /** Absent where every message is looked at: in a recording, and where the server says the time. */
  readonly #everyday: EverydayWay | undefined;
  readonly #connection: Connection;

  constructor(options: FeedConnectionOptions) {
    this.#options = options;
    const { timing } = options;
    this.#liveness = new Liveness({ pongTimeoutMs: timing.pongTimeoutMs, answerTimeoutMs: timing.answerTimeoutMs }, performance.now());
    const { partitions, feedClock, recorder } = options;
    const isEveryday = partitions !== undefined && !feedClock && recorder === undefined;
    this.#everyday = isEveryday ? new EverydayWay({ ...options, partitions, priced: market => this.#priced(market) }) : undefined;
    this.#connection = connect(
      {
        url: options.url,
        headers: options.apiKey ? { 'X-TD-APIKEY': options.apiKey } : {},
        handshakeTimeoutMs: timing.handshakeTimeoutMs,
      },
      {
        opened: simulated => this.#opened(simulated),
        message: text => this.#received(options.clean(text)),
        everyday: this.#everyday,
        pong: number => this.#watch.pong(number),
      },
    );
    this.#watch = new ConnectionWatch({
      connection: this.#connection,
      liveness: this.#liveness,
      pace: options.pace,
      pressure: options.pressure,
      openMarkets: () => options.mapper.openMarkets(options.nowMs()),
      tend: () => this.#tend(),
    });
  }

  /** True once the server took us in. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Runs until the connection ends, and tells feed and recorder of it. */
  async run(): Promise<Ending> {
    const { signal, recorder, clean, ended } = this.#options;
    const stop = () => this.#connection.end({ kind: 'closed', reason: 'ingester stopped' });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const ending = await this.#connection.ended;
      this.#saidTime.takeUpPending();
      if (this.#hasBegun) recorder?.end(this.#timeMs(), clean(ending.reason));
      ended(ending);
      return ending;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#over.abort();
      this.#watch.stop();
      for (const timer of this.#timers) clearInterval(timer);
    }
  }

  end(reason: string): void {
    this.#connection.end({ kind: 'closed', reason });
  }

  #opened(simulated: boolean): void {
    const { timing, logger, symbols } = this.#options;
    this.#wasOpen = true;
    this.#simulated = simulated;
    logger.info({ symbols: symbols.length, simulated }, `connected, subscribing to ${counted(symbols.length, 'symbol')}`);
    if (!this.#options.feedClock) this.#begin(this.#options.nowMs());
    this.#timers.push(
      setInterval(() => this.#connection.send({ action: 'heartbeat' }), timing.vendorHeartbeatMs),
      setInterval(() => this.#ping(), timing.pingIntervalMs),
    );
    void this.#subscribe(symbols);
    this.#watch.start();
  }

  #begin(timeMs: number): void {
    this.#hasBegun = true;
    this.#options.mapper.beginSession(timeMs, this.#simulated);
    this.#options.recorder?.begin(timeMs);
    for (const tell of this.#untold.splice(0)) tell();
  }

  /** What was asked for and given up before the session began belongs to it, in the same order. */
  #whenBegun(tell: () => void): void {
    if (this.#hasBegun) tell();
    else this.#untold.push(tell);
  }

  async #subscribe(symbols: readonly string[]): Promise<void> {
    const { mapper, subscriptions } = this.#options;
    await this.#inPieces(symbols, chunk => {
      this.#asked.push(chunk);
      this.#whenBegun(() => mapper.asked(chunk, subscriptions.namesOf(chunk)));
      subscriptions.asked(chunk, performance.now());
      this.#connection.send({ action: 'subscribe', params: { symbols: chunk.join(',') } });
    });
  }

  /** The symbols that stay keep their subscription. */
  async #change({ come, gone }: SymbolChange): Promise<void> {
    const { mapper, subscriptions, emit } = this.#options;
    if (gone.length > 0) {
      this.#whenBegun(() => emit(mapper.giveUp(subscriptions.namesOf(gone), this.#timeMs())));
      this.#everyday?.symbolsLeft();
    }
    await this.#inPieces(gone, chunk => this.#connection.send({ action: 'unsubscribe', params: { symbols: chunk.join(',') } }));
    await this.#subscribe(come);
  }

  /** As many messages a minute as the vendor takes. */
  async #inPieces(symbols: readonly string[], send: (chunk: readonly string[]) => void): Promise<void> {
    for (const [index, chunk] of chunksOf(symbols, symbolsInMessage).entries()) {
      if (index > 0 && index % requestsInMinute === 0) await pause(60_000, this.#over.signal);
      if (this.#over.signal.aborted) return;
      send(chunk);
    }
  }

  #ping(): void {
    this.#liveness.pinged();
    this.#connection.ping();
  }

  /** Asks for symbols that came and for refused ones that are due, and gives up those that went. */
  #tend(): void {
    const change = this.#options.changed();
    if (change !== undefined) void this.#change(change);
    const due = this.#options.subscriptions.toRetry(performance.now());
    if (due.length > 0) void this.#subscribe(due);
  }

  #received(text: string): void {
    const { mapper, recorder, emit, clean } = this.#options;
    this.#liveness.heard(performance.now());
    const message = parseMessage(text);
    if (this.#options.feedClock && message.kind === 'simulated-time') return this.#saidTime.said(message.timeMs);
    if (this.#options.feedClock && message.kind === 'heartbeat' && !this.#saidTime.isFresh) return;
    const receivedTimeMs = this.#timeMs();
    this.#saidTime.takeUp(receivedTimeMs);
    const beginsSession = message.kind === 'price' || message.kind === 'subscribe-status';
    if (!this.#hasBegun && beginsSession) this.#begin(this.#saidTime.firstAloneMs ?? receivedTimeMs);
    if (mapper.isResubscription(message)) {
      recorder?.end(receivedTimeMs, 'resubscribed by the server');
      recorder?.begin(receivedTimeMs);
    }
    recorder?.message(clean(text), receivedTimeMs);
    const received = { message, receivedTimeMs, text: () => text };
    const events = mapper.receive(received);
    emit(events);
    this.#everyday?.wentPlainly(received, events);
    this.#note(message);
  }

  /** The end of a recording, or event time that goes on as with a message at this time. */
  #saidAlone(timeMs: number, isEnd: boolean): void {
    const { emit, mapper, logger } = this.#options;
    if (!this.#hasBegun) return;
    if (!isEnd) return emit(mapper.timeSaid(timeMs));
    this.#liveness.answered(performance.now(), false);
    emit(mapper.finalHeartbeat(timeMs));
    logger.info('the recording has been played to its end');
  }

  /** The time of what is received now. */
  #timeMs(): number {
    return this.#saidTime.nowMs ?? this.#options.nowMs();
  }

  /** What a message means for the connection itself. */
  #note(message: VendorMessage): void {
    const { logger, mapper } = this.#options;
    if (message.kind === 'price') this.#priced(mapper.marketOf(message.symbol));
    else if (message.kind === 'subscribe-status') this.#answered(message);
    else if (message.kind === 'error') this.#vendorError(message.code, message.detail);
    else if (message.kind === 'malformed' || message.kind === 'unknown') {
      logger.debug({ kind: message.kind, detail: message.detail }, 'message of the vendor went to the dead-letter topic');
    }
  }

  /** A price of this market came; of those that came together one speaks for all. */
  #priced(market: string | undefined): void {
    const nowMs = performance.now();
    this.#liveness.heard(nowMs);
    this.#liveness.price(nowMs);
    this.#options.pace.price(market, nowMs);
    this.#options.received();
  }

  #answered(status: SubscribeStatus): void {
    const { subscriptions, logger } = this.#options;
    subscriptions.answered(status, this.#asked.shift() ?? [], performance.now());
    this.#liveness.answered(performance.now(), !subscriptions.isAllRefused);
    const { refused, errors } = status;
    const retryMs = this.#options.timing.retryRefusedMs;
    const beyondPlan = refused.filter(({ reason }) => speaksOfCredits.test(reason)).length;
    if (beyondPlan > 0) {
      const remedy = 'take fewer symbols, or a larger plan';
      logger.error(
        { refused },
        `the plan has no WebSocket credits for ${counted(beyondPlan, 'symbol')}: ${remedy}; asking again in ${retryMs} ms`,
      );
    } else if (subscriptions.isAllRefused) {
      logger.error({ refused, errors }, `the vendor refused every symbol; asking again in ${retryMs} ms: check SYMBOLS and the plan`);
    } else if (refused.length + errors.length > 0) {
      logger.warn({ refused, errors }, `the vendor refused ${counted(refused.length, 'symbol')}; asking again in ${retryMs} ms`);
    } else logger.info({ accepted: status.accepted.length }, 'subscribed');
  }

  #vendorError(code: number | undefined, detail: string): void {
    this.#options.logger.warn({ code, detail }, `the vendor says: ${detail}`);
    if (code === 401 || code === 403) this.#connection.end({ kind: 'key-refused', reason: `code ${code}: ${detail}` });
  }
}
