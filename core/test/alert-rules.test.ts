import { describe, expect, it } from '@jest/globals';
import { meaningOf } from '../src/alert-rule-text.ts';
import { parseAlertRules } from '../src/parse-alert-rules.ts';

const level = { name: 'high', condition: 'level', symbols: ['BTC/USD'], above: 100 };

function faultsOf(...rules: readonly unknown[]): readonly string[] | undefined {
  return parseAlertRules(rules, { intervals: ['1s', '1m', '1h', '1d'] }).faults;
}

describe('alert rules', () => {
  it('fill in what a rule leaves out, and leave alone what was read before', () => {
    const { rules } = parseAlertRules([level]);
    expect(rules).toEqual([
      { ...level, of: 'close', severity: 'warning', cooldown: '0s', marketHours: 'always', interval: '1m', hysteresis: 0 },
    ]);
    expect(JSON.stringify(parseAlertRules(rules).rules)).toBe(JSON.stringify(rules));
    // Whatever the order of the fields in the file, equal rules are equal text.
    expect(JSON.stringify(parseAlertRules([Object.fromEntries(Object.entries(level).reverse())]).rules)).toBe(JSON.stringify(rules));
  });

  it('tell all faults of a list at once, each with its rule and place', () => {
    expect(
      faultsOf({ ...level, abov: 3 }, { ...level, name: 'other', interval: '2m' }, { name: 'what', condition: 'rise' }, 'text', {
        ...level,
        symbols: [],
      }),
    ).toEqual([
      'rules[0] "high": it has no field abov: correct the name, or take it out',
      'rules[1] "other".interval: must be one of 1s, 5s, 15s, 1m, 5m, 15m, 1h, 1d, was "2m"',
      'rules[2] "what".condition: must be one of level, cross, drop, spike, volume, volatility, gap, stale, was "rise"',
      'rules[3]: must be a rule: begin it with "- name: …", was "text"',
      'rules[4] "high".symbols: must be "*" (all symbols) or a list of symbols',
      'rules[4] "high": rules[0] has the same name: give it another one',
    ]);
    expect(parseAlertRules({ rules: [] }).faults).toEqual(['rules must be a list: begin each rule with "- name: …"']);
  });

  it.each([
    ['.percent: must be above 0, was -3', { condition: 'drop', percent: -3, window: '5m' }],
    ['.hysteresis: must be 0 or more, was -1', { hysteresis: -1 }],
    ['.bars: must be 500 at most, was 900', { condition: 'volume', times: 2, bars: 900 }],
    ['.bars: must be a whole number, was 2.5', { condition: 'volume', times: 2, bars: 2.5 }],
    ['.above: must be a number, was "much"', { above: 'much' }],
    ['.message: must not be empty', { message: '' }],
    ['.message: must be 300 letters at most, was "xxx', { message: 'x'.repeat(301) }],
    ['.feeds: must not be empty', { condition: 'stale', symbols: undefined, longer: '1m', feeds: [] }],
    ['.slow: is missing, must be one of close, vwap', { condition: 'cross', direction: 'over' }],
    ['.name: is missing, must be a text', { name: undefined }],
    ['.condition: is missing, must be one of level, cross', { condition: undefined }],
  ])('tell in plain words what a field must be: %s', (fault, fields) => {
    expect(faultsOf({ ...level, ...fields })).toContainEqual(expect.stringContaining(fault));
  });

  it.each([
    ['one of above and below must be there', { ...level, above: undefined }],
    ['one of above and below must be there', { ...level, below: 3 }],
    ['close is always above 0, so that it can never fire: was -1', { ...level, above: undefined, below: -1 }],
    ['rsi14 is from 0 to 100, so that 101 can never be reached', { ...level, of: 'rsi14', above: 101 }],
    ['hysteresis must be less than 100, was 100: it could fire once and never again', { ...level, hysteresis: 100 }],
    ['interval 5m is not one of BAR_INTERVALS (1s,1m,1h,1d), so that it can never fire: take one of those', { ...level, interval: '5m' }],
    ['the bar of a day closes when NYSE is closed', { ...level, interval: '1d', marketHours: 'NYSE' }],
    ['marketHours must be always or one of crypto, forex, NYSE', { ...level, marketHours: 'Wall Street' }],
    ['cooldown must be 31d at most, was 32d', { ...level, cooldown: '32d' }],
    ['symbols must name each symbol once', { ...level, symbols: ['A', 'A'] }],
    ['message names {price}, which does not exist here: it can name {rule}', { ...level, message: 'at {price}' }],
    ['fast sma20 and slow bollingerUpper never cross', crossOf('sma20', 'bollingerUpper')],
    ['fast close and slow macd never cross', crossOf('close', 'macd')],
    ['a price never drops by 100 %', { ...level, condition: 'drop', above: undefined, percent: 100, window: '5m' }],
    ['window must hold 1 to 1440 bars, 1m to 1d, was 30s', { ...level, condition: 'spike', above: undefined, percent: 3, window: '30s' }],
    ['one of above and times must be there', { ...level, condition: 'volume', times: 3 }],
    ['one of symbols and feeds must be there', { ...level, condition: 'stale', above: undefined, feeds: '*', longer: '1m' }],
    ['longer must be from 1s to 7d, was 8d', { ...level, condition: 'stale', above: undefined, longer: '8d' }],
  ])('refuse what can never fire, or says nothing: %s', (fault, rule) => {
    const faults = faultsOf(JSON.parse(JSON.stringify(rule)));
    expect(faults).toEqual([expect.stringContaining(fault)]);
  });

  it('refuse more than a record of the log can hold', () => {
    const symbols = Array.from({ length: 10_000 }, (_, index) => `A SYMBOL WITH A LONG NAME ${index}`);
    expect(faultsOf({ ...level, symbols }, { ...level, name: 'other', symbols })).toEqual([
      expect.stringContaining('rules must take 512000 bytes at most as JSON'),
    ]);
  });

  it('say what they mean', () => {
    const { rules = [] } = parseAlertRules([
      { ...level, hysteresis: 5, cooldown: '15m', marketHours: 'NYSE', severity: 'critical' },
      crossOf('ema12', 'ema26'),
      { name: 'away', condition: 'stale', feeds: ['twelve-data/0'], longer: '30s' },
      { name: 'fall', condition: 'drop', symbols: '*', percent: 5, window: '15m', hysteresis: 2 },
      { name: 'busy', condition: 'volume', symbols: '*', times: 4, hysteresis: 1 },
    ]);
    expect(rules.map(meaningOf)).toEqual([
      'critical: when close of a 1m bar of BTC/USD is 100 or above; again only after it was back by more than 5; once in 15m at most; in the hours of NYSE only',
      'warning: when ema12 crosses over ema26 in 1m bars of any symbol',
      'warning: when twelve-data/0 is disconnected for longer than 30s',
      expect.stringContaining('; again only after it was back by more than 2 %'),
      expect.stringContaining('; again only after it was back by more than 1 times the mean'),
    ]);
  });
});

function crossOf(fast: string, slow: string) {
  return { name: 'cross', condition: 'cross', symbols: '*', fast, slow, direction: 'over' };
}
