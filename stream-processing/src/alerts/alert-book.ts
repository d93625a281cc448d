/**
 * The rules in force in one partition and what they remember: the pure part of alerts, shared by both folds. It sees bars as they
 * close, gaps and heartbeats, in the order of the log, and nothing of ticks; what it gives out is the same in every replay.
 *
 * An alert is given when a value is beyond its bound, the rule is armed for the symbol, its cooldown is over and the market is open.
 * One that has to wait for the last two is given as soon as they let it, if the value is still beyond.
 */
import type { AlertRule, BarRule, GapRule, StaleRule } from '@tapeline/core/alert-rules';
import { isOfBars } from '@tapeline/core/alert-rules';
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import { durationMs } from '@tapeline/core/durations';
import { type Interval, intervals } from '@tapeline/core/intervals';
import { hadSinceMs } from '../fold/feed-table.ts';
import type { FeedState } from '../fold/outputs.ts';
import { messageOf, type Sighting } from './alert-message.ts';
import { readBar } from './bar-readings.ts';
import { OpeningHours } from './opening-hours.ts';
import { firstState, isFirst, type WatchState } from './watch-state.ts';

export type GiveAlert = (alert: Alert) => void;

/** What a snapshot holds. */
export interface AlertBookState {
  readonly rules: readonly AlertRule[];
  /** Index of the rule, symbol or feed, state. */
  readonly states: readonly (readonly [rule: number, subject: string, state: WatchState])[];
}

interface Entry<Rule extends AlertRule = AlertRule> {
  readonly rule: Rule;
  /** The same for the same rule. */
  readonly text: string;
  readonly cooldownMs: number;
  readonly hours: OpeningHours;
  /** By symbol or feed; absent while it says no more than the first one. */
  readonly states: Map<string, WatchState>;
}

interface SilenceEntry extends Entry<StaleRule> {
  readonly longerMs: number;
}

/** The rules of one symbol, in their order. */
interface SymbolRules {
  readonly bars: ReadonlyMap<Interval, readonly Entry<BarRule>[]>;
  readonly gaps: readonly Entry<GapRule>[];
  readonly silences: readonly SilenceEntry[];
}

/** A gap as the fold gives it out. */
export interface SeenGap {
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly versionUs: number;
}

/** A heartbeat that was taken in, and what is known of its feed after it. */
export interface SeenBeat {
  readonly timeMs: number;
  readonly feed: FeedState;
  /** Of the record. */
  readonly versionUs: number;
}

/** How long nothing has come from a symbol or feed. */
interface Silence {
  readonly symbol?: string;
  readonly feed: string;
  readonly timeMs: number;
  /** What began it: the last price, or the last time that the feed was connected; 0 for none. */
  readonly lastMs: number;
  /** It counts from here on at the earliest. */
  readonly sinceMs: number;
  readonly versionUs: number;
}

const never = Number.POSITIVE_INFINITY;

export class AlertBook {
  #entries: readonly Entry[] = [];
  #feedEntries: readonly SilenceEntry[] = [];
  #intervalBits = 0;
  #quietMs = never;
  /** Of the symbols that no rule names. */
  #others: SymbolRules = rulesOf([]);
  #named: ReadonlySet<string> = new Set();
  /** Of those that one names, found when first asked for: no more than the partition has symbols. */
  readonly #symbols = new Map<string, SymbolRules>();

  /** The book that `state` saved; an empty one without. */
  constructor(state: AlertBookState = { rules: [], states: [] }) {
    this.replace(state.rules);
    for (const [index, subject, saved] of state.states) this.#entries[index]?.states.set(subject, saved);
  }

  /** `undefined` while there are no rules. Not to be kept: it is the running state. */
  get state(): AlertBookState | undefined {
    if (this.isEmpty) return undefined;
    const states = this.#entries.flatMap(({ states }, index) => [...states].map(([subject, state]) => [index, subject, state] as const));
    return { rules: this.#entries.map(({ rule }) => rule), states };
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Other rules are in force from here on. One that is as it was goes on with what it remembers. */
  replace(rules: readonly AlertRule[]): void {
    const before = new Map(this.#entries.map(entry => [entry.text, entry]));
    this.#entries = rules.map(rule => before.get(JSON.stringify(rule)) ?? entryOf(rule));
    this.#feedEntries = this.#entries.filter(isSilence).filter(({ rule }) => rule.feeds !== undefined);
    this.#intervalBits = rules.filter(isOfBars).reduce((bits, { interval }) => bits | bitOf(interval), 0);
    this.#quietMs = Math.min(never, ...this.#entries.filter(isSilence).flatMap(each => (each.rule.symbols ? [each.longerMs] : [])));
    this.#others = rulesOf(this.#entries.filter(({ rule }) => symbolsOf(rule) === '*'));
    this.#named = new Set(rules.flatMap(rule => (symbolsOf(rule) === '*' ? [] : (symbolsOf(rule) ?? []))));
    this.#symbols.clear();
  }

  /** Bit n is set when a rule looks at bars of `intervals[n]`: whoever has none made yet can spare most of them. */
  get intervalBits(): number {
    return this.#intervalBits;
  }

  /** True when a rule looks at bars of this symbol and interval. */
  watches(symbol: string, interval: Interval): boolean {
    return this.#of(symbol).bars.has(interval);
  }

  /** So long a symbol may be quiet before a rule looks at it; infinite where none does. */
  get quietMs(): number {
    return this.#quietMs;
  }

  /** A bar as it closes, of revision 0 and not of history. */
  barClosed(bar: Bar, give: GiveAlert): void {
    if ((this.#intervalBits & bitOf(bar.interval)) === 0) return;
    for (const entry of this.#of(bar.symbol).bars.get(bar.interval) ?? []) this.#watchBar(entry, bar, give);
  }

  gapFound({ symbol, fromMs, toMs, versionUs }: SeenGap, give: GiveAlert): void {
    for (const entry of this.#of(symbol).gaps) {
      const threshold = durationMs(entry.rule.longer);
      const value = toMs - fromMs;
      if (value <= threshold || coolsDown(entry, symbol, toMs) || !entry.hours.touch(fromMs, toMs)) continue;
      stateOf(entry, symbol).alertMs = toMs;
      give(alertOf(entry.rule, { symbol, timeMs: toMs, value, threshold }, versionUs));
    }
  }

  /** A symbol that the feed of a connected heartbeat owns. @param lastMs receipt of its latest price; 0 for none */
  symbolQuiet(symbol: string, lastMs: number, { feed, timeMs, versionUs }: SeenBeat, give: GiveAlert): void {
    const sinceMs = hadSinceMs(feed, symbol);
    for (const entry of this.#of(symbol).silences) {
      watchSilence(entry, symbol, { symbol, feed: feed.feed, timeMs, lastMs, sinceMs, versionUs }, give);
    }
  }

  /** A heartbeat that says its feed is not connected. */
  feedAway({ feed, timeMs, versionUs }: SeenBeat, give: GiveAlert): void {
    const lastMs = Math.max(feed.watermarkMs, feed.sessionStartMs);
    for (const entry of this.#feedEntries) {
      const silence = { feed: feed.feed, timeMs, lastMs, sinceMs: lastMs, versionUs };
      if (isNamed(entry.rule.feeds, feed.feed)) watchSilence(entry, feed.feed, silence, give);
    }
  }

  #watchBar(entry: Entry<BarRule>, bar: Bar, give: GiveAlert): void {
    const { rule, states } = entry;
    const { symbol, endMs } = bar;
    const state = states.get(symbol) ?? firstState(rule);
    const reading = readBar(rule, state, bar);
    if (reading?.isBack) state.armed = true;
    const isDue = reading?.isBeyond && state.armed && !coolsDown(entry, symbol, endMs) && entry.hours.areOpenBefore(endMs);
    if (isDue) {
      state.armed = false;
      state.alertMs = endMs;
    }
    if (!isFirst(state, rule)) states.set(symbol, state);
    if (isDue) give(alertOf(rule, { symbol, timeMs: endMs, value: reading.value, threshold: reading.threshold, bar }, bar.versionUs));
  }

  #of(symbol: string): SymbolRules {
    if (!this.#named.has(symbol)) return this.#others;
    const known = this.#symbols.get(symbol);
    if (known !== undefined) return known;
    const found = rulesOf(this.#entries.filter(({ rule }) => isNamed(symbolsOf(rule), symbol)));
    this.#symbols.set(symbol, found);
    return found;
  }
}

function rulesOf(entries: readonly Entry[]): SymbolRules {
  const bars = Map.groupBy(entries.filter(isBarEntry), ({ rule }) => rule.interval);
  return { bars, gaps: entries.filter(isGap), silences: entries.filter(isSilence) };
}

function symbolsOf(rule: AlertRule): '*' | readonly string[] | undefined {
  return 'symbols' in rule ? rule.symbols : undefined;
}

function entryOf(rule: AlertRule): Entry | SilenceEntry {
  const entry = {
    rule,
    text: JSON.stringify(rule),
    cooldownMs: durationMs(rule.cooldown),
    hours: new OpeningHours(rule.marketHours),
    states: new Map<string, WatchState>(),
  };
  return rule.condition === 'stale' ? { ...entry, longerMs: durationMs(rule.longer) } : entry;
}

/** A silence is told once, however long it lasts; the next one begins with the next price, or the next connection. */
function watchSilence(entry: SilenceEntry, subject: string, seen: Silence, give: GiveAlert): void {
  const { timeMs, lastMs, versionUs } = seen;
  const threshold = entry.longerMs;
  if (timeMs - Math.max(lastMs, seen.sinceMs) <= threshold) return;
  if (entry.states.get(subject)?.toldMs === lastMs || coolsDown(entry, subject, timeMs)) return;
  const openSinceMs = entry.hours.openSinceMs(timeMs);
  if (openSinceMs === undefined) return;
  const value = timeMs - Math.max(lastMs, seen.sinceMs, openSinceMs);
  if (value <= threshold) return;
  const state = stateOf(entry, subject);
  state.toldMs = lastMs;
  state.alertMs = timeMs;
  give(alertOf(entry.rule, { symbol: seen.symbol, feed: seen.feed, timeMs, value, threshold }, versionUs));
}

/** Never two alerts of one rule and subject with one time: it is part of their identity. */
function coolsDown(entry: Entry, subject: string, timeMs: number): boolean {
  const alertMs = entry.states.get(subject)?.alertMs;
  return alertMs !== undefined && timeMs < alertMs + Math.max(1, entry.cooldownMs);
}

function stateOf(entry: Entry, subject: string): WatchState {
  const state = entry.states.get(subject) ?? firstState(entry.rule);
  entry.states.set(subject, state);
  return state;
}

function alertOf(rule: AlertRule, seen: Sighting, versionUs: number): Alert {
  const { symbol, feed, timeMs, value, threshold } = seen;
  return {
    v: 1,
    kind: 'alert',
    id: `${rule.name}|${symbol ?? feed}|${timeMs}`,
    rule: rule.name,
    condition: rule.condition,
    severity: rule.severity,
    ...(symbol === undefined ? {} : { symbol }),
    ...(feed === undefined ? {} : { feed }),
    ...(seen.bar === undefined ? {} : { interval: seen.bar.interval }),
    timeMs,
    value,
    threshold,
    message: messageOf(rule, seen),
    versionUs,
  };
}

function bitOf(interval: Interval): number {
  return 1 << intervals.indexOf(interval);
}

function isNamed(list: '*' | readonly string[] | undefined, name: string): boolean {
  return list === '*' || (list?.includes(name) ?? false);
}

function isBarEntry(entry: Entry): entry is Entry<BarRule> {
  return isOfBars(entry.rule);
}

function isGap(entry: Entry): entry is Entry<GapRule> {
  return entry.rule.condition === 'gap';
}

function isSilence(entry: Entry): entry is SilenceEntry {
  return entry.rule.condition === 'stale';
}
