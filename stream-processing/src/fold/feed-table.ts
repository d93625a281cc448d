/** The feeds of a partition: sessions, connection, watermark; and the fence against sessions that are over. */
import { partitionOf } from '@tapeline/core/partitioner';
import type { Heartbeat, SessionRecord } from '@tapeline/core/records';
import type { FoldOptions } from './levels.ts';
import type { FeedState } from './outputs.ts';

type Entry = { -readonly [Field in keyof FeedState]: FeedState[Field] };

/** What a session record means for the one before it. */
export interface SessionChange {
  readonly feed: string;
  readonly startMs: number;
  readonly symbols: ReadonlySet<string>;
  /** From when on the feed was absent; `undefined` when this is its first session, or the same one with more symbols. */
  readonly absentSinceMs: number | undefined;
  /** From when on a symbol that it leaves out is absent, if no price of it came later from another feed. */
  readonly givenUpSinceMs: number;
  readonly reason: string;
  /** The symbols that it takes over begin with a new volume baseline. */
  readonly isNewBaseline: boolean;
}

export class FeedTable {
  readonly #options: FoldOptions;
  readonly #feeds = new Map<string, Entry>();

  constructor(options: FoldOptions, states: readonly FeedState[] = []) {
    this.#options = options;
    for (const state of states) this.#feeds.set(state.feed, { ...state });
  }

  states(): FeedState[] {
    return [...this.#feeds.values()].map(entry => ({ ...entry }));
  }

  get(feed: string): FeedState | undefined {
    return this.#feeds.get(feed);
  }

  /** Takes a session record in; `undefined` when it is of a session that is over. */
  begin(record: SessionRecord): SessionChange | undefined {
    const known = this.#feeds.get(record.feed);
    if (known !== undefined && record.session < known.session) return undefined;
    const isSame = known !== undefined && record.session === known.session;
    const before = record.previous?.lastDataMs ?? (known === undefined ? undefined : (known.lastDataMs ?? known.sessionStartMs));
    this.#feeds.set(record.feed, {
      feed: record.feed,
      session: record.session,
      sessionStartMs: record.timeMs,
      begunMs: isSame ? begunMsOf(known) : undefined,
      joinedMs: isSame ? this.#joinedMs(known, record) : undefined,
      connected: true,
      simulated: record.simulated ?? false,
      watermarkMs: known?.watermarkMs ?? 0,
      lastDataMs: isSame ? known.lastDataMs : undefined,
      symbols: record.symbols,
      refused: record.refused,
    });
    return {
      feed: record.feed,
      startMs: record.timeMs,
      symbols: new Set(record.symbols),
      absentSinceMs: isSame ? undefined : before,
      givenUpSinceMs: (isSame ? known.lastDataMs : before) ?? record.timeMs,
      reason: record.previous?.reason ?? 'the session before ended without a word',
      isNewBaseline: record.newBaseline === true,
    };
  }

  /** Takes a heartbeat in; gives the feed's watermark when it is connected and of a session that goes on. */
  beat(record: Heartbeat): number | undefined {
    const entry = this.#entry(record.feed, record.session, record.timeMs);
    if (entry === undefined) return undefined;
    entry.connected = record.connected;
    if (record.lastDataMs !== undefined) entry.lastDataMs = Math.max(entry.lastDataMs ?? 0, record.lastDataMs);
    if (!record.connected) return undefined;
    entry.watermarkMs = Math.max(entry.watermarkMs, record.timeMs);
    return entry.watermarkMs;
  }

  /** Notes the receipt of a price; false when it is of a session that is over. */
  receive(feed: string, session: number, receivedTimeMs: number): boolean {
    const entry = this.#entry(feed, session, receivedTimeMs);
    if (entry === undefined) return false;
    entry.lastDataMs = Math.max(entry.lastDataMs ?? 0, receivedTimeMs);
    return true;
  }

  #joinedMs(known: FeedState, { symbols, timeMs }: SessionRecord): FeedState['joinedMs'] {
    const before = new Set(known.symbols);
    const { partition, partitions } = this.#options;
    const joined = symbols.flatMap(symbol => {
      const joinedMs = before.has(symbol) ? joinedMsOf(known, symbol) : timeMs;
      return joinedMs === undefined || partitionOf(symbol, partitions) !== partition ? [] : [[symbol, joinedMs] as const];
    });
    return joined.length === 0 ? undefined : Object.fromEntries(joined);
  }

  /** The entry of a session that is not over; one that the log does not introduce (it was cut off) begins here. */
  #entry(feed: string, session: number, timeMs: number): Entry | undefined {
    const known = this.#feeds.get(feed);
    if (known !== undefined && session < known.session) return undefined;
    if (known !== undefined && session === known.session) return known;
    const entry: Entry = {
      feed,
      session,
      sessionStartMs: timeMs,
      connected: true,
      simulated: known?.simulated ?? false,
      watermarkMs: known?.watermarkMs ?? 0,
      lastDataMs: undefined,
      symbols: known?.symbols ?? [],
      refused: known?.refused ?? [],
    };
    this.#feeds.set(feed, entry);
    return entry;
  }
}

/** Why nothing came of a symbol until a feed took it over from its former owner, if it had one. */
export function takeOverReason(former: FeedState | undefined): string {
  return former === undefined ? 'it was not subscribed' : `${former.feed} was not connected`;
}

/** When the session of a feed began. */
export function begunMsOf({ begunMs, sessionStartMs }: FeedState): number {
  return begunMs ?? sessionStartMs;
}

/** Since when the session of a feed has had a symbol. */
export function hadSinceMs(feed: FeedState, symbol: string): number {
  return joinedMsOf(feed, symbol) ?? begunMsOf(feed);
}

/** Symbols may have names of what every object has. */
function joinedMsOf({ joinedMs = {} }: FeedState, symbol: string): number | undefined {
  return Object.hasOwn(joinedMs, symbol) ? joinedMs[symbol] : undefined;
}
