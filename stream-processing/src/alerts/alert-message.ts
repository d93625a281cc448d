/** The sentence of an alert: the rule's own, its places filled in, or one that tells what was seen. */
import type { AlertRule, BarRule, GapRule, StaleRule } from '@tapeline/core/alert-rules';
import type { Bar } from '@tapeline/core/bars';
import { utcText } from '@tapeline/core/time-text';

/** What an alert is about, besides its rule. */
export interface Sighting {
  readonly symbol?: string;
  readonly feed?: string;
  readonly timeMs: number;
  readonly value: number;
  readonly threshold: number;
  /** That showed it. */
  readonly bar?: Bar;
}

const longest = 500;

export function messageOf(rule: AlertRule, seen: Sighting): string {
  const text = rule.message === undefined ? sentenceOf(rule, seen) : filledIn(rule.message, rule, seen);
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`.toWellFormed();
}

function filledIn(message: string, rule: AlertRule, seen: Sighting): string {
  const places: Readonly<Record<string, string | undefined>> = {
    rule: rule.name,
    severity: rule.severity,
    symbol: seen.symbol,
    feed: seen.feed,
    interval: seen.bar?.interval,
    value: textOf(rule, seen.value),
    threshold: textOf(rule, seen.threshold),
    time: utcText(seen.timeMs),
  };
  return message.replace(/\{([^{}]*)\}/g, (place, name: string) => places[name] ?? place);
}

function sentenceOf(rule: AlertRule, seen: Sighting): string {
  if (rule.condition === 'gap') return gapSentence(rule, seen);
  if (rule.condition === 'stale') return staleSentence(rule, seen);
  return seen.bar === undefined ? rule.name : barSentence(rule, seen, seen.bar);
}

function barSentence(rule: BarRule, seen: Sighting, bar: Bar): string {
  const value = textOf(rule, seen.value);
  const threshold = textOf(rule, seen.threshold);
  const subject = `${bar.symbol}:`;
  switch (rule.condition) {
    case 'level':
      return `${subject} ${rule.of} ${value} (${bar.interval}) is at or ${rule.above === undefined ? 'below' : 'above'} ${threshold}`;
    case 'volatility':
      return `${subject} ${rule.of} ${value} (${bar.interval}) is at or above ${threshold}`;
    case 'cross':
      return `${subject} ${rule.fast} ${value} (${bar.interval}) has crossed ${rule.direction} ${rule.slow} ${threshold}`;
    case 'drop':
      return `${subject} down by ${value} within ${rule.window}, to ${bar.close}`;
    case 'spike':
      return `${subject} up by ${value} within ${rule.window}, to ${bar.close}`;
    case 'volume':
      return rule.times === undefined
        ? `${subject} volume ${value} (${bar.interval}) is at or above ${threshold}`
        : `${subject} volume ${bar.volume} (${bar.interval}) is ${value} times the mean of the ${rule.bars} bars before`;
  }
}

function gapSentence(rule: GapRule, { symbol, timeMs, value }: Sighting): string {
  return `${symbol}: no data for ${textOf(rule, value)}, until ${utcText(timeMs)}`;
}

function staleSentence(rule: StaleRule, { symbol, feed, value }: Sighting): string {
  const time = textOf(rule, value);
  return symbol === undefined ? `${feed}: disconnected for ${time}` : `${symbol}: no price for ${time}, though ${feed} is connected`;
}

/** A value with its unit. A price or a volume is told as it is, a ratio by its first three digits. */
function textOf(rule: AlertRule, value: number): string {
  if (rule.condition === 'gap' || rule.condition === 'stale') return spanText(value);
  const digits = isRatio(rule) ? Number(value.toPrecision(3)) : value;
  return rule.condition === 'drop' || rule.condition === 'spike' ? `${digits} %` : `${digits}`;
}

function isRatio(rule: BarRule): boolean {
  if (rule.condition === 'volume') return rule.times !== undefined;
  if (rule.condition === 'level' || rule.condition === 'volatility') return rule.of === 'rsi14' || rule.of === 'volatility20';
  return rule.condition === 'drop' || rule.condition === 'spike';
}

/** As `3.2 s`, `1 h 51 s`. */
function spanText(ms: number): string {
  const tenths = Math.round(ms / 100) / 10;
  if (tenths < 60) return `${tenths} s`;
  const seconds = Math.round(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : `${count} ${unit}`)).join(' ');
}
