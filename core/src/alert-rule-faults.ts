/** What is wrong with rules whose fields are right one by one: rules that can never fire, or never again, and names that are there twice. */
import { type AlertRule, type BarRule, type CrossRule, isOfBars, type LevelRule, type MoveRule } from './alert-rules.ts';
import { isKnownMarket, knownMarkets } from './calendars/market-calendars.ts';
import { durationMs, durationText } from './durations.ts';
import { type Interval, intervalMs } from './intervals.ts';

/** Bars that a window of time may hold: what the fold has to remember of each symbol. */
const mostWindowBars = 1_440;
const dayMs = 86_400_000;
const mostCooldownMs = 31 * dayMs;
const mostSilenceMs = 7 * dayMs;
/** Fields of a rule that its message may name as a place. */
const placePattern = /\{([^{}]*)\}/g;

/** Each fault of one rule with its remedy. @param known the intervals that the fold makes; any when absent */
export function faultsOfRule(rule: AlertRule, known: readonly Interval[] | undefined): readonly string[] {
  return [...commonFaults(rule), ...(isOfBars(rule) ? barFaults(rule, known) : []), ...conditionFaults(rule)];
}

/** Each fault that several rules have together. */
export function faultsOfRules(list: readonly unknown[]): readonly string[] {
  const seen = new Map<string, number>();
  const faults: string[] = [];
  for (const [index, entry] of list.entries()) {
    const name = typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : undefined;
    if (typeof name !== 'string') continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else faults.push(`rules[${index}] "${name}": rules[${first}] has the same name: give it another one`);
  }
  return faults;
}

function commonFaults(rule: AlertRule): readonly string[] {
  const faults: string[] = [];
  if (durationMs(rule.cooldown) > mostCooldownMs)
    faults.push(`cooldown must be ${durationText(mostCooldownMs)} at most, was ${rule.cooldown}`);
  if (rule.marketHours !== 'always' && !isKnownMarket(rule.marketHours)) {
    faults.push(`marketHours must be always or one of ${knownMarkets().join(', ')}, was "${rule.marketHours}"`);
  }
  if ('symbols' in rule && Array.isArray(rule.symbols) && new Set(rule.symbols).size < rule.symbols.length) {
    faults.push('symbols must name each symbol once: take the second one out');
  }
  return [...faults, ...messageFaults(rule)];
}

function messageFaults(rule: AlertRule): readonly string[] {
  const places = placesOf(rule);
  const named = [...(rule.message ?? '').matchAll(placePattern)].map(([, place = '']) => place);
  return named
    .filter(place => !places.includes(place))
    .map(place => `message names {${place}}, which does not exist here: it can name ${places.map(each => `{${each}}`).join(', ')}`);
}

/** What the alerts of a rule can tell. */
function placesOf(rule: AlertRule): readonly string[] {
  const always = ['rule', 'severity', 'value', 'threshold', 'time'];
  if (isOfBars(rule)) return [...always, 'symbol', 'interval'];
  if (rule.condition === 'gap') return [...always, 'symbol'];
  return rule.feeds === undefined ? [...always, 'symbol', 'feed'] : [...always, 'feed'];
}

function barFaults(rule: BarRule, known: readonly Interval[] | undefined): readonly string[] {
  const faults: string[] = [];
  if (known !== undefined && !known.includes(rule.interval)) {
    faults.push(`interval ${rule.interval} is not one of BAR_INTERVALS (${known.join(',')}), so that it can never fire: take one of those`);
  }
  if (rule.interval === '1d' && rule.marketHours !== 'always') {
    faults.push(`the bar of a day closes when ${rule.marketHours} is closed, so that it can never fire: leave marketHours out`);
  }
  return faults;
}

function conditionFaults(rule: AlertRule): readonly string[] {
  switch (rule.condition) {
    case 'level':
      return levelFaults(rule);
    case 'cross':
      return crossFaults(rule);
    case 'drop':
    case 'spike':
      return moveFaults(rule);
    case 'volume':
      if ((rule.above === undefined) === (rule.times === undefined)) return ['one of above and times must be there'];
      return neverAgain(rule.hysteresis, rule.above ?? rule.times ?? 0);
    case 'volatility':
      return neverAgain(rule.hysteresis, rule.above);
    case 'gap':
      return [];
    case 'stale':
      if ((rule.symbols === undefined) === (rule.feeds === undefined)) return ['one of symbols and feeds must be there'];
      if (durationMs(rule.longer) < 1_000 || durationMs(rule.longer) > mostSilenceMs) {
        return [`longer must be from 1s to ${durationText(mostSilenceMs)}, was ${rule.longer}`];
      }
      return [];
  }
}

function levelFaults({ of, above, below, hysteresis }: LevelRule): readonly string[] {
  if ((above === undefined) === (below === undefined)) return ['one of above and below must be there'];
  if (of === 'rsi14') {
    const bound = above ?? below ?? 0;
    if (bound < 0 || bound > 100) return [`rsi14 is from 0 to 100, so that ${bound} can never be reached`];
  }
  if (of === 'macd' || of === 'macdSignal' || of === 'macdHistogram' || of === 'momentum10') return [];
  if (below !== undefined && below <= 0 && of !== 'rsi14') return [`${of} is always above 0, so that it can never fire: was ${below}`];
  return above === undefined
    ? []
    : [...(above <= 0 ? [`${of} is always above ${above}: it would fire once`] : neverAgain(hysteresis, above))];
}

/** The bands lie around the average that they are made of. */
const bands: readonly string[] = ['bollingerUpper', 'sma20', 'bollingerLower'];

function crossFaults({ fast, slow }: CrossRule): readonly string[] {
  const neverCross = fast === slow || isOfMacd(fast) !== isOfMacd(slow) || (bands.includes(fast) && bands.includes(slow));
  return neverCross ? [`fast ${fast} and slow ${slow} never cross: compare two prices or averages, or macd with macdSignal`] : [];
}

function moveFaults({ condition, percent, window, interval, hysteresis }: MoveRule): readonly string[] {
  const faults = [...neverAgain(hysteresis, percent)];
  if (condition === 'drop' && percent >= 100) faults.push(`a price never drops by ${percent} %, so that it can never fire`);
  if (durationMs(window) < intervalMs(interval) || durationMs(window) > mostWindowBars * intervalMs(interval)) {
    const most = durationText(mostWindowBars * intervalMs(interval));
    faults.push(`window must hold 1 to ${mostWindowBars} bars, ${interval} to ${most}, was ${window}: take another interval or window`);
  }
  return faults;
}

/** Of values that are never below 0. */
function neverAgain(hysteresis: number, bound: number): readonly string[] {
  if (hysteresis < bound) return [];
  return [`hysteresis must be less than ${bound}, was ${hysteresis}: it could fire once and never again`];
}

function isOfMacd(reading: string): boolean {
  return reading.startsWith('macd');
}
