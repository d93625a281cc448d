/**
 * A window in few bytes: what its two first bytes say, and what times are told from. Times stand relative to the window's start, which
 * stands relative to that of the window before, prices relative to the open in units of their last digit, day and sessions as their
 * place in a table.
 */

// The first byte.
export const SINGLE_POINT: i32 = 0x01;
export const PLAIN_HIGH: i32 = 0x02;
export const PLAIN_LOW: i32 = 0x04;
export const HAS_VOLUME: i32 = 0x08;
export const PLAIN_TURNOVER: i32 = 0x10;
export const IS_ESTIMATED: i32 = 0x20;
export const HAS_SPREAD: i32 = 0x40;
export const IS_ONE_TICK: i32 = 0x80;
// The second byte, over the digits after the point.
export const PLACES_BITS: i32 = 0x0f;
export const RAW_PRICES: i32 = 0x0f;
export const ALL_SPREAD: i32 = 0x10;
export const HAS_HISTORY: i32 = 0x20;
export const NEVER_CLOSED: i32 = 0x40;
export const CHANGED_PRICES: i32 = 0x80;

export const INDICATOR_COUNT: usize = 12;
export const DAY_MS: f64 = 86_400_000;
const MOST_LEVELS: i32 = 32;

const LENGTHS: usize = memory.data(MOST_LEVELS * 8, 16);
const IS_DAY: usize = memory.data(MOST_LEVELS);

/** Starts of windows are told from this midnight; NaN until the first is. */
let epoch: f64 = NaN;

/** Says how long the windows of a level are, and whether they are trading days. */
export function setCodecLevel(level: i32, lengthMs: f64, isDay: bool): void {
  store<f64>(LENGTHS + (<usize>level << 3), lengthMs);
  store<u8>(IS_DAY + level, isDay ? 1 : 0);
}

// @ts-ignore: decorator
@inline
export function lengthMsOf(level: i32): f64 {
  return load<f64>(LENGTHS + (<usize>level << 3));
}

// @ts-ignore: decorator
@inline
export function isDayLevel(level: i32): bool {
  return load<u8>(IS_DAY + level) != 0;
}

/** A start as a number of windows from midnight, of a trading day from 1970 on. */
// @ts-ignore: decorator
@inline
export function unitsOf(level: i32, startMs: f64): f64 {
  return isDayLevel(level) ? startMs / DAY_MS : (startMs - epoch) / lengthMsOf(level);
}

// @ts-ignore: decorator
@inline
export function startOf(level: i32, units: f64): f64 {
  return isDayLevel(level) ? units * DAY_MS : epoch + units * lengthMsOf(level);
}

/** What starts of windows are told from; NaN until there is one. */
export function epochMs(): f64 {
  return epoch;
}

export function setEpochMs(value: f64): void {
  epoch = value;
}

/** The turnover of a window whose volume was all shown at its last price. */
// @ts-ignore: decorator
@inline
export function plainTurnoverOf(volume: f64, close: f64): f64 {
  return volume > 0 ? close * volume : 0;
}
