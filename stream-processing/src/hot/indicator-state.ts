/**
 * Indicators of one list of bars as a row of numbers: the twin of fold/indicators.ts, operation by operation. How far each average has
 * come follows from the number of closes alone, and what is known at a close follows from the state after it.
 */
import { roundDerived } from '@tapeline/core/derived-values';
import { logReturn } from '../fold/indicators.ts';

/** Closes that are kept, the newest last. */
export const closesKept = 21;
/** Closes so far. */
export const countAt = closesKept;
/** The averages: EMA 12 and 26, MACD signal, gain, loss and range. */
export const averagesAt = closesKept + 1;
export const averageCount = 6;
export const indicatorStride = averagesAt + averageCount;

const ema12At = averagesAt;
const ema26At = averagesAt + 1;
const signal9At = averagesAt + 2;
const gain14At = averagesAt + 3;
const loss14At = averagesAt + 4;
const range14At = averagesAt + 5;

/** Above so many closes nothing depends on their number. */
const countsMatterTo = 64;

const returns = new Float64Array(closesKept);

/** Takes the next closed bar in. */
export function stepIndicators(state: Float64Array, high: number, low: number, close: number): void {
  const before = state[closesKept - 1] as number;
  const count = Math.min((state[countAt] as number) + 1, countsMatterTo);
  state.copyWithin(0, 1, closesKept);
  state[closesKept - 1] = close;
  state[countAt] = count;
  step(state, ema12At, count, 12, 2 / 13, close);
  step(state, ema26At, count, 26, 2 / 27, close);
  if (count >= 26) step(state, signal9At, count - 25, 9, 2 / 10, (state[ema12At] as number) - (state[ema26At] as number));
  if (count === 1) return;
  const change = close - before;
  step(state, gain14At, count - 1, 14, 1 / 14, Math.max(change, 0));
  step(state, loss14At, count - 1, 14, 1 / 14, Math.max(-change, 0));
  step(state, range14At, count - 1, 14, 1 / 14, Math.max(high, before) - Math.min(low, before));
}

/** Writes the twelve values known at the last close, in the order of `indicatorNames`; NaN where unknown. */
export function readIndicators(state: Float64Array, into: Float64Array, at: number): void {
  const count = state[countAt] as number;
  const known = (value: number, from: number): number => (count < from ? Number.NaN : roundDerived(value));
  const macd = (state[ema12At] as number) - (state[ema26At] as number);
  const gain = state[gain14At] as number;
  const loss = state[loss14At] as number;
  bands(state, count, into, at);
  into[at + 3] = known(state[ema12At] as number, 12);
  into[at + 4] = known(state[ema26At] as number, 26);
  into[at + 5] = known(macd, 26);
  into[at + 6] = known(state[signal9At] as number, 34);
  into[at + 7] = known(macd - (state[signal9At] as number), 34);
  into[at + 8] = known(gain + loss === 0 ? 50 : (100 * gain) / (gain + loss), 15);
  into[at + 9] = known(state[range14At] as number, 15);
  into[at + 10] = known((state[closesKept - 1] as number) - (state[closesKept - 11] as number), 11);
  into[at + 11] = count < closesKept ? Number.NaN : volatility(state);
}

/** The average at `at` with its `count`th value: a sum until there are `period`, then their mean, then smoothed. */
function step(state: Float64Array, at: number, count: number, period: number, weight: number, value: number): void {
  const before = state[at] as number;
  if (count > period) state[at] = before + weight * (value - before);
  else state[at] = count < period ? before + value : (before + value) / period;
}

function bands(state: Float64Array, count: number, into: Float64Array, at: number): void {
  if (count < 20) {
    into.fill(Number.NaN, at, at + 3);
    return;
  }
  let sum = 0;
  for (let index = 1; index < closesKept; index += 1) sum += state[index] as number;
  const mean = sum / 20;
  let squares = 0;
  for (let index = 1; index < closesKept; index += 1) {
    const off = (state[index] as number) - mean;
    squares += off * off;
  }
  const deviation = Math.sqrt(squares / 20);
  into[at] = roundDerived(mean);
  into[at + 1] = roundDerived(mean + 2 * deviation);
  into[at + 2] = roundDerived(mean - 2 * deviation);
}

function volatility(state: Float64Array): number {
  let sum = 0;
  for (let index = 1; index < closesKept; index += 1) {
    const change = logReturn(state[index] as number, state[index - 1] as number);
    returns[index] = change;
    sum += change;
  }
  const mean = sum / 20;
  let squares = 0;
  for (let index = 1; index < closesKept; index += 1) {
    const off = (returns[index] as number) - mean;
    squares += off * off;
  }
  return roundDerived(Math.sqrt(squares / 19));
}
