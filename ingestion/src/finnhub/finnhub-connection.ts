/**
 * One connection to Finnhub while it lasts. The vendor answers no subscription, and an error does not always name its symbol. So symbols are asked
 * for one after the other, each with a ping behind it: an error before its pong refuses the symbol, its pong accepts it.
 */
import { counted } from '@tapeline/core/counted';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import { type Connection, connect, type Ending } from '../connection.ts';
import { ConnectionWatch } from '../connection-watch.ts';
import type { FeedEvent } from '../feed.ts';
import { Liveness } from '../liveness.ts';
import type { ConnectionContext, VendorConnection } from '../socket-vendor.ts';
import type { SymbolChange } from '../subscriptions.ts';
import type { RefusedSymbol, VendorMessage } from '../vendor-message.ts';
import { factsOfSymbol } from './instruments.ts';
import { type FinnhubMessage, parseMessage, type TradeEntry } from './messages.ts';

export interface FinnhubTiming {
  /** WebSocket pings. @default 3,000 */
  readonly pingIntervalMs: number;
  /** Nothing heard for so long, in spite of pings: dead. @default 10,000 */
  readonly pongTimeoutMs: number;
  /** From the request to the open socket. @default 10,000 */
  readonly handshakeTimeoutMs: number;
  /** The pong that says that a symbol was accepted is waited for so long at most. @default 1,000 */
  readonly acceptTimeoutMs: number;
  /** Refused symbols are asked for again after this. @default 900,000 */
  readonly retryRefusedMs: number;
}

export const defaultFinnhubTiming: FinnhubTiming = {
  pingIntervalMs: 3_000,
  pongTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  acceptTimeoutMs: 1_000,
  retryRefusedMs: 900_000,
};

export interface FinnhubConnectionOptions extends ConnectionContext {
  /** With the key in it, for this vendor takes it nowhere else: not for logs. */
  readonly url: string;
  readonly timing: FinnhubTiming;
  readonly logger: Logger;
}

const millisecond = 1;
/** While symbols are being asked for, the log is told of those that were accepted at most so often: each record names all symbols. */
const tellIntervalMs = 250;

/** A symbol that was asked for and not answered yet. */
interface Awaited {
  readonly symbol: string;
  /** The number of the ping behind it. */
  readonly ping: number;
}

export class FinnhubConnection implements VendorConnection {
  readonly #options: FinnhubConnectionOptions;
  readonly #liveness: Liveness;
  readonly #connection: Connection;
  readonly #over = new AbortController();
  #wasOpen = false;
  /** All that was asked for and not given up since. */
  readonly #asked = new Set<string>();
  /** Oldest first. */
  #awaited: readonly Awaited[] = [];
  /** Ends the wait for their answers. */
  #answered = new AbortController();
  /** Accepted by the vendor, and not told to the log yet. */
  #accepted: readonly string[] = [];
  #refused = new Map<string, string>();
  #toldAtMs = Number.NEGATIVE_INFINITY;
  /** What the log was told to be ours. */
  readonly #claimed = new Set<string>();
  #isAsking = false;
  #pings: NodeJS.Timeout | undefined;
  readonly #watch: ConnectionWatch;

  constructor(options: FinnhubConnectionOptions) {
    this.#options = options;
    const { pongTimeoutMs, handshakeTimeoutMs } = options.timing;
    this.#liveness = new Liveness({ pongTimeoutMs, answerTimeoutMs: Number.POSITIVE_INFINITY }, performance.now());
    this.#connection = connect(
      { url: options.url, handshakeTimeoutMs },
      {
        opened: simulated => this.#opened(simulated),
        message: text => this.#received(options.clean(text)),
        pong: number => this.#pong(number),
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

  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  async run(): Promise<Ending> {
    const { signal, ended } = this.#options;
    const stop = () => this.#connection.end({ kind: 'closed', reason: 'ingester stopped' });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const ending = await this.#connection.ended;
      ended(ending);
      return ending;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#over.abort();
      clearInterval(this.#pings);
      this.#watch.stop();
    }
  }

  end(reason: string): void {
    this.#connection.end({ kind: 'closed', reason });
  }

  #opened(simulated: boolean): void {
    const { timing, logger, symbols, mapper, nowMs } = this.#options;
    this.#wasOpen = true;
    logger.info({ symbols: symbols.length, simulated }, `connected, subscribing to ${counted(symbols.length, 'symbol')} one by one`);
    mapper.beginSession(nowMs(), simulated);
    this.#pings = setInterval(() => this.#ping(), timing.pingIntervalMs);
    void this.#subscribe(symbols);
    this.#watch.start();
  }

  #ping(): number {
    this.#liveness.pinged();
    return this.#connection.ping();
  }

  /** Asks for each symbol and waits for what becomes of it. */
  async #subscribe(symbols: readonly string[]): Promise<void> {
    const { timing, subscriptions } = this.#options;
    this.#isAsking = true;
    subscriptions.asked(symbols, performance.now());
    this.#liveness.answered(performance.now(), true);
    for (const symbol of symbols) {
      if (this.#over.signal.aborted) return;
      this.#asked.add(symbol);
      this.#answered = new AbortController();
      this.#connection.send({ type: 'subscribe', symbol });
      this.#awaited = [...this.#awaited, { symbol, ping: this.#ping() }];
      await pause(timing.acceptTimeoutMs, AbortSignal.any([this.#answered.signal, this.#over.signal]));
    }
    this.#isAsking = false;
    this.#conclude(symbols);
  }

  #conclude(asked: readonly string[]): void {
    const { subscriptions, logger, timing } = this.#options;
    const refused = [...this.#refused].map(([symbol, reason]) => ({ symbol, reason }));
    this.#refused = new Map();
    if (this.#over.signal.aborted) return;
    subscriptions.answered({ kind: 'subscribe-status', accepted: [], refused, errors: [] }, asked, performance.now());
    this.#tell(refused);
    this.#liveness.answered(performance.now(), !subscriptions.isAllRefused);
    const again = `asking again in ${timing.retryRefusedMs} ms: check FINNHUB_SYMBOLS and the plan`;
    if (subscriptions.isAllRefused) logger.error({ refused }, `the vendor refused every symbol; ${again}`);
    else if (refused.length > 0) logger.warn({ refused }, `the vendor refused ${counted(refused.length, 'symbol')}; ${again}`);
    else logger.info({ accepted: asked.length, of: this.#asked.size }, 'subscribed');
  }

  /** What was asked for before the ping of this pong has been taken in: pongs come in the order of the pings, and a server may leave some out. */
  #pong(number: number): void {
    this.#watch.pong(number);
    const isAnswered = ({ ping }: Awaited) => ping <= number;
    this.#accepted = [...this.#accepted, ...this.#awaited.filter(isAnswered).map(({ symbol }) => symbol)];
    this.#awaitOnly(each => !isAnswered(each));
    if (!this.#isAsking || performance.now() - this.#toldAtMs >= tellIntervalMs) this.#tell([]);
  }

  #awaitOnly(isAwaited: (each: Awaited) => boolean): void {
    this.#awaited = this.#awaited.filter(isAwaited);
    if (this.#awaited.length === 0) this.#answered.abort();
  }

  /** Gives up symbols that went, asks for those that came and again for refused ones that are due; not while others are being asked for. */
  #tend(): void {
    if (this.#isAsking) return;
    const { come, gone } = this.#options.changed() ?? { come: [], gone: [] };
    this.#giveUp(gone);
    const wanted = [...come, ...this.#options.subscriptions.toRetry(performance.now())];
    if (wanted.length > 0) void this.#subscribe(wanted);
  }

  /** The others keep their subscription. */
  #giveUp(gone: SymbolChange['gone']): void {
    if (gone.length === 0) return;
    const { mapper, subscriptions, emit, nowMs } = this.#options;
    emit(mapper.giveUp(subscriptions.namesOf(gone), nowMs()));
    for (const symbol of gone) {
      const isSubscribed = this.#claimed.delete(symbol) || this.#awaited.some(each => each.symbol === symbol);
      // An error about a symbol that the vendor never took would refuse another one.
      if (isSubscribed) this.#connection.send({ type: 'unsubscribe', symbol });
      this.#asked.delete(symbol);
      this.#accepted = this.#accepted.filter(each => each !== symbol);
      this.#awaitOnly(each => each.symbol !== symbol);
    }
  }

  #received(text: string): void {
    const { emit, nowMs, logger } = this.#options;
    this.#liveness.heard(performance.now());
    const message = parseMessage(text);
    const receivedTimeMs = nowMs();
    if (message.kind === 'trades') emit(message.entries.flatMap(entry => this.#trade(entry, receivedTimeMs)));
    else if (message.kind === 'error') this.#vendorError(message);
    else if (message.kind !== 'ping') {
      logger.debug({ kind: message.kind, detail: message.detail }, 'message of the vendor went to the dead-letter topic');
      emit(this.#options.mapper.receive({ message, receivedTimeMs, text: () => text }));
    }
  }

  #trade({ trade, text }: TradeEntry, receivedTimeMs: number): FeedEvent[] {
    const { mapper, received, pace } = this.#options;
    if (trade.kind === 'malformed') return mapper.receive({ message: trade, receivedTimeMs, text });
    const nowMs = performance.now();
    this.#liveness.price(nowMs);
    received();
    const message: VendorMessage = { ...trade, ...factsOfSymbol(trade.symbol), kind: 'price', resolutionMs: millisecond };
    const events = mapper.receive({ message, receivedTimeMs, text });
    pace.price(mapper.marketOf(trade.symbol), nowMs);
    return events;
  }

  /** An error that names a symbol refuses that one, any other the oldest that is not answered. */
  #vendorError({ detail }: Extract<FinnhubMessage, { kind: 'error' }>): void {
    const { logger } = this.#options;
    const symbol = [...this.#asked].find(candidate => detail.endsWith(` ${candidate}`)) ?? this.#awaited[0]?.symbol;
    if (symbol === undefined) return logger.warn({ detail }, `the vendor says: ${detail}`);
    this.#refused.set(symbol, detail);
    this.#accepted = this.#accepted.filter(each => each !== symbol);
    this.#awaitOnly(each => each.symbol !== symbol);
    if (!this.#isAsking) this.#conclude([symbol]);
  }

  /** Tells the log which symbols are ours from now on, and which were refused. */
  #tell(refused: readonly RefusedSymbol[]): void {
    const { mapper, subscriptions, emit, nowMs } = this.#options;
    const accepted = this.#accepted;
    this.#accepted = [];
    const isNews = refused.length > 0 || accepted.some(symbol => !this.#claimed.has(symbol));
    if (!isNews) return;
    this.#toldAtMs = performance.now();
    for (const symbol of accepted) this.#claimed.add(symbol);
    for (const { symbol } of refused) this.#claimed.delete(symbol);
    const answered = [...accepted, ...refused.map(({ symbol }) => symbol)];
    mapper.asked(answered, subscriptions.namesOf(answered));
    const facts = accepted.map(symbol => ({ symbol, ...factsOfSymbol(symbol) }));
    const message: VendorMessage = { kind: 'subscribe-status', accepted: facts, refused, errors: [] };
    emit(mapper.receive({ message, receivedTimeMs: nowMs(), text: () => '' }));
  }
}
