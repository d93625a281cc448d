/** One session of a feed while it runs: its number, what it owns, and how many ticks it gave. */
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import type { TradingCalendar } from '@tapeline/core/calendars/trading-calendar';
import { recordFormat, type SessionRecord } from '@tapeline/core/records';
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

/** Symbols that one session holds at most; the schema's own bound. */
const mostSymbols = 100_000;

export class Session {
  readonly number: number;
  readonly startMs: number;
  readonly simulated: boolean;
  /** True once the log knows this session. */
  announced = false;
  /** True once the vendor answered a subscription in it. */
  answered = false;
  /** Receipt of its last tick. */
  lastDataMs: number | undefined;
  readonly #start: SessionStart;
  readonly #symbols = new Map<string, OwnedSymbol>();
  readonly #refused: Map<string, string>;
  #sequence = 0;
  #markets: readonly string[] | undefined;
  /** Symbols of each request that was not answered yet, oldest first. */
  readonly #asked: (readonly string[])[] = [];

  constructor(start: SessionStart) {
    this.#start = start;
    this.number = start.session;
    this.startMs = start.startMs;
    this.simulated = start.simulated;
    this.#refused = new Map(start.refused);
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

  /** A request for these symbols was sent. */
  ask(symbols: readonly string[]): void {
    this.#asked.push(symbols);
  }

  /** Takes in the answer to the oldest request. An answer that is nothing but an error refuses all that was asked. */
  answer(status: SubscribeStatus): void {
    const asked = this.#asked.shift() ?? [];
    this.answered = true;
    for (const { symbol, reason } of status.refused) this.#refuse(symbol, reason);
    for (const { symbol, ...facts } of status.accepted) this.own(symbol, facts);
    if (status.errors.length > 0 && status.accepted.length === 0 && status.refused.length === 0) {
      for (const symbol of asked) this.#refuse(symbol, status.errors.join('; ').slice(0, 500));
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

  /** The session as a record of the log. */
  record(): SessionRecord {
    return {
      v: recordFormat,
      kind: 'session',
      feed: this.#start.feed,
      session: this.number,
      timeMs: this.startMs,
      symbols: [...this.#symbols.keys()],
      refused: [...this.#refused].map(([symbol, reason]) => ({ symbol, reason })),
      simulated: this.simulated ? true : undefined,
      previous: this.#start.previous,
    };
  }

  /** How it ended, for the session after it. */
  ended(reason: string): LastSession {
    return { session: this.number, reason: reason.slice(0, 500), lastDataMs: this.lastDataMs ?? this.startMs };
  }

  #refuse(symbol: string, reason: string): void {
    if (this.#refused.size < mostSymbols) this.#refused.set(symbol, reason);
    this.#symbols.delete(symbol);
    this.#markets = undefined;
  }
}
