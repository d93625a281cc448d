/** What a rule means, as a sentence for people. */
import { type AlertRule, type BarRule, isOfBars, type StaleRule } from './alert-rules.ts';

/** One line, without the rule's name. */
export function meaningOf(rule: AlertRule): string {
  return [`${rule.severity}: ${whenOf(rule)}`, ...(isOfBars(rule) ? againOf(rule) : []), ...limitsOf(rule)].join('; ');
}

function whenOf(rule: AlertRule): string {
  switch (rule.condition) {
    case 'level':
      return `when ${rule.of} of a ${rule.interval} bar of ${listed(rule.symbols)} is ${rule.above === undefined ? `${rule.below} or below` : `${rule.above} or above`}`;
    case 'volatility':
      return `when ${rule.of} of a ${rule.interval} bar of ${listed(rule.symbols)} is ${rule.above} or above`;
    case 'cross':
      return `when ${rule.fast} crosses ${rule.direction} ${rule.slow} in ${rule.interval} bars of ${listed(rule.symbols)}`;
    case 'drop':
      return `when a ${rule.interval} bar of ${listed(rule.symbols)} closes ${rule.percent} % or more below the highest price of the last ${rule.window}`;
    case 'spike':
      return `when a ${rule.interval} bar of ${listed(rule.symbols)} closes ${rule.percent} % or more above the lowest price of the last ${rule.window}`;
    case 'volume':
      return `when a ${rule.interval} bar of ${listed(rule.symbols)} has a volume of ${rule.times === undefined ? rule.above : `${rule.times} times the mean of the ${rule.bars} bars before`} or more`;
    case 'gap':
      return `when data of ${listed(rule.symbols)} were missing for longer than ${rule.longer}`;
    case 'stale':
      return silenceOf(rule);
  }
}

function silenceOf({ symbols, feeds, longer }: StaleRule): string {
  if (symbols !== undefined) return `when no price of ${listed(symbols)} came for longer than ${longer} although the feed is connected`;
  return `when ${feeds === '*' || feeds === undefined ? 'a feed' : feeds.join(' or ')} is disconnected for longer than ${longer}`;
}

function againOf(rule: BarRule): readonly string[] {
  return rule.hysteresis === 0 ? [] : [`again only after it was back by more than ${rule.hysteresis}${unitOf(rule)}`];
}

/** Of what the rule compares, where it is not the unit of the prices or the volume. */
function unitOf(rule: BarRule): string {
  if (rule.condition === 'drop' || rule.condition === 'spike') return ' %';
  return rule.condition === 'volume' && rule.times !== undefined ? ' times the mean' : '';
}

function limitsOf({ cooldown, marketHours }: AlertRule): readonly string[] {
  const pause = Number.parseInt(cooldown, 10) === 0 ? [] : [`once in ${cooldown} at most`];
  return marketHours === 'always' ? pause : [...pause, `in the hours of ${marketHours} only`];
}

/** The first few are enough to know which. */
function listed(symbols: '*' | readonly string[]): string {
  if (symbols === '*') return 'any symbol';
  const first = symbols.slice(0, 5).join(', ');
  return symbols.length <= 5 ? first : `${first} and ${symbols.length - 5} more`;
}
