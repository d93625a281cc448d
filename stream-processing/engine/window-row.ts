/**
 * A window as a row of doubles, and its arithmetic: the twin of fold/window.ts, operation by operation, because sums of doubles
 * depend on their order. A row is told by where it begins in memory; columns are bytes from there.
 */
import { ASK, BID, PRICE, SEQUENCE, SESSION, stepExact, stepVolume, TICK, TIME, TRADING_DAY, TRADING_DAY_END } from './tick';

export const START: usize = 0;
export const END: usize = 8;
export const DAY: usize = 16;
export const DAY_END: usize = 24;
export const OPEN: usize = 32;
export const OPEN_TIME: usize = 40;
export const OPEN_SESSION: usize = 48;
export const OPEN_SEQUENCE: usize = 56;
export const HIGH: usize = 64;
export const LOW: usize = 72;
export const CLOSE: usize = 80;
export const CLOSE_TIME: usize = 88;
export const CLOSE_SESSION: usize = 96;
export const CLOSE_SEQUENCE: usize = 104;
/** NaN until a tick could be compared with a baseline. It is the volume of the turnover, too: what adds nothing adds 0 to both. */
export const VOLUME: usize = 112;
export const TURNOVER: usize = 120;
/** 1 when part of the turnover is an estimate: from increases of the day's volume, not from sizes of trades. */
export const ESTIMATED: usize = 128;
export const TICK_COUNT: usize = 136;
export const SPREAD_SUM: usize = 144;
export const SPREAD_COUNT: usize = 152;
/** Bits as in src/hot/bar-columns.ts. */
export const FLAGS: usize = 160;
export const REVISION: usize = 168;
export const WINDOW_BYTES: usize = 176;

/** A closed window has the indicators of its close behind it, NaN where absent. */
export const INDICATORS: usize = 176;
/** High, low and close as they were at its close, which its indicators came from; NaN when it was over before it began. */
export const AS_CLOSED: usize = 272;
export const CLOSED_BYTES: usize = 296;

/** A window that begins with the scanned tick; its start, end and flags are set by the caller. */
export function beginWithTick(row: usize): void {
  const price = load<f64>(TICK, PRICE);
  const timeMs = load<f64>(TICK, TIME);
  const session = load<f64>(TICK, SESSION);
  const sequence = load<f64>(TICK, SEQUENCE);
  store<f64>(row, load<f64>(TICK, TRADING_DAY), DAY);
  store<f64>(row, load<f64>(TICK, TRADING_DAY_END), DAY_END);
  store<f64>(row, price, OPEN);
  store<f64>(row, timeMs, OPEN_TIME);
  store<f64>(row, session, OPEN_SESSION);
  store<f64>(row, sequence, OPEN_SEQUENCE);
  store<f64>(row, price, HIGH);
  store<f64>(row, price, LOW);
  store<f64>(row, price, CLOSE);
  store<f64>(row, timeMs, CLOSE_TIME);
  store<f64>(row, session, CLOSE_SESSION);
  store<f64>(row, sequence, CLOSE_SEQUENCE);
  store<f64>(row, NaN, VOLUME);
  store<f64>(row, 0, TURNOVER);
  store<f64>(row, 0, ESTIMATED);
  store<f64>(row, 0, TICK_COUNT);
  store<f64>(row, 0, SPREAD_SUM);
  store<f64>(row, 0, SPREAD_COUNT);
  store<f64>(row, 0, REVISION);
  addTick(row);
}

/** Takes the scanned tick in, wherever it belongs in the order. */
export function addTick(row: usize): void {
  const price = load<f64>(TICK, PRICE);
  if (isTickBefore(row + OPEN_TIME)) storePoint(row + OPEN, price);
  if (!isTickBefore(row + CLOSE_TIME)) storePoint(row + CLOSE, price);
  if (price > load<f64>(row, HIGH)) store<f64>(row, price, HIGH);
  if (price < load<f64>(row, LOW)) store<f64>(row, price, LOW);
  store<f64>(row, load<f64>(row, TICK_COUNT) + 1, TICK_COUNT);
  const spread = load<f64>(TICK, ASK) - load<f64>(TICK, BID);
  if (spread == spread) {
    store<f64>(row, load<f64>(row, SPREAD_SUM) + spread, SPREAD_SUM);
    store<f64>(row, load<f64>(row, SPREAD_COUNT) + 1, SPREAD_COUNT);
  }
  const volume = stepVolume;
  if (volume != volume) return;
  const before = load<f64>(row, VOLUME);
  store<f64>(row, (before == before ? before : 0) + volume, VOLUME);
  if (volume == 0) return;
  if (!stepExact) store<f64>(row, 1, ESTIMATED);
  store<f64>(row, load<f64>(row, TURNOVER) + price * volume, TURNOVER);
}

/** A longer window that begins with a shorter one; its start, end and flags are set by the caller. */
export function beginWithPart(row: usize, part: usize): void {
  memory.copy(row + DAY, part + DAY, FLAGS - DAY);
  store<f64>(row, 0, REVISION);
}

/** Takes a shorter window in. */
export function addPart(row: usize, part: usize): void {
  if (compareOrder(part + OPEN_TIME, row + OPEN_TIME) < 0) copyPoint(part + OPEN, row + OPEN);
  if (compareOrder(part + CLOSE_TIME, row + CLOSE_TIME) > 0) copyPoint(part + CLOSE, row + CLOSE);
  store<f64>(row, max<f64>(load<f64>(row, HIGH), load<f64>(part, HIGH)), HIGH);
  store<f64>(row, min<f64>(load<f64>(row, LOW), load<f64>(part, LOW)), LOW);
  store<f64>(row, load<f64>(row, TICK_COUNT) + load<f64>(part, TICK_COUNT), TICK_COUNT);
  store<f64>(row, load<f64>(row, SPREAD_SUM) + load<f64>(part, SPREAD_SUM), SPREAD_SUM);
  store<f64>(row, load<f64>(row, SPREAD_COUNT) + load<f64>(part, SPREAD_COUNT), SPREAD_COUNT);
  const volume = load<f64>(part, VOLUME);
  if (volume == volume) {
    const before = load<f64>(row, VOLUME);
    store<f64>(row, (before == before ? before : 0) + volume, VOLUME);
  }
  if (load<f64>(part, ESTIMATED) == 1) store<f64>(row, 1, ESTIMATED);
  store<f64>(row, load<f64>(row, TURNOVER) + load<f64>(part, TURNOVER), TURNOVER);
}

/** True when the scanned tick comes before the point (time, session, sequence) at `at`. */
// @ts-ignore: decorator
@inline
function isTickBefore(at: usize): bool {
  const timeMs = load<f64>(at);
  const tickMs = load<f64>(TICK, TIME);
  if (tickMs != timeMs) return tickMs < timeMs;
  const session = load<f64>(at, 8);
  const tickSession = load<f64>(TICK, SESSION);
  if (tickSession != session) return tickSession < session;
  return load<f64>(TICK, SEQUENCE) < load<f64>(at, 16);
}

// @ts-ignore: decorator
@inline
function storePoint(at: usize, price: f64): void {
  store<f64>(at, price);
  store<f64>(at, load<f64>(TICK, TIME), 8);
  store<f64>(at, load<f64>(TICK, SESSION), 16);
  store<f64>(at, load<f64>(TICK, SEQUENCE), 24);
}

function compareOrder(a: usize, b: usize): f64 {
  const time = load<f64>(a) - load<f64>(b);
  if (time != 0) return time;
  const session = load<f64>(a, 8) - load<f64>(b, 8);
  return session != 0 ? session : load<f64>(a, 16) - load<f64>(b, 16);
}

/** Copies a price and its place in the order. */
// @ts-ignore: decorator
@inline
function copyPoint(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}
