/**
 * A window as a row of doubles, and its arithmetic: the twin of fold/window.ts, operation by operation, because sums of doubles
 * depend on their order. A row is told by where it begins in memory; columns are bytes from there.
 */

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
