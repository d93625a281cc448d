/** One session of a feed while it runs: its number, what it owns, and how many ticks it gave. */
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import type { TradingCalendar } from '@tapeline/core/calendars/trading-calendar';
import { type GapRecord, recordFormat, type SessionRecord } from '@tapeline/core/records';
import type { LastSession } from './feed.ts';
import type { InstrumentFacts } from './instrument-class.ts';
import { marketOf } from './market-hours.ts';
import type { SubscribeStatus } from './vendor-message.ts';

export interface SessionStart {
  readonly feed: string;
  readonly session: number;
  readonly startMs: number;
  readonly simulated: boolean;
  readonly previous: LastSession | undefined;
  /** Symbols that the vendor refused before and was not asked for since, with its reasons. */
  readonly refused: ReadonlyMap<string, string>;
}

/** What is known of a symbol, and what follows from it. */
interface OwnedSymbol {
  readonly facts: InstrumentFacts;
  readonly market: string;
  readonly calendar: TradingCalendar;
}

interface Request {
  readonly symbols: readonly string[];
  /** Names of those among them that were given up before it, and not again since. */
  readonly takenBack: Set<string>;
}

/** Heartbeats come four times a second; a busy moment is no standstill. */
export const standstillMs = 2_000;
/** Symbols that one session holds at most; the schema's own bound. */
const mostSymbols = 100_000;

export class Session {
  readonly number: number;
  readonly simulated: boolean;
  /** True once the vendor answered a subscription in it. */
  answered = false;
  /** Receipt of its last tick. */
  lastDataMs: number | undefined;
  /** The last heartbeat of it, and what `lastDataMs` was then: until there nothing is missing. */
  #whole: { readonly untilMs: number; readonly lastDataMs: number | undefined };
  readonly #start: SessionStart;
  readonly #symbols = new Map<string, OwnedSymbol>();
  readonly #refused: Map<string, string>;
  #startMs: number;
  #announced = false;
  #sequence = 0;
  #markets: readonly string[] | undefined;
  /** Each request that was not answered yet, oldest first. */
  readonly #asked: Request[] = [];
  /** Names of symbols that were given up: prices that are still on their way are nobody's. */
  readonly #givenUp = new Set<string>();

  constructor(start: SessionStart) {
    this.#start = start;
    this.number = start.session;
    this.#startMs = start.startMs;
    this.#whole = { untilMs: start.startMs, lastDataMs: undefined };
    this.simulated = start.simulated;
    this.#refused = new Map(start.refused);
  }

  /** True once the log knows this session. */
  get announced(): boolean {
    return this.#announced;
  }

  /** When the connection was opened; once the log knows of it, when it was first known to send. */
  get startMs(): number {
    return this.#startMs;
  }

  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** Markets of its symbols, each once. */
  get markets(): readonly string[] {
    this.#markets ??= [...new Set([...this.#symbols.values()].map(({ market }) => market))].slice(0, 1_000);
    return this.#markets;
  }

  /** True while a subscription waits for its answer. */
  get isAwaited(): boolean {
    return this.#asked.length > 0;
  }

  owns(symbol: string): boolean {
    return this.#symbols.has(symbol);
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** A request for these symbols, by these names in prices, was sent. */
  ask(symbols: readonly string[], names: readonly string[]): void {
    this.#asked.push({ symbols, takenBack: new Set(names.filter(name => this.#givenUp.has(name))) });
  }

  /** Symbols of these names (in capitals) are asked for no more. */
  giveUp(names: readonly string[]): void {
    const gone = new Set(names);
    for (const symbol of this.#symbols.keys()) if (gone.has(symbol.toUpperCase())) this.#symbols.delete(symbol);
    for (const symbol of this.#refused.keys()) if (gone.has(symbol.toUpperCase())) this.#refused.delete(symbol);
    for (const name of gone) {
      if (this.#givenUp.size < mostSymbols) this.#givenUp.add(name);
      for (const { takenBack } of this.#asked) takenBack.delete(name);
    }
    this.#markets = undefined;
  }

  /** True for a symbol that was given up and not accepted again since. */
  isGivenUp(symbol: string): boolean {
    return this.#givenUp.size > 0 && this.#givenUp.has(symbol.toUpperCase());
  }

  /** Takes in the answer to the oldest request. An answer that is nothing but an error refuses all that was asked. */
  answer(status: SubscribeStatus): void {
    const { symbols, takenBack } = this.#asked.shift() ?? { symbols: [], takenBack: new Set() };
    this.answered = true;
    for (const name of takenBack) this.#givenUp.delete(name);
    for (const { symbol, reason } of status.refused) this.#refuse(symbol, reason);
    for (const { symbol, ...facts } of status.accepted) if (!this.isGivenUp(symbol)) this.own(symbol, facts);
    if (status.errors.length > 0 && status.accepted.length === 0 && status.refused.length === 0) {
      for (const symbol of symbols) this.#refuse(symbol, status.errors.join('; ').slice(0, 500));
    }
  }

  /** Notes that a symbol is this session's and what is known of it; false when the session is full. */
  own(symbol: string, facts: InstrumentFacts): boolean {
    const known = this.#symbols.get(symbol)?.facts;
    if (known === undefined && this.#symbols.size >= mostSymbols) return false;
    const type = facts.type ?? known?.type;
    const exchange = facts.exchange ?? known?.exchange;
    if (known !== undefined && known.type === type && known.exchange === exchange) return true;
    const market = marketOf({ type, exchange });
    this.#symbols.set(symbol, { facts: { type, exchange }, market, calendar: calendarOf(market) });
    this.#refused.delete(symbol);
    this.#markets = undefined;
    return true;
  }

  /** Name of the market of a symbol that it owns. */
  marketOf(symbol: string): string | undefined {
    return this.#symbols.get(symbol)?.market;
  }

  /** The calendar that a symbol lives by, as the vendor told its type and exchange; UTC's days where nothing is known. */
  calendarOf(symbol: string): TradingCalendar {
    return this.#symbols.get(symbol)?.calendar ?? calendarOf(marketOf({}));
  }

  /**
   * The first record: the session begins here, for what was sent before went to nobody.
   * @param timeMs receipt of the vendor's first answer or price
   */
  announce(timeMs: number): SessionRecord {
    this.#announced = true;
    this.#startMs = Math.max(this.#startMs, timeMs);
    this.wholeUntil(this.#startMs);
    return this.record(timeMs);
  }

  /** The session as a record of the log. @param timeMs when its symbols became what they are. */
  record(timeMs: number): SessionRecord {
    return {
      v: recordFormat,
      kind: 'session',
      feed: this.#start.feed,
      session: this.number,
      timeMs: Math.max(this.#startMs, timeMs),
      symbols: [...this.#symbols.keys()],
      refused: [...this.#refused].map(([symbol, reason]) => ({ symbol, reason })),
      simulated: this.simulated ? true : undefined,
      newBaseline: true,
      previous: this.#start.previous,
    };
  }

  /** All that the vendor sent until now was given out. */
  wholeUntil(timeMs: number): void {
    this.#whole = { untilMs: timeMs, lastDataMs: this.lastDataMs };
  }

  /** True when nobody could say for long that nothing is missing: the process stood still, or the vendor was held back. */
  isHeldUp(nowMs: number): boolean {
    return nowMs - this.#whole.untilMs >= standstillMs;
  }

  /**
   * What may be missing of a session that ends now: what was received after a standstill had waited in the socket, and nobody knows what
   * would have come behind it. From there on the next session tells the absence.
   */
  standstill(nowMs: number): GapRecord | undefined {
    const fromMs = this.#whole.lastDataMs ?? this.#startMs;
    const { lastDataMs } = this;
    if (!this.isHeldUp(nowMs) || lastDataMs === undefined || lastDataMs <= fromMs) return undefined;
    const { feed } = this.#start;
    const span = { fromMs, toMs: lastDataMs, reason: 'the process stood still, or held the vendor back', lost: 0, receivedTimeMs: nowMs };
    return { v: recordFormat, kind: 'gap', feed, session: this.number, symbols: [...this.#symbols.keys()], newBaseline: true, ...span };
  }

  /** How it ended, for the session after it. */
  ended(reason: string): LastSession {
    return { session: this.number, reason: reason.slice(0, 500), lastDataMs: this.lastDataMs ?? this.#startMs };
  }

  #refuse(symbol: string, reason: string): void {
    if (this.isGivenUp(symbol)) return;
    if (this.#refused.size < mostSymbols) this.#refused.set(symbol, reason);
    this.#symbols.delete(symbol);
    this.#markets = undefined;
  }
}
