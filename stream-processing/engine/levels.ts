/** The intervals as levels: their windows, which of them ticks touch, and which roll up into which. See src/fold/levels.ts. */
import { f64At, i32At, setF64, setI32 } from './memory';
import { TICK, TIME, TRADING_DAY, TRADING_DAY_END } from './tick';

const MOST: i32 = 16;
const DAY_MS: f64 = 86_400_000;

export let levelCount: i32 = 0;
/** Bits of the levels that ticks touch. */
export let sourceBits: i32 = 0;

const lengths: usize = memory.data(MOST * 8);
const days: usize = memory.data(MOST * 4);
const intervals: usize = memory.data(MOST * 4);
const parents: usize = memory.data(MOST * 4);

/** The window that was worked out last. */
export let spanStartMs: f64 = 0;
export let spanEndMs: f64 = 0;

/** The next level, in rising order: its length, its place among all intervals, bits of the levels that its bars roll up into. */
export function addLevel(lengthMs: f64, isDay: bool, interval: i32, parentBits: i32, isSource: bool): void {
  const level = levelCount;
  levelCount += 1;
  setF64(lengths, level, lengthMs);
  setI32(days, level, <i32>isDay);
  setI32(intervals, level, interval);
  setI32(parents, level, parentBits);
  if (isSource) sourceBits |= 1 << level;
}

// @ts-ignore: decorator
@inline
export function isDay(level: i32): bool {
  return i32At(days, level) != 0;
}

/** True for a level that ticks touch; the others are made of closed parts. */
// @ts-ignore: decorator
@inline
export function isSource(level: i32): bool {
  return (sourceBits & (1 << level)) != 0;
}

export function lengthOf(level: i32): f64 {
  return f64At(lengths, level);
}

export function intervalOf(level: i32): i32 {
  return i32At(intervals, level);
}

export function parentBitsOf(level: i32): i32 {
  return i32At(parents, level);
}

/** Works the window out that holds the tick. */
// @ts-ignore: decorator
@inline
export function spanOfTick(level: i32): void {
  span(level, load<f64>(TICK, TIME), load<f64>(TICK, TRADING_DAY), load<f64>(TICK, TRADING_DAY_END));
}

/** Works the window out that holds `timeMs`; of a trading day the one that is named. */
export function span(level: i32, timeMs: f64, tradingDay: f64, tradingDayEndMs: f64): void {
  if (isDay(level)) {
    spanStartMs = tradingDay * DAY_MS;
    spanEndMs = tradingDayEndMs;
    return;
  }
  const length = f64At(lengths, level);
  spanStartMs = floor(timeMs / length) * length;
  spanEndMs = spanStartMs + length;
}

/** When a window really begins: a trading day does so a day before its end, not at its label. */
export function realStartMs(level: i32, startMs: f64, endMs: f64): f64 {
  return isDay(level) ? endMs - DAY_MS : startMs;
}
