import { describe, expect, it } from '@jest/globals';
import { emptyIndicators, nextIndicators } from '../src/fold/indicators.ts';

/** Closes 1, 2, 3 … with a range of one each. */
function rising(count: number) {
  const state = emptyIndicators();
  let last: ReturnType<typeof nextIndicators>;
  for (let close = 1; close <= count; close += 1) last = nextIndicators(state, { high: close, low: close - 1, close });
  return last;
}

describe('indicators', () => {
  it('are absent until enough bars are there', () => {
    expect(rising(1)).toBeUndefined();
    expect(rising(10)).toBeUndefined();
    expect(rising(11)).toEqual({ momentum10: 10 });
    expect(rising(19)).not.toHaveProperty('sma20');
  });

  it('gives the simple mean and the bands of the last 20 closes', () => {
    const known = rising(20);
    expect(known?.sma20).toBe(10.5);
    expect(known?.bollingerUpper).toBeCloseTo(10.5 + 2 * Math.sqrt(33.25), 9);
    expect(known?.bollingerLower).toBeCloseTo(10.5 - 2 * Math.sqrt(33.25), 9);
  });

  it('seeds exponential means with the simple one: on a line they trail by (period − 1) / 2', () => {
    const known = rising(40);
    expect(known?.ema12).toBeCloseTo(40 - 5.5, 9);
    expect(known?.ema26).toBeCloseTo(40 - 12.5, 9);
    expect(known?.macd).toBeCloseTo(7, 9);
    expect(known?.macdSignal).toBeCloseTo(7, 9);
    expect(known?.macdHistogram).toBeCloseTo(0, 9);
  });

  it('gives an RSI of 100 when prices only rose, 50 when they stood still', () => {
    expect(rising(15)?.rsi14).toBe(100);
    const state = emptyIndicators();
    let last: ReturnType<typeof nextIndicators>;
    for (let index = 0; index < 20; index += 1) last = nextIndicators(state, { high: 5, low: 5, close: 5 });
    expect(last?.rsi14).toBe(50);
    expect(last?.atr14).toBe(0);
  });

  it('follows Wilder: the example of his book for RSI', () => {
    const closes = [44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.1, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.0, 46.03];
    const state = emptyIndicators();
    const values = closes.map(close => nextIndicators(state, { high: close, low: close, close })?.rsi14);
    expect(values[13]).toBeUndefined();
    expect(values[14]).toBeCloseTo(70.46, 1);
    expect(values[15]).toBeCloseTo(66.25, 1);
    expect(values[16]).toBeCloseTo(66.48, 1);
  });
});
