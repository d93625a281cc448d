/**
 * The oracle: what the fold has to give out, from the documents (DESIGN.md §2 and §3, ARCHITECTURE.md) and nothing of the fold's code.
 * Plain and slow: it keeps every tick and every gap for ever and makes each bar anew from all ticks of its window. It knows no roll-up,
 * no running sum, no forgetting and no snapshot.
 */
import { type Bar, type BarFlag, barFlags, type Indicators } from '@tapeline/core/bars';
import type { DeadLetterReason } from '@tapeline/core/dead-letters';
import type { Interval } from '@tapeline/core/intervals';
import { partitionOf } from '@tapeline/core/partitioner';
import type { FeedRecord, GapRecord, Heartbeat, HistoryRecord, SessionRecord, Tick } from '@tapeline/core/records';
import type { KnownFeed } from './alert-oracle.ts';
import {
  barOfHistory,
  barOfTicks,
  type CountedTick,
  dayVolumeSteps,
  inOrder,
  lastWindowIn,
  lengthOf,
  type OracleWindow,
  windowOfTick,
} from './oracle-bars.ts';
import { type ClosedBar, indicatorsOf } from './oracle-indicators.ts';

export interface OracleOptions {
  readonly partition: number;
  readonly partitions: number;
  readonly intervals: readonly Interval[];
  readonly allowedLatenessMs: number;
  readonly correctionHorizonMs: number;
}

/** As the fold's output, but without versions and without texts for people. */
export type OracleOutput =
  | { readonly kind: 'tick'; readonly tick: Tick; readonly latest: boolean }
  | { readonly kind: 'bar'; readonly bar: Bar }
  | {
      readonly kind: 'gap';
      readonly symbol: string;
      readonly fromMs: number;
      readonly toMs: number;
      readonly reason: string;
      readonly filled: boolean;
    }
  | { readonly kind: 'history'; readonly action: HistoryRecord['action'] }
  | { readonly kind: 'instrument'; readonly instrument: FeedRecord }
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly record: FeedRecord }
  | { readonly kind: 'repeated'; readonly why: 'resent' | 'duplicate'; readonly tick: Tick };

interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Feed {
  readonly name: string;
  session: number;
  /** When its symbols became what they are. */
  beganMs: number;
  /** When the first record of the session was. */
  firstMs: number;
  /** Since when the session has had each symbol that a record of it named. */
  hadSinceMs: ReadonlyMap<string, number>;
  connected: boolean;
  lastDataMs: number | undefined;
  watermarkMs: number;
}

/** A window that holds a tick. */
interface Seen extends OracleWindow {
  readonly flags: Set<BarFlag>;
  /** `undefined` until it was given out. */
  revision: number | undefined;
  indicators?: Indicators;
}

interface Listed {
  readonly symbol: string;
  readonly sinceMs: number;
  owner: string | undefined;
  /** The owner, or the last one: the feed whose watermark closes windows. */
  timeFeed: string;
  watermarkMs: number;
  absentSinceMs: number | undefined;
  gaps: Gap[];
  /** All that came from the owner and was no duplicate; those that are not late; those that count. */
  readonly heard: Tick[];
  readonly taken: Tick[];
  /** Where in `taken` its volume is counted from: the last record that said `newBaseline`. */
  comparedFrom: number;
  readonly counted: CountedTick[];
  readonly windows: Seen[];
  /** For each interval its bars as they closed, by the watermark. */
  readonly closed: Map<Interval, ClosedBar[]>;
}

export class Oracle {
  readonly #options: OracleOptions;
  readonly #intervals: readonly Interval[];
  readonly #feeds = new Map<string, Feed>();
  readonly #symbols = new Map<string, Listed>();
  #outputs: OracleOutput[] = [];

  constructor(options: OracleOptions) {
    this.#options = options;
    this.#intervals = [...new Set(options.intervals)].sort((a, b) => lengthOf(a) - lengthOf(b));
  }

  /** What the next record of the log gives. */
  apply(record: FeedRecord): readonly OracleOutput[] {
    this.#outputs = [];
    switch (record.kind) {
      case 'tick':
        this.#tick(record);
        break;
      case 'heartbeat':
        this.#heartbeat(record);
        break;
      case 'session':
        this.#session(record);
        break;
      case 'gap':
        this.#gapRecord(record);
        break;
      case 'instrument':
        this.#give({ kind: 'instrument', instrument: record });
        break;
      case 'history':
        this.#history(record);
        break;
      case 'alert-rules':
        // What they give is the oracle of alerts' business (alert-oracle.ts).
        if (record.rules.some(rule => !('name' in rule))) this.#give({ kind: 'dead-letter', reason: 'malformed', record });
        break;
    }
    return this.#outputs;
  }

  /** What the oracle of alerts asks of a feed. */
  knownFeed(name: string): KnownFeed | undefined {
    const feed = this.#feeds.get(name);
    if (feed === undefined) return undefined;
    const owned = [...this.#symbols.values()].filter(({ owner }) => owner === name);
    const symbols = owned.map(({ symbol, counted }) => ({
      symbol,
      latestReceiptMs: inOrder(counted).at(-1)?.tick.receivedTimeMs,
      hadSinceMs: feed.hadSinceMs.get(symbol) ?? feed.firstMs,
    }));
    return { session: feed.session, beganMs: feed.beganMs, watermarkMs: feed.watermarkMs, symbols };
  }

  /** Bars that are not given out yet, as the market knows them now. */
  openBars(symbol: string, interval: Interval): readonly Bar[] {
    const listed = this.#symbols.get(symbol);
    if (listed === undefined) return [];
    return listed.windows
      .filter(window => window.interval === interval && window.revision === undefined)
      .sort((a, b) => a.startMs - b.startMs)
      .map(window => this.#bar(listed, window, 'forming'));
  }

  symbols(): readonly string[] {
    return [...this.#symbols.keys()];
  }

  #tick(tick: Tick): void {
    const feed = this.#feedOf(tick.feed, tick.session, tick.receivedTimeMs);
    if (feed === undefined) return this.#give({ kind: 'dead-letter', reason: 'not-owner', record: tick });
    feed.lastDataMs = latest(feed.lastDataMs, tick.receivedTimeMs);
    const listed = this.#symbols.get(tick.symbol) ?? this.#list(tick.symbol, feed, tick.receivedTimeMs);
    if (listed.owner === undefined) this.#takeOver(listed, feed);
    if (listed.owner !== tick.feed) return this.#give({ kind: 'dead-letter', reason: 'not-owner', record: tick });
    const outcome = this.#judge(listed, tick);
    if (outcome !== 'duplicate') listed.heard.push(tick);
    if (outcome === 'duplicate' || outcome === 'resent') this.#give({ kind: 'repeated', why: outcome, tick });
    if (outcome === 'late') this.#give({ kind: 'dead-letter', reason: 'late', record: tick });
    if (outcome === 'duplicate' || outcome === 'late') return;
    listed.taken.push(tick);
    if (outcome === 'resent') return;
    listed.counted.push({ tick, volume: volumeOf(listed) });
    this.#give({ kind: 'tick', tick, latest: inOrder(listed.counted).at(-1)?.tick === tick });
    for (const interval of this.#intervals) this.#count(listed, windowOfTick(tick, interval));
  }

  /** DESIGN.md §2: twice in the log; sent again by the vendor first thing in a session; too late; or none of it. */
  #judge(listed: Listed, tick: Tick): 'duplicate' | 'resent' | 'late' | 'counts' {
    const before = listed.heard.at(-1);
    const isNewSession = before !== undefined && (before.feed !== tick.feed || before.session !== tick.session);
    if (before !== undefined && !isNewSession && tick.sequence <= before.sequence) return 'duplicate';
    const last = listed.taken.at(-1);
    if (isNewSession && last !== undefined && says(last) === says(tick)) return 'resent';
    const smallest = windowOfTick(tick, this.#intervals[0] as Interval);
    return this.#isOver(listed, smallest) && !this.#isInHorizon(listed, smallest) ? 'late' : 'counts';
  }

  /** A tick came into a window: it opens it, is taken in, corrects its bar, or makes the bar of a window that was empty when it closed. */
  #count(listed: Listed, window: OracleWindow): void {
    let seen = listed.windows.find(known => known.interval === window.interval && known.startMs === window.startMs);
    if (seen === undefined) {
      const flags = new Set<BarFlag>();
      if (window.fromMs < listed.sinceMs) flags.add('partial');
      if (this.#gapsOf(listed).some(gap => isTouched(window, gap))) flags.add('gap');
      seen = { ...window, flags, revision: undefined };
      listed.windows.push(seen);
    }
    if (seen.revision !== undefined) {
      seen.flags.add('corrected');
      this.#giveBar(listed, seen);
    } else if (this.#isOver(listed, seen)) {
      this.#giveBar(listed, seen);
    }
  }

  #heartbeat(record: Heartbeat): void {
    const feed = this.#feedOf(record.feed, record.session, record.timeMs);
    if (feed === undefined) return;
    feed.connected = record.connected;
    if (record.lastDataMs !== undefined) feed.lastDataMs = latest(feed.lastDataMs, record.lastDataMs);
    if (!record.connected) return;
    feed.watermarkMs = Math.max(feed.watermarkMs, record.timeMs);
    for (const listed of this.#symbols.values()) {
      if (listed.timeFeed === record.feed) this.#close(listed, feed);
    }
  }

  /** Event time of a symbol goes on to its feed's watermark; what is over by it closes, shorter windows and earlier ones first. */
  #close(listed: Listed, feed: Feed): void {
    listed.watermarkMs = Math.max(listed.watermarkMs, feed.watermarkMs);
    for (const interval of this.#intervals) {
      const over = listed.windows.filter(
        window => window.interval === interval && window.revision === undefined && this.#isOver(listed, window),
      );
      for (const window of over.sort((a, b) => a.startMs - b.startMs)) {
        const bars = [...(listed.closed.get(interval) ?? []), this.#bar(listed, window, 'final')];
        listed.closed.set(interval, bars);
        window.indicators = indicatorsOf(bars);
        this.#giveBar(listed, window);
      }
    }
  }

  #session(record: SessionRecord): void {
    const before = this.#feeds.get(record.feed);
    const isSame = before?.session === record.session;
    if (before !== undefined && record.session < before.session) return this.#give({ kind: 'dead-letter', reason: 'not-owner', record });
    const { timeMs } = record;
    const feed: Feed = {
      ...{ name: record.feed, session: record.session, beganMs: timeMs, connected: true },
      firstMs: isSame ? before.firstMs : timeMs,
      hadSinceMs: new Map(record.symbols.map(symbol => [symbol, (isSame ? before.hadSinceMs.get(symbol) : undefined) ?? timeMs])),
      ...{ lastDataMs: isSame ? before.lastDataMs : undefined, watermarkMs: before?.watermarkMs ?? 0 },
    };
    this.#feeds.set(record.feed, feed);
    const sinceMs = isSame ? before.lastDataMs : (record.previous?.lastDataMs ?? before?.lastDataMs ?? before?.beganMs);
    const reason = record.previous?.reason ?? 'the session before ended without a word';
    const owned = [...this.#symbols.values()].filter(listed => listed.owner === record.feed);
    for (const listed of owned) {
      if (!record.symbols.includes(listed.symbol)) this.#giveUp(listed, sinceMs ?? timeMs);
      else if (!isSame) this.#gap(listed, { fromMs: sinceMs ?? timeMs, toMs: timeMs }, reason);
    }
    this.#takeIn(record, feed);
  }

  /** The symbols of a session that its feed did not own before. */
  #takeIn(record: SessionRecord, feed: Feed): void {
    for (const symbol of new Set(record.symbols)) {
      if (partitionOf(symbol, this.#options.partitions) !== this.#options.partition) continue;
      const listed = this.#symbols.get(symbol);
      if (listed === undefined) this.#list(symbol, feed, record.timeMs);
      else if (listed.owner !== record.feed) {
        if (record.newBaseline) listed.comparedFrom = listed.taken.length;
        this.#takeOver(listed, feed);
      }
    }
  }

  #gapRecord(record: GapRecord): void {
    for (const symbol of record.symbols) {
      const listed = this.#symbols.get(symbol);
      if (listed?.owner !== record.feed) continue;
      if (record.newBaseline) listed.comparedFrom = listed.taken.length;
      this.#gap(listed, record, record.reason);
    }
  }

  /** Its bar as it stands there, and the gap that it fills; not while a tick that the window could still get would be taken. */
  #history(record: HistoryRecord): void {
    const listed = this.#symbols.get(record.symbol);
    const last = lastWindowIn(record, this.#intervals[0] as Interval);
    if (listed !== undefined && !(this.#isOver(listed, last) && !this.#isInHorizon(listed, last))) {
      return this.#give({ kind: 'dead-letter', reason: 'early', record });
    }
    const { action, symbol, gap } = record;
    this.#give({ kind: 'history', action });
    this.#give({ kind: 'bar', bar: barOfHistory(record) });
    if (gap !== undefined) this.#give({ kind: 'gap', symbol, ...gap, filled: true });
  }

  /** The first session that names a symbol, or the first price of one that none names: from here on it is observed. */
  #list(symbol: string, feed: Feed, sinceMs: number): Listed {
    const listed: Listed = {
      ...{ symbol, sinceMs, owner: feed.name, timeFeed: feed.name, watermarkMs: feed.watermarkMs, absentSinceMs: undefined },
      ...{ gaps: [], heard: [], taken: [], comparedFrom: 0, counted: [], windows: [], closed: new Map() },
    };
    this.#symbols.set(symbol, listed);
    return listed;
  }

  /** Nobody observes the symbol any more, at the earliest since its last price; its feed's time still closes its windows. */
  #giveUp(listed: Listed, feedSinceMs: number): void {
    const sinceMs = latest(inOrder(listed.counted).at(-1)?.tick.receivedTimeMs, feedSinceMs);
    listed.owner = undefined;
    listed.absentSinceMs = sinceMs;
    this.#flag(listed, { fromMs: sinceMs, toMs: Number.POSITIVE_INFINITY });
  }

  /**
   * Missing is what was between: since nobody owned the symbol, or since the former owner, cut off, last received anything; until the
   * session of the new one began, or its last price when it gave the symbol up itself in that session.
   */
  #takeOver(listed: Listed, feed: Feed): void {
    const former = listed.owner === undefined ? undefined : this.#feeds.get(listed.owner);
    const silentSinceMs = former === undefined || former.connected ? undefined : (former.lastDataMs ?? former.beganMs);
    const { absentSinceMs } = listed;
    const sinceMs = absentSinceMs ?? silentSinceMs;
    const wasGivenUpWithin = absentSinceMs !== undefined && absentSinceMs >= feed.beganMs;
    const toMs = wasGivenUpWithin ? latest(feed.lastDataMs, absentSinceMs + 1) : feed.beganMs;
    listed.owner = feed.name;
    listed.timeFeed = feed.name;
    listed.absentSinceMs = undefined;
    const reason = former === undefined ? 'it was not subscribed' : `${former.name} was not connected`;
    if (sinceMs !== undefined) this.#gap(listed, { fromMs: sinceMs, toMs }, reason);
    this.#close(listed, feed);
  }

  #gap(listed: Listed, { fromMs, toMs }: Gap, reason: string): void {
    if (toMs <= fromMs) return;
    this.#give({ kind: 'gap', symbol: listed.symbol, fromMs, toMs, reason, filled: false });
    listed.gaps.push({ fromMs, toMs });
    this.#flag(listed, { fromMs, toMs });
  }

  /** Bars that a gap touches say so: open ones when they close, given ones again if they are within the horizon or the last of their interval. */
  #flag(listed: Listed, gap: Gap): void {
    const touched = listed.windows.filter(window => isTouched(window, gap) && !window.flags.has('gap'));
    for (const window of touched) {
      if (window.revision !== undefined && !this.#isInHorizon(listed, window) && !isLastGiven(listed, window)) continue;
      window.flags.add('gap');
      if (window.revision !== undefined) this.#giveBar(listed, window);
    }
  }

  #gapsOf({ gaps, absentSinceMs }: Listed): readonly Gap[] {
    return absentSinceMs === undefined ? gaps : [...gaps, { fromMs: absentSinceMs, toMs: Number.POSITIVE_INFINITY }];
  }

  #isOver(listed: Listed, window: Pick<OracleWindow, 'endMs'>): boolean {
    return listed.watermarkMs >= window.endMs + this.#options.allowedLatenessMs;
  }

  #isInHorizon(listed: Listed, window: Pick<OracleWindow, 'endMs'>): boolean {
    return window.endMs >= listed.watermarkMs - this.#options.correctionHorizonMs;
  }

  /** The feed, if the record is not of a session that is over; a session that the log does not introduce (it was cut off) begins here. */
  #feedOf(name: string, session: number, timeMs: number): Feed | undefined {
    const known = this.#feeds.get(name);
    if (known !== undefined && session <= known.session) return session === known.session ? known : undefined;
    const watermarkMs = known?.watermarkMs ?? 0;
    // It has the symbols of the one before until it tells its own.
    const hadSinceMs = new Map([...(known?.hadSinceMs.keys() ?? [])].map(symbol => [symbol, timeMs]));
    const feed: Feed = {
      ...{ name, session, beganMs: timeMs, firstMs: timeMs, hadSinceMs },
      ...{ connected: true, lastDataMs: undefined, watermarkMs },
    };
    this.#feeds.set(name, feed);
    return feed;
  }

  #giveBar(listed: Listed, window: Seen): void {
    window.revision = window.revision === undefined ? 0 : window.revision + 1;
    this.#give({ kind: 'bar', bar: this.#bar(listed, window, 'final') });
  }

  #bar(listed: Listed, window: Seen, state: Bar['state']): Bar {
    const ticks = listed.counted.filter(({ tick }) => windowOfTick(tick, window.interval).startMs === window.startMs);
    const flags = barFlags.filter(flag => window.flags.has(flag));
    return barOfTicks(ticks, window, { state, flags, revision: window.revision ?? 0, indicators: window.indicators });
  }

  #give(output: OracleOutput): void {
    this.#outputs.push(output);
  }
}

/** The last of `taken`: its own size, or how much more the day's volume is than its session said before, since `comparedFrom`. */
function volumeOf({ taken, comparedFrom }: Listed): number | undefined {
  const tick = taken.at(-1);
  if (tick?.size !== undefined) return tick.size;
  if (tick?.dayVolume === undefined) return undefined;
  const cumulative = taken.slice(comparedFrom).filter(({ dayVolume, size }) => dayVolume !== undefined && size === undefined);
  const other = cumulative.findLastIndex(({ feed, session }) => feed !== tick.feed || session !== tick.session);
  return dayVolumeSteps(cumulative.slice(other + 1)).at(-1);
}

/** All that a price update says, but when and in which session it came. */
function says({ price, bid, ask, dayVolume, size, sourceTimeMs }: Tick): string {
  return JSON.stringify([price, bid ?? 'none', ask ?? 'none', dayVolume ?? 'none', size ?? 'none', sourceTimeMs]);
}

function isTouched(window: OracleWindow, gap: Gap): boolean {
  return gap.fromMs < window.endMs && gap.toMs > window.fromMs;
}

function isLastGiven(listed: Listed, window: Seen): boolean {
  return !listed.windows.some(
    other => other.interval === window.interval && other.revision !== undefined && other.startMs > window.startMs,
  );
}

function latest(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.max(a, b);
}
