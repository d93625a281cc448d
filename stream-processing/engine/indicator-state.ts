/**
 * Indicators of one list of bars at a time: the twin of src/fold/indicators.ts, operation by operation. The state that is at work
 * stands here, in doubles; its closes do not move when one more comes, the state moves along them.
 */
import { log } from './host';
import { roundTwo } from './rounding';

/** Closes that are kept, the newest last. */
export const CLOSES_KEPT: usize = 21;
/** Averages: EMA 12 and 26, MACD signal, gain, loss and range. */
export const AVERAGES_BYTES: usize = 48;
const EMA12: usize = 0;
const EMA26: usize = 8;
const SIGNAL9: usize = 16;
const GAIN14: usize = 24;
const LOSS14: usize = 32;
const RANGE14: usize = 40;

/** In a snapshot: the closes, their number, the averages. */
export const STATE_BYTES: usize = CLOSES_KEPT * 8 + 8 + AVERAGES_BYTES;

/** Above so many closes nothing depends on their number. */
const COUNTS_MATTER_TO: i32 = 64;
/** From so many closes on all averages are smoothed. */
const SMOOTHED_FROM: i32 = 35;

const STEPS: usize = 64;
const NEWEST: usize = (CLOSES_KEPT - 1) * 8;
/** Closes on the way, with room behind them for what is written two at a time. */
const CLOSES: usize = memory.data((21 + 64 + 5) * 8, 16);
const AVERAGES: usize = memory.data(48, 16);
const RETURNS: usize = memory.data(20 * 8, 16);

let count: i32 = 0;
let oldest: usize = CLOSES;

/** Where the oldest close of a state goes that is begun. */
// @ts-ignore: decorator
@inline
export function beginState(closes: i32): usize {
  count = closes;
  oldest = CLOSES;
  return CLOSES;
}

/** The closes of the state, oldest first. */
// @ts-ignore: decorator
@inline
export function closesOfState(): usize {
  return oldest;
}

// @ts-ignore: decorator
@inline
export function averagesOfState(): usize {
  return AVERAGES;
}

// @ts-ignore: decorator
@inline
export function countOfState(): i32 {
  return count;
}

/** A state without bars. */
export function clearState(): void {
  memory.fill(beginState(0), 0, CLOSES_KEPT * 8);
  memory.fill(AVERAGES, 0, AVERAGES_BYTES);
}

/** Takes the next closed bar in. */
export function stepIndicators(high: f64, low: f64, close: f64): void {
  const before = load<f64>(oldest, NEWEST);
  oldest += 8;
  if (oldest == CLOSES + (STEPS << 3)) goBack();
  store<f64>(oldest, close, NEWEST);
  if (count < COUNTS_MATTER_TO) count += 1;
  if (count < SMOOTHED_FROM) return stepEarly(before, high, low, close);
  const ema12 = smoothed(EMA12, 2.0 / 13.0, close);
  const ema26 = smoothed(EMA26, 2.0 / 27.0, close);
  smoothed(SIGNAL9, 2.0 / 10.0, ema12 - ema26);
  const change = close - before;
  smoothed(GAIN14, 1.0 / 14.0, max(change, 0));
  smoothed(LOSS14, 1.0 / 14.0, max(-change, 0));
  smoothed(RANGE14, 1.0 / 14.0, max(high, before) - min(low, before));
}

/** Writes the twelve values known at the last close, in the order of `indicatorNames`; NaN where unknown. */
export function readIndicators(into: usize): void {
  const ema12 = load<f64>(AVERAGES, EMA12);
  const ema26 = load<f64>(AVERAGES, EMA26);
  const signal = load<f64>(AVERAGES, SIGNAL9);
  const macd = ema12 - ema26;
  const gain = load<f64>(AVERAGES, GAIN14);
  const loss = load<f64>(AVERAGES, LOSS14);
  store<f64>(into, known(ema12, 12), 24);
  store<f64>(into, known(ema26, 26), 32);
  store<f64>(into, known(macd, 26), 40);
  store<f64>(into, known(signal, 34), 48);
  store<f64>(into, known(macd - signal, 34), 56);
  store<f64>(into, known(gain + loss == 0 ? 50 : (100 * gain) / (gain + loss), 15), 64);
  store<f64>(into, known(load<f64>(AVERAGES, RANGE14), 15), 72);
  store<f64>(into, known(load<f64>(oldest, NEWEST) - load<f64>(oldest, 80), 11), 80);
  readDeviations(into);
  for (let at: usize = 0; at < 96; at += 16) roundTwo(into + at);
}

// @ts-ignore: decorator
@inline
function known(value: f64, from: i32): f64 {
  return count < from ? NaN : value;
}

// @ts-ignore: decorator
@inline
function smoothed(at: usize, weight: f64, value: f64): f64 {
  const before = load<f64>(AVERAGES + at);
  const after = before + weight * (value - before);
  store<f64>(AVERAGES + at, after);
  return after;
}

function goBack(): void {
  memory.copy(CLOSES, oldest, NEWEST);
  oldest = CLOSES;
}

/** A step while some averages are still plain means. */
function stepEarly(before: f64, high: f64, low: f64, close: f64): void {
  step(EMA12, count, 12, 2.0 / 13.0, close);
  step(EMA26, count, 26, 2.0 / 27.0, close);
  if (count >= 26) step(SIGNAL9, count - 25, 9, 2.0 / 10.0, load<f64>(AVERAGES, EMA12) - load<f64>(AVERAGES, EMA26));
  if (count == 1) return;
  const change = close - before;
  step(GAIN14, count - 1, 14, 1.0 / 14.0, max(change, 0));
  step(LOSS14, count - 1, 14, 1.0 / 14.0, max(-change, 0));
  step(RANGE14, count - 1, 14, 1.0 / 14.0, max(high, before) - min(low, before));
}

/** The average at `at` with its `values`th value: a sum until there are `period`, then their mean, then smoothed. */
function step(at: usize, values: i32, period: i32, weight: f64, value: f64): void {
  const before = load<f64>(AVERAGES + at);
  if (values > period) smoothed(at, weight, value);
  else store<f64>(AVERAGES + at, values < period ? before + value : (before + value) / period);
}

/** Bands of the last twenty closes, and the volatility of their returns: both at once, each in its own order. */
function readDeviations(into: usize): void {
  if (count < 20) {
    store<f64>(into, NaN);
    store<f64>(into, NaN, 8);
    store<f64>(into, NaN, 16);
    store<f64>(into, NaN, 88);
    return;
  }
  if (!readNearReturns()) readReturns();
  let sums = f64x2.splat(0);
  for (let at: usize = 0; at < 160; at += 16) {
    const closes = v128.load(oldest + at, 8);
    const returns = v128.load(RETURNS + at);
    sums = f64x2.add(sums, v128.shuffle<f64>(closes, returns, 0, 2));
    sums = f64x2.add(sums, v128.shuffle<f64>(closes, returns, 1, 3));
  }
  const means = f64x2.div(sums, f64x2.splat(20));
  let squares = f64x2.splat(0);
  for (let at: usize = 0; at < 160; at += 16) {
    const closes = v128.load(oldest + at, 8);
    const returns = v128.load(RETURNS + at);
    const first = f64x2.sub(v128.shuffle<f64>(closes, returns, 0, 2), means);
    const second = f64x2.sub(v128.shuffle<f64>(closes, returns, 1, 3), means);
    squares = f64x2.add(squares, f64x2.mul(first, first));
    squares = f64x2.add(squares, f64x2.mul(second, second));
  }
  const deviations = f64x2.sqrt(f64x2.div(squares, f64x2(20, 19)));
  const mean = f64x2.extract_lane(means, 0);
  const deviation = f64x2.extract_lane(deviations, 0);
  store<f64>(into, mean);
  store<f64>(into, mean + 2 * deviation, 8);
  store<f64>(into, mean - 2 * deviation, 16);
  store<f64>(into, known(f64x2.extract_lane(deviations, 1), 21), 88);
}

/** Returns of closes near each other, two at a time; false when some are not. See `logReturn` in src/fold/indicators.ts. */
// @ts-ignore: decorator
@inline
function readNearReturns(): bool {
  let areNear = i64x2.splat(-1);
  for (let at: usize = 0; at < 160; at += 16) {
    const before = v128.load(oldest + at);
    const close = v128.load(oldest + at, 8);
    const ratio = f64x2.div(f64x2.sub(close, before), f64x2.add(close, before));
    areNear = v128.and(areNear, f64x2.lt(f64x2.abs(ratio), f64x2.splat(0.01)));
    const square = f64x2.mul(ratio, ratio);
    let series = f64x2.add(f64x2.splat(1.0 / 7.0), f64x2.mul(square, f64x2.splat(1.0 / 9.0)));
    series = f64x2.add(f64x2.splat(1.0 / 5.0), f64x2.mul(square, series));
    series = f64x2.add(f64x2.splat(1.0 / 3.0), f64x2.mul(square, series));
    series = f64x2.add(f64x2.splat(1), f64x2.mul(square, series));
    v128.store(RETURNS + at, f64x2.mul(f64x2.mul(f64x2.splat(2), ratio), series));
  }
  return i64x2.all_true(areNear);
}

function readReturns(): void {
  for (let at: usize = 0; at < 160; at += 8) store<f64>(RETURNS + at, logReturn(load<f64>(oldest + at, 8), load<f64>(oldest + at)));
}

function logReturn(close: f64, before: f64): f64 {
  const ratio = (close - before) / (close + before);
  if (!(ratio > -0.01 && ratio < 0.01)) return log(close / before);
  const square = ratio * ratio;
  return 2 * ratio * (1 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + square * (1.0 / 9.0)))));
}
