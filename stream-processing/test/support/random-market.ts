/** The market that random logs are played on: a clock, symbols of several kinds, and feeds with their sessions and sequences. */
import { type Interval, intervalMs, intervals, windowStartMs } from '@tapeline/core/intervals';
import type { GapRecord, Heartbeat, HistoryRecord, InstrumentRecord, SessionRecord, Tick } from '@tapeline/core/records';

export type Volumes = 'eighths' | 'decimals';

export interface MarketOptions {
  readonly startMs: number;
  readonly symbols: number;
  readonly volumes: Volumes;
}

export interface TickWish {
  readonly behindMs: number;
  readonly cents: number;
  readonly volume: 'none' | 'baseline' | 'same' | 'less' | 'reset' | number;
  readonly spread: number | undefined;
  /** The tick is of a session that is over. */
  readonly sessionsAgo?: number;
}

export interface HistoryWish {
  readonly behindMs: number;
  readonly cents: number;
  readonly spread: number | undefined;
  readonly bits: number;
}

interface Feed {
  readonly name: string;
  session: number;
  sequence: number;
  beganMs: number;
  lastDataMs: number | undefined;
  symbols: ReadonlySet<number>;
  connected: boolean;
}

export type Market = ReturnType<typeof marketOf>;

const dayMs = 86_400_000;
/** The last of them knows trade sizes, the others the day's volume. */
const feedNames = ['twelve-data/0', 'yahoo/0', 'finnhub/0'];
const resolutions = [1, 1_000, 60_000];
/** UTC, India, New York. */
const dayEnds = [0, 66_600_000, 18_000_000];

/** A market at `startMs`; the same calls give the same records. */
export function marketOf(options: MarketOptions) {
  let nowMs = options.startMs;
  const unit = options.volumes === 'eighths' ? 8 : 1_000;
  const feeds: Feed[] = feedNames.map(name => ({
    name,
    session: 0,
    sequence: 0,
    beganMs: nowMs,
    lastDataMs: undefined,
    symbols: new Set(),
    connected: false,
  }));
  const owners = new Map<number, number>();
  /** Cumulative volume of the day of each symbol, in units. */
  const dayVolumes = new Map<number, number>();

  const feedAt = (index: number): Feed => feeds[index % feeds.length] as Feed;

  function dayVolume(symbol: number, wish: TickWish): number | undefined {
    const before = dayVolumes.get(symbol) ?? 80_000;
    if (wish.volume === 'none') return undefined;
    const next = {
      baseline: before,
      same: before,
      less: Math.max(0, before - 40),
      reset: Math.min(before, wish.cents),
    };
    const now = typeof wish.volume === 'number' ? before + wish.volume : next[wish.volume];
    dayVolumes.set(symbol, now);
    return now / unit;
  }

  function tick(feedIndex: number, symbol: number, wish: TickWish): Tick {
    const feed = feedAt(feedIndex);
    const place = symbol >= 1_000_000 ? symbol : symbol % options.symbols;
    const resolutionMs = resolutions[place % resolutions.length] as number;
    const stampMs = Math.floor((nowMs - wish.behindMs) / resolutionMs) * resolutionMs;
    const timeMs = Math.min(nowMs, stampMs + resolutionMs - 1);
    const price = wish.cents / 100;
    const volume = feedIndex % feeds.length === 2 ? undefined : dayVolume(place, wish);
    const size = feedIndex % feeds.length === 2 && typeof wish.volume === 'number' ? (wish.volume - 1) / unit : undefined;
    feed.sequence += 1;
    feed.session = Math.max(1, feed.session);
    const session = Math.max(1, feed.session - (wish.sessionsAgo ?? 0));
    const isOld = session < feed.session;
    if (!isOld) feed.lastDataMs = nowMs;
    if (!owners.has(place)) owners.set(place, feedIndex % feeds.length);
    return {
      v: 1,
      kind: 'tick',
      feed: feed.name,
      session,
      sequence: feed.sequence,
      symbol: symbolName(place),
      price,
      ...(wish.spread === undefined ? {} : { bid: price, ask: price + wish.spread / 100 }),
      ...(volume === undefined ? {} : { dayVolume: volume }),
      ...(size === undefined ? {} : { size }),
      sourceTimeMs: stampMs,
      receivedTimeMs: nowMs,
      timeMs,
      ...tradingDay(place, timeMs),
    };
  }

  /** The last price once more, as the next tick of the feed's session. */
  function again(last: Tick): Tick {
    const feed = feeds.find(candidate => candidate.name === last.feed) as Feed;
    feed.sequence += 1;
    feed.lastDataMs = nowMs;
    return { ...last, session: feed.session, sequence: feed.sequence, receivedTimeMs: nowMs };
  }

  /** A feed begins a session with all symbols but those that `bits` leaves out; it may be written some time after its begin. */
  function session(feedIndex: number, bits: number, writtenLateMs = 0): SessionRecord {
    const feed = feedAt(feedIndex);
    const before = { session: feed.session, lastDataMs: feed.lastDataMs };
    feed.session += 1;
    feed.sequence = 0;
    feed.beganMs = Math.max(nowMs - writtenLateMs, feed.lastDataMs ?? 0, feed.beganMs);
    feed.lastDataMs = undefined;
    feed.connected = true;
    const record = announced(feedIndex, bits);
    if (before.session === 0 || bits & 64) return record;
    const { lastDataMs } = before;
    const previous = { session: before.session, reason: 'closed without a code', ...(lastDataMs === undefined ? {} : { lastDataMs }) };
    return { ...record, previous };
  }

  /** The session that goes on is announced again, with other symbols. */
  function sameSession(feedIndex: number, bits: number): SessionRecord {
    const feed = feedAt(feedIndex);
    return feed.session === 0 ? session(feedIndex, bits) : { ...announced(feedIndex, bits), timeMs: Math.max(nowMs, feed.beganMs) };
  }

  function announced(feedIndex: number, bits: number): SessionRecord {
    const feed = feedAt(feedIndex);
    const all = Array.from({ length: options.symbols }, (_, index) => index);
    const left = all.filter(index => (index === 0 ? (bits & 1) === 0 : ((bits >> (1 + (index % 5))) & 1) === 0));
    const refused = all.filter(index => !left.includes(index));
    for (const index of all) {
      if (left.includes(index)) owners.set(index, feedIndex % feeds.length);
      else if (owners.get(index) === feedIndex % feeds.length) owners.delete(index);
    }
    feed.symbols = new Set(left);
    return {
      v: 1,
      kind: 'session',
      feed: feed.name,
      session: feed.session,
      timeMs: feed.beganMs,
      symbols: left.map(symbolName),
      ...(bits & 32 ? {} : { newBaseline: true }),
      refused: refused.map(index => ({ symbol: symbolName(index), reason: 'not in the plan' })),
    };
  }

  function heartbeat(
    feedIndex: number,
    wish: { readonly behindMs: number; readonly bits: number; readonly connected: boolean },
  ): Heartbeat {
    const feed = feedAt(feedIndex);
    const isOld = wish.bits % 32 === 1;
    const tellsData = wish.bits % 2 === 0 && feed.lastDataMs !== undefined && !isOld;
    return {
      v: 1,
      kind: 'heartbeat',
      feed: feed.name,
      session: Math.max(1, feed.session - (isOld ? 1 : 0)),
      timeMs: nowMs - (wish.bits % 4 === 0 ? Math.min(wish.behindMs, 8_000) : 0),
      connected: wish.connected,
      ...(tellsData ? { lastDataMs: feed.lastDataMs } : {}),
    };
  }

  function gap(feedIndex: number, symbol: number, behindMs: number, bits: number): GapRecord {
    const feed = feedAt(feedIndex);
    const toMs = nowMs - (bits % 8 === 0 ? behindMs : 0);
    return {
      v: 1,
      kind: 'gap',
      feed: feed.name,
      session: Math.max(1, feed.session),
      symbols: [symbolName(symbol % options.symbols), symbolName((symbol + 1) % options.symbols)],
      fromMs: toMs - (bits % 16 === 1 ? 0 : behindMs + 10 * bits),
      toMs,
      reason: 'the log was away',
      lost: bits,
      ...(bits & 32 ? {} : { newBaseline: true }),
      receivedTimeMs: nowMs,
    };
  }

  /** A bar of history that ends about `behindMs` ago: of any interval and action, some of symbols that nobody observes. */
  function history(symbol: number, wish: HistoryWish): HistoryRecord {
    const { bits, cents } = wish;
    const place = cents % 8 === 3 ? 1_000_000 + (symbol % 3) : symbol % options.symbols;
    const interval = intervals[bits % intervals.length] as Interval;
    const price = cents / 100;
    const flags = [['filled'], ['gap', 'filled'], ['reconciled', 'partial'], ['mismatch', 'gap', 'corrected', 'filled']] as const;
    const vwap = { vwap: price + 1 / 3, vwapKind: bits & 16 ? 'exact' : 'estimate' } as const;
    const toMs = nowMs - 10 * bits;
    return {
      ...{ v: 1, kind: 'history', source: 'twelve-data/rest', symbol: symbolName(place), interval },
      ...spanOf(place, interval, nowMs - wish.behindMs - (bits & 32 ? 700_000 : 35_000 * (cents % 3))),
      ...{ action: (['fill', 'replace', 'flag'] as const)[bits % 3] ?? 'fill', flags: [...(flags[(bits >> 3) % 4] ?? [])] },
      ...{ open: price, high: price + 0.02, low: price / 3, close: price + 0.01 },
      ...(bits & 64 ? { volume: bits / unit, ...vwap } : {}),
      ...(wish.spread === undefined ? {} : { spreadMean: (wish.spread - 25) / 300 }),
      ...{ tickCount: bits & 64, revision: bits % 5 },
      ...(bits & 128 ? { gap: { fromMs: toMs - 1 - wish.behindMs, toMs, reason: 'the log was away' } } : {}),
      receivedTimeMs: nowMs,
    };
  }

  function instrument(symbol: number): InstrumentRecord {
    return { v: 1, kind: 'instrument', symbol: symbolName(symbol % options.symbols), exchange: 'NASDAQ', receivedTimeMs: nowMs };
  }

  return {
    tick,
    again,
    session,
    sameSession,
    heartbeat,
    gap,
    history,
    instrument,
    nowMs: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** Index of the feed that owns a symbol, as far as the feeds know. */
    ownerOf: (symbol: number) => owners.get(symbol % options.symbols),
    /** The feed that owns most symbols. */
    busiest: () => feeds.reduce((best, feed, index) => (feed.symbols.size > feedAt(best).symbols.size ? index : best), 0),
    feedIndex: (name: string) => feedNames.indexOf(name),
    /** One more heartbeat of every feed that has begun. */
    heartbeats: () =>
      feeds.flatMap((feed, index) => (feed.session === 0 ? [] : [heartbeat(index, { behindMs: 0, bits: 2, connected: true })])),
  };
}

/** `S0`, `S1`, …; some need more than ASCII. */
function symbolName(place: number): string {
  return place % 7 === 3 ? `Ünion ${place}` : `S${place}`;
}

/** The trading day that `timeMs` belongs to where the symbol is traded. */
function tradingDay(place: number, timeMs: number): { readonly tradingDay: string; readonly tradingDayEndMs: number } {
  const endOfDayMs = dayEnds[place % dayEnds.length] as number;
  const endMs = Math.floor((timeMs - endOfDayMs) / dayMs) * dayMs + dayMs + endOfDayMs;
  const label = endOfDayMs === 0 || endOfDayMs === 18_000_000 ? endMs - dayMs : endMs;
  return { tradingDay: new Date(label).toISOString().slice(0, 10), tradingDayEndMs: endMs };
}

/** The window that holds `timeMs`. */
function spanOf(place: number, interval: Interval, timeMs: number): { readonly startMs: number; readonly endMs: number } {
  if (interval === '1d') {
    const day = tradingDay(place, timeMs);
    return { startMs: Date.parse(day.tradingDay), endMs: day.tradingDayEndMs };
  }
  const startMs = windowStartMs(timeMs, interval);
  return { startMs, endMs: startMs + intervalMs(interval) };
}
