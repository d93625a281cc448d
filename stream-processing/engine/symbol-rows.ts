/** What the fold knows of each symbol besides its windows, in one row each: last ticks, volume baseline, owner, event time, coverage. */
import { enlarged, NONE, page, room } from './memory';
import {
  ASK,
  BID,
  DAY_VOLUME,
  PRICE,
  RECEIVED_TIME,
  SEQUENCE,
  SESSION,
  SIZE,
  SOURCE_TIME,
  setStep,
  TICK,
  TIME,
  TRADING_DAY,
  TRADING_DAY_END,
} from './tick';

/** The latest tick. */
const LATEST_PRICE: usize = 0;
const LATEST_SOURCE_TIME: usize = 40;
/** Columns that tell whether a tick repeats another: price, bid, ask, day volume, size, time of the source. */
const REPEATED_BYTES: usize = 48;
const LATEST_RECEIVED_TIME: usize = 48;
const LATEST_TIME: usize = 56;
const LATEST_SESSION: usize = 64;
const LATEST_SEQUENCE: usize = 72;
const LATEST_DAY: usize = 80;
const LATEST_DAY_END: usize = 88;
const LATEST_VERSION: usize = 96;
const BASE_VOLUME: usize = 104;
/** 0 while there is no baseline. */
const BASE_SESSION: usize = 112;
const BASE_FEED: usize = 120;
const BASE_DAY: usize = 128;
const BASE_TIME: usize = 136;
/** 0 while no tick was heard. */
export const HEARD_SESSION: usize = 144;
export const HEARD_SEQUENCE: usize = 152;
/** So far a snapshot takes the row as it is. */
const KEPT_BYTES: usize = 160;
export const WATERMARK: usize = 160;
/** Index of the feed that owns the symbol, or NONE; of the one whose heartbeats close its windows. Four bytes each, like the next ones. */
export const OWNER: usize = 168;
export const TIME_FEED: usize = 172;
/** Feeds of the latest tick and of the last one heard. */
export const LATEST_FEED: usize = 176;
export const HEARD_FEED: usize = 180;
/** The previous tick when it is not the latest: its row, IS_LATEST or NONE. */
const PREVIOUS: usize = 184;
/** One byte each: 1 while the symbol's gaps are told one by one; 1 while it stands in the list of symbols with a new latest tick. */
export const HAS_GAPS: usize = 188;
export const IS_CHANGED: usize = 189;
/** First observed, and the end of the gaps that are no longer told apart. */
export const SINCE: usize = 192;
export const LET_GO_TO: usize = 200;
/** No window closes before the watermark gets here; no window above the smallest interval ends before. */
export const NEXT_CLOSE: usize = 208;
export const NEXT_UPPER: usize = 216;
/** The horizon of the last time windows closed; NaN once all closed windows behind it are forgotten. */
export const FORGET: usize = 224;

/** The previous tick is the latest one, too. */
const IS_LATEST: i32 = -2;

const PAGE_BITS: i32 = 6;

/** Behind these columns stand the lists of open windows, one a level (see open-lists.ts). */
export const OPEN_LISTS: usize = 232;
export const OPEN_LIST_BYTES: usize = 8;

let rowBytes: i32 = 232;
/** Where the pages of rows begin, and how many there are. */
let pages: usize = room(64);
let pagesRoom: i32 = 16;
let pageCount: i32 = 0;
/** Previous ticks that are not the latest, and the first row of them that is free; a free one holds the next. */
let previousCapacity: i32 = 16;
let previous: usize = room(16 * <i32>REPEATED_BYTES);
let previousUsed: i32 = 0;
let previousFree: i32 = NONE;

/** How many levels there are; before anything else. */
export function configureRows(levels: i32): void {
  rowBytes = <i32>OPEN_LISTS + levels * <i32>OPEN_LIST_BYTES;
}

export function reserveRows(slots: i32): void {
  while (pageCount << PAGE_BITS < slots) {
    if (pageCount == pagesRoom) {
      pages = enlarged(pages, pagesRoom << 2, pagesRoom << 3);
      pagesRoom <<= 1;
    }
    store<u32>(pages + (<usize>pageCount << 2), <u32>page(rowBytes << PAGE_BITS));
    pageCount += 1;
  }
}

/** The row of a symbol. */
// @ts-ignore: decorator
@inline
export function rowOf(slot: i32): usize {
  return <usize>load<u32>(pages + (<usize>(slot >> PAGE_BITS) << 2)) + <usize>((slot & ((1 << PAGE_BITS) - 1)) * rowBytes);
}

export function beginRow(slot: i32): void {
  const row = rowOf(slot);
  store<i32>(row, NONE, OWNER);
  store<i32>(row, NONE, TIME_FEED);
  store<i32>(row, NONE, LATEST_FEED);
  store<i32>(row, NONE, HEARD_FEED);
  store<i32>(row, NONE, PREVIOUS);
  store<f64>(row, Infinity, NEXT_CLOSE);
  store<f64>(row, Infinity, NEXT_UPPER);
  store<f64>(row, NaN, FORGET);
}

/** True when the last tick that was heard is of this session. */
// @ts-ignore: decorator
@inline
export function isSameSession(row: usize, feed: i32): bool {
  return load<i32>(row, HEARD_FEED) == feed && load<f64>(row, HEARD_SESSION) == load<f64>(TICK, SESSION);
}

// @ts-ignore: decorator
@inline
export function hear(row: usize, feed: i32): void {
  store<i32>(row, feed, HEARD_FEED);
  store<f64>(row, load<f64>(TICK, SESSION), HEARD_SESSION);
  store<f64>(row, load<f64>(TICK, SEQUENCE), HEARD_SEQUENCE);
}

/** True when the tick says nothing that the one before did not: vendors send the last price again on a new session. */
export function repeats(row: usize): bool {
  const at = load<i32>(row, PREVIOUS);
  if (at == NONE) return false;
  const known = at == IS_LATEST ? row : previousRow(at);
  return (
    load<f64>(known) == load<f64>(TICK, PRICE) &&
    load<f64>(known, LATEST_SOURCE_TIME) == load<f64>(TICK, SOURCE_TIME) &&
    isSame(load<f64>(known, 8), load<f64>(TICK, BID)) &&
    isSame(load<f64>(known, 16), load<f64>(TICK, ASK)) &&
    isSame(load<f64>(known, 24), load<f64>(TICK, DAY_VOLUME)) &&
    isSame(load<f64>(known, 32), load<f64>(TICK, SIZE))
  );
}

/** Keeps the tick as the previous one that is not the latest. */
export function keepPrevious(row: usize): void {
  let at = load<i32>(row, PREVIOUS);
  if (at < 0) {
    at = newPrevious();
    store<i32>(row, at, PREVIOUS);
  }
  storeRepeated(previousRow(at));
}

/** Keeps a taken tick as the previous one, and as the latest when it comes last in the order of ticks; says whether it does. */
export function keep(row: usize, feed: i32, versionUs: f64): bool {
  if (load<i32>(row, LATEST_FEED) != NONE && isBeforeLatest(row)) {
    keepPrevious(row);
    return false;
  }
  storeRepeated(row);
  store<f64>(row, load<f64>(TICK, RECEIVED_TIME), LATEST_RECEIVED_TIME);
  store<f64>(row, load<f64>(TICK, TIME), LATEST_TIME);
  store<f64>(row, load<f64>(TICK, SESSION), LATEST_SESSION);
  store<f64>(row, load<f64>(TICK, SEQUENCE), LATEST_SEQUENCE);
  v128.store(row, v128.load(TICK, TRADING_DAY), LATEST_DAY);
  store<f64>(row, versionUs, LATEST_VERSION);
  store<i32>(row, feed, LATEST_FEED);
  const at = load<i32>(row, PREVIOUS);
  if (at >= 0) {
    store<i32>(previousRow(at), previousFree);
    previousFree = at;
  }
  store<i32>(row, IS_LATEST, PREVIOUS);
  return true;
}

/** The volume that the tick shows, as its step: the twin of fold/day-volume.ts. */
export function readVolume(row: usize, feed: i32): void {
  const size = load<f64>(TICK, SIZE);
  const dayVolume = load<f64>(TICK, DAY_VOLUME);
  const isExact = size == size;
  if (isExact || dayVolume != dayVolume) return setStep(size, isExact);
  if (load<f64>(row, BASE_SESSION) != load<f64>(TICK, SESSION) || load<f64>(row, BASE_FEED) != <f64>feed) {
    store<f64>(row, dayVolume, BASE_VOLUME);
    store<f64>(row, load<f64>(TICK, SESSION), BASE_SESSION);
    store<f64>(row, <f64>feed, BASE_FEED);
    store<f64>(row, load<f64>(TICK, TRADING_DAY), BASE_DAY);
    store<f64>(row, load<f64>(TICK, TIME), BASE_TIME);
    return setStep(NaN, false);
  }
  readIncrease(row, dayVolume);
}

/** The next cumulative volume is a baseline only. */
export function forgetVolume(slot: i32): void {
  store<f64>(rowOf(slot), 0, BASE_SESSION);
}

function readIncrease(row: usize, dayVolume: f64): void {
  const before = load<f64>(row, BASE_VOLUME);
  const day = load<f64>(row, BASE_DAY);
  const tradingDay = load<f64>(TICK, TRADING_DAY);
  const timeMs = load<f64>(TICK, TIME);
  setStep(0, false);
  if (tradingDay < day) return;
  if (dayVolume >= before) setStep(dayVolume - before, false);
  else if (tradingDay > day) setStep(dayVolume, false);
  else if (timeMs < load<f64>(row, BASE_TIME)) return;
  store<f64>(row, dayVolume, BASE_VOLUME);
  store<f64>(row, tradingDay, BASE_DAY);
  if (timeMs > load<f64>(row, BASE_TIME)) store<f64>(row, timeMs, BASE_TIME);
}

/** Writes a symbol's row at `out` as numbers of eight bytes, the feeds as their indexes; gives the end. */
export function writeRow(slot: i32, out: usize): usize {
  const row = rowOf(slot);
  const at = load<i32>(row, PREVIOUS);
  store<f64>(out, <f64>load<i32>(row, OWNER));
  store<f64>(out, <f64>load<i32>(row, TIME_FEED), 8);
  store<f64>(out, load<f64>(row, WATERMARK), 16);
  store<f64>(out, <f64>load<i32>(row, LATEST_FEED), 24);
  store<f64>(out, <f64>load<i32>(row, HEARD_FEED), 32);
  memory.copy(out + 40, row, KEPT_BYTES);
  const end = out + 40 + KEPT_BYTES;
  store<f64>(end, <f64>min(at, 0));
  if (at < 0) return end + 8;
  memory.copy(end + 8, previousRow(at), REPEATED_BYTES);
  return end + 8 + REPEATED_BYTES;
}

/** Reads what `writeRow` wrote into a row that was begun; gives the end. */
export function readRow(slot: i32, from: usize): usize {
  const row = rowOf(slot);
  store<i32>(row, <i32>load<f64>(from), OWNER);
  store<i32>(row, <i32>load<f64>(from, 8), TIME_FEED);
  store<f64>(row, load<f64>(from, 16), WATERMARK);
  store<i32>(row, <i32>load<f64>(from, 24), LATEST_FEED);
  store<i32>(row, <i32>load<f64>(from, 32), HEARD_FEED);
  memory.copy(row, from + 40, KEPT_BYTES);
  const at = from + 40 + KEPT_BYTES;
  const kind = <i32>load<f64>(at);
  store<i32>(row, kind, PREVIOUS);
  if (kind != 0) return at + 8;
  const index = newPrevious();
  store<i32>(row, index, PREVIOUS);
  memory.copy(previousRow(index), at + 8, REPEATED_BYTES);
  return at + 8 + REPEATED_BYTES;
}

/** Most bytes that `writeRow` writes. */
export const WRITTEN_ROW_BYTES: i32 = 40 + 160 + 8 + 48;

// @ts-ignore: decorator
@inline
function previousRow(at: i32): usize {
  return previous + <usize>at * REPEATED_BYTES;
}

function newPrevious(): i32 {
  if (previousFree != NONE) {
    const at = previousFree;
    previousFree = load<i32>(previousRow(at));
    return at;
  }
  if (previousUsed == previousCapacity) {
    previous = enlarged(previous, previousCapacity * <i32>REPEATED_BYTES, 2 * previousCapacity * <i32>REPEATED_BYTES);
    previousCapacity *= 2;
  }
  previousUsed += 1;
  return previousUsed - 1;
}

/** Price, bid, ask, day volume and size stand in the tick as they do here; the time of the source follows. */
// @ts-ignore: decorator
@inline
function storeRepeated(into: usize): void {
  v128.store(into, v128.load(TICK, PRICE));
  v128.store(into, v128.load(TICK, ASK), 16);
  v128.store(into, v128.load(TICK, SIZE), 32);
}

// @ts-ignore: decorator
@inline
function isBeforeLatest(row: usize): bool {
  const tickMs = load<f64>(TICK, TIME);
  const timeMs = load<f64>(row, LATEST_TIME);
  if (tickMs != timeMs) return tickMs < timeMs;
  const tickSession = load<f64>(TICK, SESSION);
  const session = load<f64>(row, LATEST_SESSION);
  if (tickSession != session) return tickSession < session;
  return load<f64>(TICK, SEQUENCE) < load<f64>(row, LATEST_SEQUENCE);
}

function isSame(a: f64, b: f64): bool {
  return a == b || (a != a && b != b);
}
