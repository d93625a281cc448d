/**
 * The alerts that the documents ask for, from the records of a log and from what else the fold gave out of them: nothing of the code of
 * alerts. It keeps every bar that closed and reckons each rule anew from all of them, bar by bar. It knows no running state and no
 * snapshot. Of the calendars it asks only whether a market is open.
 */
import { type AlertRule, alertRuleSchema, type BarRule, type CrossRule } from '@tapeline/core/alert-rules';
import type { Alert } from '@tapeline/core/alerts';
import type { Bar, Indicators } from '@tapeline/core/bars';
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import type { FeedRecord, Heartbeat } from '@tapeline/core/records';
import type { FoldOutput } from '../../src/fold/outputs.ts';

/** Text for people is not its business. */
export type OracleAlert = Omit<Alert, 'message' | 'v' | 'kind' | 'severity'>;

/** What the oracle of bars knows of a feed and the symbols that it owns. */
export interface KnownFeed {
  readonly session: number;
  readonly beganMs: number;
  readonly watermarkMs: number;
  readonly symbols: readonly { readonly symbol: string; readonly latestReceiptMs: number | undefined; readonly hadSinceMs: number }[];
}

interface InForce {
  readonly rule: AlertRule;
  readonly text: string;
  /** Since it is in force, of each symbol. */
  readonly bars: Map<string, Bar[]>;
  /** Gaps and silences that were told, by symbol or feed. */
  readonly told: Map<string, { readonly timeMs: number; readonly lastMs: number }>;
}

interface Judged {
  readonly value: number;
  readonly threshold: number;
  readonly beyond: boolean;
  readonly back: boolean;
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

export class AlertOracle {
  readonly #partition: number;
  #rules: InForce[] = [];
  #alerts: OracleAlert[] = [];

  constructor(partition: number) {
    this.#partition = partition;
  }

  /**
   * What the next record gives.
   * @param outputs of the fold, without alerts
   * @param versionUs of the record
   */
  apply(record: FeedRecord, outputs: readonly FoldOutput[], feed: KnownFeed | undefined, versionUs: number): readonly OracleAlert[] {
    this.#alerts = [];
    if (record.kind === 'alert-rules') this.#replace(record.rules);
    for (const bar of closedBars(record, outputs)) for (const inForce of this.#rules) this.#bar(inForce, bar);
    for (const output of outputs) if (output.kind === 'gap' && !output.filled) this.#gap(output);
    if (record.kind === 'heartbeat' && feed?.session === record.session) this.#beat(record, feed, versionUs);
    return this.#alerts;
  }

  #replace(rules: readonly unknown[]): void {
    const parsed = rules.map(rule => alertRuleSchema.safeParse(rule));
    if (parsed.some(({ success }) => !success)) return;
    this.#rules = parsed.map(({ data }) => {
      const text = JSON.stringify(data);
      return this.#rules.find(before => before.text === text) ?? { rule: data as AlertRule, text, bars: new Map(), told: new Map() };
    });
  }

  #bar({ rule, bars }: InForce, bar: Bar): void {
    if (rule.condition === 'gap' || rule.condition === 'stale') return;
    if (rule.interval !== bar.interval || !isNamed(rule.symbols, bar.symbol)) return;
    const all = [...(bars.get(bar.symbol) ?? []), bar];
    bars.set(bar.symbol, all);
    const seen = reckoned(rule, all).find(({ at }) => at === all.length - 1)?.judged;
    if (seen === undefined) return;
    const { symbol, interval, endMs: timeMs, versionUs } = bar;
    this.#give(rule, { symbol, interval, timeMs, value: seen.value, threshold: seen.threshold, versionUs });
  }

  #gap({ symbol, fromMs, toMs, versionUs }: Extract<FoldOutput, { readonly kind: 'gap' }>): void {
    for (const { rule, told } of this.#rules) {
      if (rule.condition !== 'gap' || !isNamed(rule.symbols, symbol)) continue;
      const [value, threshold] = [toMs - fromMs, lengthOf(rule.longer)];
      if (value <= threshold || isCooling(rule, told.get(symbol)?.timeMs, toMs)) continue;
      if (!minutesOf(fromMs, toMs).some(timeMs => isOpen(rule, timeMs))) continue;
      told.set(symbol, { timeMs: toMs, lastMs: fromMs });
      this.#give(rule, { symbol, timeMs: toMs, value, threshold, versionUs });
    }
  }

  #beat({ feed, timeMs, connected }: Heartbeat, known: KnownFeed, versionUs: number): void {
    for (const inForce of this.#rules) {
      if (inForce.rule.condition !== 'stale') continue;
      if (connected && inForce.rule.symbols !== undefined) {
        for (const { symbol, latestReceiptMs: lastMs = 0, hadSinceMs } of known.symbols) {
          if (!isNamed(inForce.rule.symbols, symbol)) continue;
          this.#silence(inForce, { symbol, feed, timeMs, versionUs }, lastMs, hadSinceMs);
        }
      }
      if (!connected && this.#partition === 0 && isNamed(inForce.rule.feeds, feed)) {
        const lastMs = Math.max(known.watermarkMs, known.beganMs);
        this.#silence(inForce, { feed, timeMs, versionUs }, lastMs, lastMs);
      }
    }
  }

  #silence({ rule, told }: InForce, of: SilenceOf, lastMs: number, sinceMs: number): void {
    if (rule.condition !== 'stale') return;
    const subject = of.symbol ?? of.feed;
    const before = told.get(subject);
    if (before?.lastMs === lastMs || isCooling(rule, before?.timeMs, of.timeMs)) return;
    let beginMs = of.timeMs;
    // Back through the minutes in which the market was open, to the first that was not.
    for (let minuteMs = Math.floor(of.timeMs / 60_000) * 60_000; ; minuteMs -= 60_000) {
      if (!isOpen(rule, Math.max(minuteMs, 0))) break;
      beginMs = Math.min(beginMs, minuteMs);
      if (rule.marketHours === 'always') beginMs = 0;
      if (beginMs <= Math.max(lastMs, sinceMs)) break;
    }
    if (!isOpen(rule, of.timeMs)) return;
    const [value, threshold] = [of.timeMs - Math.max(lastMs, sinceMs, beginMs), lengthOf(rule.longer)];
    if (value <= threshold) return;
    told.set(subject, { timeMs: of.timeMs, lastMs });
    this.#give(rule, { ...of, value, threshold });
  }

  #give(rule: AlertRule, alert: Omit<OracleAlert, 'id' | 'rule' | 'condition'>): void {
    const id = `${rule.name}|${alert.symbol ?? alert.feed}|${alert.timeMs}`;
    this.#alerts.push({ id, rule: rule.name, condition: rule.condition, ...alert });
  }
}

interface SilenceOf {
  readonly symbol?: string;
  readonly feed: string;
  readonly timeMs: number;
  readonly versionUs: number;
}

/** Bars of revision 0 as time closed them: not of history, and not those that a straggler made. */
function closedBars(record: FeedRecord, outputs: readonly FoldOutput[]): readonly Bar[] {
  if (record.kind === 'history') return [];
  const tick = outputs.findIndex(({ kind }) => kind === 'tick');
  const before = tick < 0 ? outputs : outputs.slice(0, tick);
  return before.flatMap(output => (output.kind === 'bar' && output.bar.revision === 0 ? [output.bar] : []));
}

/** Which of the bars gave an alert. */
function reckoned(rule: BarRule, bars: readonly Bar[]): readonly { readonly at: number; readonly judged: Judged }[] {
  const alerts: { at: number; judged: Judged }[] = [];
  let ready = rule.condition !== 'cross';
  let lastMs: number | undefined;
  for (const [at, bar] of bars.entries()) {
    const judged = judge(rule, bars.slice(0, at + 1), bar);
    if (judged?.back) ready = true;
    if (!judged?.beyond || !ready || isCooling(rule, lastMs, bar.endMs) || !isOpen(rule, bar.endMs - 1)) continue;
    ready = false;
    lastMs = bar.endMs;
    alerts.push({ at, judged });
  }
  return alerts;
}

function judge(rule: BarRule, upTo: readonly Bar[], bar: Bar): Judged | undefined {
  const { hysteresis } = rule;
  const atLeast = (value: number | undefined, threshold: number): Judged | undefined =>
    value === undefined ? undefined : { value, threshold, beyond: value >= threshold, back: value < threshold - hysteresis };
  if (rule.condition === 'cross') return judgeCross(rule, bar);
  if (rule.condition === 'drop' || rule.condition === 'spike') {
    const window = upTo.filter(({ endMs }) => endMs > bar.endMs - lengthOf(rule.window));
    const highest = Math.max(...window.map(({ high }) => high));
    const lowest = Math.min(...window.map(({ low }) => low));
    const moved = rule.condition === 'drop' ? (100 * (highest - bar.close)) / highest : (100 * (bar.close - lowest)) / lowest;
    return atLeast(Number(moved.toPrecision(12)), rule.percent);
  }
  if (rule.condition === 'volume' && rule.times !== undefined) {
    const volumes = upTo.flatMap(({ volume }) => (volume === undefined ? [] : [volume]));
    const before = volumes.slice(0, -1).slice(-rule.bars);
    const sum = before.reduce((total, volume) => total + volume, 0);
    if (bar.volume === undefined || before.length < rule.bars || sum === 0) return undefined;
    return atLeast(Number((bar.volume / (sum / rule.bars)).toPrecision(12)), rule.times);
  }
  if (rule.condition === 'volume') return atLeast(bar.volume, rule.above ?? Number.NaN);
  if (rule.condition === 'volatility') return atLeast(told(bar, rule.of), rule.above);
  const value = told(bar, rule.of);
  if (rule.above !== undefined) return atLeast(value, rule.above);
  const below = rule.below ?? Number.NaN;
  return value === undefined ? undefined : { value, threshold: below, beyond: value <= below, back: value > below + hysteresis };
}

function judgeCross({ fast, slow, direction, hysteresis }: CrossRule, bar: Bar): Judged | undefined {
  const [value, threshold] = [told(bar, fast), told(bar, slow)];
  if (value === undefined || threshold === undefined) return undefined;
  const isOver = direction === 'over';
  const behind = isOver ? threshold - value : value - threshold;
  return { value, threshold, beyond: isOver ? value > threshold : value < threshold, back: behind >= hysteresis };
}

function told(bar: Bar, name: string): number | undefined {
  const { indicators = {}, ...values } = bar;
  return ({ ...values, ...indicators } as unknown as Readonly<Record<keyof Bar | keyof Indicators, number | undefined>>)[name as 'close'];
}

/** No two alerts of a rule and symbol have one time. */
function isCooling({ cooldown }: AlertRule, lastMs: number | undefined, timeMs: number): boolean {
  return lastMs !== undefined && (timeMs <= lastMs || timeMs - lastMs < lengthOf(cooldown));
}

function isOpen({ marketHours }: AlertRule, timeMs: number): boolean {
  return marketHours === 'always' || calendarOf(marketHours).isOpen(timeMs);
}

/** The begin of a span and of each minute in it: markets open and close at whole minutes. */
function minutesOf(fromMs: number, toMs: number): readonly number[] {
  const minutes = [fromMs];
  for (let timeMs = Math.floor(fromMs / 60_000 + 1) * 60_000; timeMs < toMs; timeMs += 60_000) minutes.push(timeMs);
  return minutes;
}

function isNamed(list: '*' | readonly string[] | undefined, name: string): boolean {
  return list === '*' || (list?.includes(name) ?? false);
}

function lengthOf(duration: string): number {
  return Number(duration.slice(0, -1)) * (units[duration.slice(-1)] ?? Number.NaN);
}
