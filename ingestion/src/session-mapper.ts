/**
 * The mapping from what a vendor said to the records of the log; the same for the socket and for a recording, so that
 * both give the same records. One instance for each feed. It holds no clock: each time is an argument.
 */
import type { MarketHours } from '@tapeline/core/calendars/market-calendars';
import { type DeadLetterReason, deadLetter } from '@tapeline/core/dead-letters';
import { type Heartbeat, recordFormat, type Tick } from '@tapeline/core/records';
import type { LastSession, PlainEvent } from './feed.ts';
import { OpenMarkets } from './market-hours.ts';
import { Session } from './session.ts';
import { isFuture, StampResolutions } from './time-mapping.ts';
import type { PriceEvent, SubscribeStatus, VendorMessage } from './vendor-message.ts';

export interface SessionMapperOptions {
  /** Source and shard, as in `twelve-data/0`. */
  readonly feed: string;
  /** The last session of this feed that the log knows; the next one is numbered after it. */
  readonly lastSession?: LastSession;
  /** The next session has this number at least. @default 1 */
  readonly firstSession?: number;
  /** True when heartbeats follow from the times of receipt (recordings, `FEED_CLOCK=feed`), not from {@link SessionMapper.heartbeat}. */
  readonly feedClock: boolean;
  /** What a `subscribe-status` that nobody asked for does to a session that has one: begin the next, ending it for this reason; absent: it adds symbols. */
  readonly resubscribedReason?: string;
  /** Which hours of its day a market counts as open in. @default 'regular' */
  readonly marketHours?: MarketHours;
}

/** One message as received. */
export interface Received {
  readonly message: VendorMessage;
  readonly receivedTimeMs: number;
  /** The message as the vendor wrote it, for the dead-letter topic. */
  readonly text: () => string;
}

/** Heartbeats in feed time stand on multiples of this. */
export const heartbeatIntervalMs = 250;

/** How a session ended of which no more is known: TCP ended, or a recording has no `end` line. */
export const endedWithoutCode = 'connection ended without a close code';

export class SessionMapper {
  readonly #options: SessionMapperOptions;
  readonly #resolutions = new StampResolutions();
  readonly #open: OpenMarkets;
  #last: LastSession | undefined;
  #lastMarkets: readonly string[] = [];
  #session: Session | undefined;
  #refused: ReadonlyMap<string, string> = new Map();
  #lastHeartbeatMs = 0;
  /** Time of the last heartbeat that said that the feed is connected. */
  #connectedMs: number | undefined;

  constructor(options: SessionMapperOptions) {
    this.#options = options;
    this.#last = options.lastSession;
    this.#open = new OpenMarkets(options.marketHours);
  }

  /** Markets of the running session, or of the last one, that are open at `timeMs`. */
  openMarkets(timeMs: number): readonly string[] {
    return this.#open.at(timeMs, this.#session?.markets ?? this.#lastMarkets);
  }

  /** Name of the market of a symbol that the running session owns. */
  marketOf(symbol: string): string | undefined {
    return this.#session?.marketOf(symbol);
  }

  /** The running session, once the log knows of it. */
  get announced(): Session | undefined {
    return this.#session?.announced ? this.#session : undefined;
  }

  /** How finely a symbol is stamped, as far as it is learnt. */
  resolutionMs(symbol: string): number {
    return this.#resolutions.resolutionMs(symbol);
  }

  /** True while a session runs that the log knows of. */
  get isConnected(): boolean {
    return this.#session?.announced ?? false;
  }

  /** A connection was opened. Its session begins for the log with its first answer or price; until then it leaves no trace. */
  beginSession(timeMs: number, simulated = false): void {
    if (this.#session !== undefined) this.endSession('ended without a word');
    this.#session = new Session({
      feed: this.#options.feed,
      session: Math.max((this.#last?.session ?? 0) + 1, this.#options.firstSession ?? 1),
      startMs: timeMs,
      simulated,
      previous: this.#last,
      refused: this.#refused,
    });
  }

  /**
   * A request for these symbols was sent: the next `subscribe-status` that is not taken yet answers it.
   * @param names what they are called in prices, in capitals. @default the same
   */
  asked(symbols: readonly string[], names = symbols): void {
    this.#session?.ask(symbols, names);
  }

  /**
   * Symbols of these names (in capitals) are asked for no more, while the connection goes on or between two: the records that tell so, if the log
   * knows the session. What is still received of them goes to the dead letters.
   */
  giveUp(names: readonly string[], timeMs: number): PlainEvent[] {
    this.#refused = new Map([...this.#refused].filter(([symbol]) => !names.includes(symbol.toUpperCase())));
    this.#session?.giveUp(names);
    return this.isConnected ? this.#announce(timeMs, true) : [];
  }

  /** True when this answer was not asked for and begins a session of its own. */
  isResubscription(message: VendorMessage): boolean {
    const session = this.#session;
    if (message.kind !== 'subscribe-status' || this.#options.resubscribedReason === undefined || session === undefined) return false;
    return session.answered && !session.isAwaited;
  }

  /** Maps one message; a message outside a session begins one. */
  receive(received: Received): PlainEvent[] {
    const { message, receivedTimeMs } = received;
    if (this.isResubscription(message)) {
      const { simulated = false } = this.#session ?? {};
      this.endSession(this.#options.resubscribedReason ?? '');
      this.beginSession(receivedTimeMs, simulated);
    }
    if (this.#session === undefined) this.beginSession(receivedTimeMs);
    const heartbeats = this.#options.feedClock ? this.#heartbeatsBefore(receivedTimeMs) : [];
    return [...heartbeats, ...this.#map(received)];
  }

  /** The wall clock's heartbeat: all that was received until `nowMs` was given out before. Nothing before the first session ever. */
  heartbeat(nowMs: number): PlainEvent[] {
    this.announced?.wholeUntil(nowMs);
    return this.isConnected || this.#last !== undefined ? [this.#heartbeat(nowMs, this.isConnected)] : [];
  }

  /** The server said the time and nothing behind it: the heartbeat that a message at this time would have brought. */
  timeSaid(timeMs: number): PlainEvent[] {
    return this.#heartbeatsBefore(timeMs);
  }

  /** The connected heartbeat at the end of a recording, so that what is over closes; also when its last session has ended. */
  finalHeartbeat(timeMs: number): PlainEvent[] {
    return this.isConnected || this.#last !== undefined ? [this.#heartbeat(timeMs, true)] : [];
  }

  /** True when the running session gave no heartbeat for long: what the vendor sent meanwhile may still be on its way, or lost. */
  isHeldUp(nowMs: number): boolean {
    return this.announced?.isHeldUp(nowMs) ?? false;
  }

  /**
   * The connection ended. A session that the log never heard of is forgotten: its number is used again.
   * @param nowMs absent where no heartbeats tell of a standstill
   * @returns what may be missing of the session, see {@link Session.standstill}
   */
  endSession(reason: string, nowMs?: number): PlainEvent[] {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined || !session.announced) return [];
    this.#last = session.ended(reason);
    this.#lastMarkets = session.markets;
    this.#refused = session.refused;
    const missing = nowMs === undefined ? undefined : session.standstill(nowMs);
    return missing === undefined ? [] : [missing];
  }

  #map(received: Received): PlainEvent[] {
    const { message } = received;
    switch (message.kind) {
      case 'price':
        return this.#price(message, received);
      case 'subscribe-status':
        return this.#status(message, received.receivedTimeMs);
      case 'malformed':
      case 'unknown':
        return [this.#refuse(message.kind, message.detail, received)];
      case 'simulated-time':
        return [this.#refuse('unknown', 'event must be one that is documented, was "simulated-time" without FEED_CLOCK=feed', received)];
      default:
        return [];
    }
  }

  #status(status: SubscribeStatus, timeMs: number): PlainEvent[] {
    this.#session?.answer(status);
    return this.#announce(timeMs, status.refused.length > 0);
  }

  /**
   * The session's record. Where symbols leave a session that the log knows, the last heartbeat's time is said again before it: they are absent from
   * the feed's last price on, and partitions without that price know of it by a heartbeat only. Time does not move by that.
   */
  #announce(timeMs: number, leave = false): PlainEvent[] {
    const session = this.#session;
    if (session === undefined) return [];
    if (session.announced) return [...(leave ? [this.#heartbeat(this.#connectedMs ?? session.startMs, true)] : []), session.record(timeMs)];
    return [session.announce(timeMs)];
  }

  #price(price: PriceEvent, received: Received): PlainEvent[] {
    const session = this.#session;
    if (session === undefined) return [];
    const { symbol, sourceTimeMs } = price;
    const { receivedTimeMs } = received;
    const isNew = !session.owns(symbol);
    if (isNew && session.isGivenUp(symbol)) return [this.#refuse('not-owner', `symbol: ${symbol} is no longer asked for`, received)];
    if (!session.own(symbol, price)) return [this.#refuse('not-owner', 'symbol: the session has as many symbols as it can hold', received)];
    const announced = isNew || !session.announced ? this.#announce(receivedTimeMs) : [];
    if (isFuture(sourceTimeMs, receivedTimeMs)) {
      const aheadMs = sourceTimeMs - receivedTimeMs;
      return [...announced, this.#refuse('future', `timestamp: ${aheadMs} ms ahead of its receipt, expected at most 5000`, received)];
    }
    return [...announced, this.#tick(price, session, receivedTimeMs)];
  }

  #tick(price: PriceEvent, session: Session, receivedTimeMs: number): Tick {
    const timeMs = this.#timeOf(price, receivedTimeMs);
    const day = session.calendarOf(price.symbol).tradingDayOf(timeMs);
    session.lastDataMs = receivedTimeMs;
    return {
      v: recordFormat,
      kind: 'tick',
      feed: this.#options.feed,
      session: session.number,
      sequence: session.nextSequence(),
      symbol: price.symbol,
      price: price.price,
      bid: price.bid,
      ask: price.ask,
      dayVolume: price.dayVolume,
      size: price.size,
      sourceTimeMs: price.sourceTimeMs,
      receivedTimeMs,
      timeMs,
      tradingDay: day.day,
      tradingDayEndMs: day.endMs,
    };
  }

  #timeOf({ symbol, sourceTimeMs, resolutionMs }: PriceEvent, receivedTimeMs: number): number {
    if (resolutionMs === undefined) return this.#resolutions.timeMs(symbol, sourceTimeMs, receivedTimeMs);
    return Math.min(receivedTimeMs, sourceTimeMs + resolutionMs - 1);
  }

  /** At most one heartbeat, on the last point of the grid before `timeMs`: earlier points would say nothing more. */
  #heartbeatsBefore(timeMs: number): PlainEvent[] {
    const session = this.#session;
    if (session === undefined || !session.announced) return [];
    const pointMs = Math.ceil(timeMs / heartbeatIntervalMs - 1) * heartbeatIntervalMs;
    if (pointMs <= this.#lastHeartbeatMs || pointMs < session.startMs) return [];
    return [this.#heartbeat(pointMs, true)];
  }

  #heartbeat(timeMs: number, connected: boolean): Heartbeat {
    this.#lastHeartbeatMs = Math.max(this.#lastHeartbeatMs, timeMs);
    if (connected) this.#connectedMs = Math.max(this.#connectedMs ?? 0, timeMs);
    const session = this.#session?.announced ? this.#session : undefined;
    return {
      v: recordFormat,
      kind: 'heartbeat',
      feed: this.#options.feed,
      session: session?.number ?? this.#last?.session ?? 1,
      timeMs,
      connected,
      lastDataMs: session === undefined ? this.#last?.lastDataMs : session.lastDataMs,
      openMarkets: [...this.openMarkets(timeMs)],
      endReason: connected ? undefined : this.#last?.reason,
    };
  }

  #refuse(reason: DeadLetterReason, detail: string, { receivedTimeMs, text }: Received): PlainEvent {
    const origin = `${this.#options.feed} session ${this.#session?.number ?? 0}`;
    return deadLetter({ reason, detail, origin, timeMs: receivedTimeMs, value: text() });
  }
}
