/** Alert rules that are met all the time; each second set lacks one and changes another. */
import type { AlertRulesRecord } from '@tapeline/core/records';

const rules: AlertRulesRecord['rules'] = [
  { name: 'high', condition: 'level', symbols: '*', interval: '1s', above: 1_080, hysteresis: 40 },
  { name: 'over', condition: 'cross', symbols: '*', interval: '1s', slow: 'ema12', direction: 'over', cooldown: '5s' },
  { name: 'drop', condition: 'drop', symbols: '*', interval: '1s', percent: 5, window: '10s', cooldown: '10s' },
  { name: 'unusual', condition: 'volume', symbols: '*', interval: '5s', times: 1.5, bars: 3, cooldown: '10s' },
  { name: 'gap', condition: 'gap', symbols: '*', longer: '1s' },
  { name: 'quiet', condition: 'stale', symbols: '*', longer: '2s' },
];

/** The set after so many changes. */
export function rulesAfter(changes: number): AlertRulesRecord['rules'] {
  return changes % 2 === 0 ? rules : [{ ...rules[0], above: 1_060 }, ...rules.slice(2)];
}
