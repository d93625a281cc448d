/** Alert rules for random logs: bounds where their prices are, so that they fire and come back. */
import type { AlertRulesRecord } from '@tapeline/core/records';

type Rule = AlertRulesRecord['rules'][number];

const symbols = '*';

/** One of each condition and choice at least; each with a name of its own. */
const pool: readonly Rule[] = [
  { condition: 'level', name: 'high', symbols, interval: '1s', above: 120, hysteresis: 30 },
  { condition: 'level', name: 'low', symbols: ['S0', 'S1', 'S4'], interval: '1m', below: 60, cooldown: '3m' },
  { condition: 'level', name: 'top of the bar', symbols, interval: '5s', of: 'high', above: 150 },
  { condition: 'level', name: 'strength', symbols, interval: '1s', of: 'rsi14', above: 52, hysteresis: 1 },
  { condition: 'cross', name: 'price over average', symbols, interval: '1s', slow: 'ema12', direction: 'over' },
  { condition: 'cross', name: 'under the mean', symbols, interval: '5s', fast: 'close', slow: 'vwap', direction: 'under', hysteresis: 0.5 },
  { condition: 'drop', name: 'drop', symbols, interval: '1s', percent: 30, window: '20s', hysteresis: 5 },
  { condition: 'drop', name: 'long drop', symbols, interval: '1m', percent: 70, window: '30m', cooldown: '1h' },
  { condition: 'spike', name: 'spike', symbols, interval: '5s', percent: 80, window: '1m', message: '{symbol} {value} {threshold} {time}' },
  { condition: 'spike', name: 'spike at work', symbols, interval: '1m', percent: 20, window: '5m', marketHours: 'NYSE' },
  { condition: 'volume', name: 'much', symbols, interval: '1s', above: 20, severity: 'info' },
  { condition: 'volume', name: 'unusual', symbols, interval: '1s', times: 1.5, bars: 3, cooldown: '10s' },
  { condition: 'volatility', name: 'wild', symbols, interval: '1s', of: 'atr14', above: 40, hysteresis: 1 },
  { condition: 'gap', name: 'gap', symbols, longer: '1s' },
  { condition: 'gap', name: 'gap at work', symbols, longer: '0s', marketHours: 'NYSE', cooldown: '1m' },
  { condition: 'stale', name: 'quiet', symbols, longer: '3s' },
  { condition: 'stale', name: 'quiet at work', symbols, longer: '5m', marketHours: 'NYSE', cooldown: '1h' },
  { condition: 'stale', name: 'quiet coins', symbols, longer: '2m', marketHours: 'crypto' },
  { condition: 'stale', name: 'feed away', feeds: '*', longer: '1s', severity: 'critical' },
  { condition: 'stale', name: 'vendor away', feeds: ['twelve-data/0'], longer: '10s', cooldown: '5m' },
  { condition: 'level', name: 'day', symbols, interval: '1d', above: 10 },
];

/** Some of the pool by a number from 0 to 255: many keep rules of before, one in sixteen is broken, one in sixteen takes all away. */
export function rulesOf(bits: number): readonly Rule[] {
  if (bits % 16 === 15) return [...pool.slice(0, 2), { id: bits }];
  if (bits % 16 === 7) return [];
  const changed: Rule = { condition: 'level', name: 'changed', symbols, interval: '1s', above: 50 + (bits % 4) * 30 };
  return [changed, ...pool.filter((_, index) => (index + bits) % 5 !== 0)];
}
