/**
 * Indicators at the close of a bar, from the closes, highs and lows of the bars as they closed. Each step costs the same however
 * long the history is. Conventions are TA-Lib's: averages are seeded with a simple mean, RSI and ATR are smoothed as Wilder does,
 * Bollinger bands use the population's deviation. What is given out has 12 significant digits, the running state has all.
 */
import type { Indicators } from '@tapeline/core/bars';
import { roundDerived } from '@tapeline/core/derived-values';

/** An average that is a plain mean of its first `period` values and smoothed after them. */
interface Average {
  count: number;
  value: number;
}

/** Plain data, because it stands in snapshots as it is. */
export interface IndicatorState {
  /** The last 21 closes, oldest first. */
  closes: number[];
  ema12: Average;
  ema26: Average;
  signal9: Average;
  gain14: Average;
  loss14: Average;
  range14: Average;
}

const longest = 21;

export function emptyIndicators(): IndicatorState {
  const empty = (): Average => ({ count: 0, value: 0 });
  return { closes: [], ema12: empty(), ema26: empty(), signal9: empty(), gain14: empty(), loss14: empty(), range14: empty() };
}

/** Takes the next closed bar in and gives what is known at its close; `undefined` while nothing is. */
export function nextIndicators(
  state: IndicatorState,
  bar: { readonly high: number; readonly low: number; readonly close: number },
): Indicators | undefined {
  const before = state.closes.at(-1);
  state.closes.push(bar.close);
  if (state.closes.length > longest) state.closes.shift();
  const ema12 = exponential(state.ema12, bar.close, 12);
  const ema26 = exponential(state.ema26, bar.close, 26);
  const macd = ema12 === undefined || ema26 === undefined ? undefined : ema12 - ema26;
  const macdSignal = macd === undefined ? undefined : exponential(state.signal9, macd, 9);
  const known: Indicators = {
    ...bands(state.closes),
    ema12,
    ema26,
    macd,
    macdSignal,
    macdHistogram: macd === undefined || macdSignal === undefined ? undefined : macd - macdSignal,
    ...(before === undefined ? {} : moves(state, bar, before)),
    momentum10: state.closes.length > 10 ? bar.close - (state.closes.at(-11) as number) : undefined,
    volatility20: volatility(state.closes),
  };
  const entries = Object.entries(known).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries.map(([name, value]) => [name, roundDerived(value)])) as Indicators);
}

function bands(closes: readonly number[]): Indicators {
  if (closes.length < 20) return {};
  const last = closes.slice(-20);
  const mean = last.reduce((sum, close) => sum + close, 0) / 20;
  const deviation = Math.sqrt(last.reduce((sum, close) => sum + square(close - mean), 0) / 20);
  return { sma20: mean, bollingerUpper: mean + 2 * deviation, bollingerLower: mean - 2 * deviation };
}

function moves(
  state: IndicatorState,
  bar: { readonly high: number; readonly low: number; readonly close: number },
  before: number,
): Indicators {
  const change = bar.close - before;
  const gain = wilder(state.gain14, Math.max(change, 0), 14);
  const loss = wilder(state.loss14, Math.max(-change, 0), 14);
  const range = wilder(state.range14, Math.max(bar.high, before) - Math.min(bar.low, before), 14);
  return { rsi14: gain === undefined || loss === undefined ? undefined : strength(gain, loss), atr14: range };
}

function strength(gain: number, loss: number): number {
  if (gain + loss === 0) return 50;
  return (100 * gain) / (gain + loss);
}

/** Sample deviation of the last 20 logarithmic returns, for one bar (not annualised). */
function volatility(closes: readonly number[]): number | undefined {
  if (closes.length < longest) return undefined;
  const returns = closes.slice(1).map((close, index) => logReturn(close, closes[index] as number));
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  return Math.sqrt(returns.reduce((sum, value) => sum + square(value - mean), 0) / (returns.length - 1));
}

/**
 * `ln(close / before)`. Of prices near each other by the series of 2 artanh((close − before) / (close + before)): that is cheaper, and
 * exact where the quotient would round nearly all of a small move away.
 */
export function logReturn(close: number, before: number): number {
  const ratio = (close - before) / (close + before);
  if (!(ratio > -0.01 && ratio < 0.01)) return Math.log(close / before);
  const square = ratio * ratio;
  return 2 * ratio * (1 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9)))));
}

/** Not `** 2`: a power may be computed otherwise once the code is compiled, a product never is. */
function square(value: number): number {
  return value * value;
}

function exponential(average: Average, value: number, period: number): number | undefined {
  return smoothed(average, value, period, 2 / (period + 1));
}

function wilder(average: Average, value: number, period: number): number | undefined {
  return smoothed(average, value, period, 1 / period);
}

function smoothed(average: Average, value: number, period: number, weight: number): number | undefined {
  if (average.count >= period) {
    average.value += weight * (value - average.value);
    return average.value;
  }
  average.count += 1;
  average.value += value;
  if (average.count < period) return undefined;
  average.value /= period;
  return average.value;
}
