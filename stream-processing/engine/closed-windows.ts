/**
 * Closed windows that can still be corrected, and always the last one of each list, with the indicators of their close. A list is the windows of one symbol on one level: `slot × levels + level`.
 *
 * The indicators are not kept but worked out again when a correction asks for them: from the state before the oldest window that is
 * kept (behind) and the prices of the windows as they closed. Lists that close often keep the state behind the newest one, too
 * (current). A trading day may end in another order than it begins, so days keep their indicators as they are.
 */
import { drop } from './byte-chains';
import { BEHIND, BYTES, CURRENT, LEVEL, listAt, NEWEST, reserveLists } from './closed-lists';
import { loadState, storeNext, storeState } from './indicator-rows';
import {
  averagesOfState,
  AVERAGES_BYTES,
  beginState,
  CLOSES_KEPT,
  closesOfState,
  countOfState,
  readIndicators,
  STATE_BYTES,
  stepIndicators,
} from './indicator-state';
import { enlarged, leave, room } from './memory';
import { beginRows, copyRows, dropRowsBefore, nextRow, putRow, readRow, readRowPrices, readRowStart, restoreRows } from './packed-windows';
import { isDayLevel, lengthMsOf, setCodecLevel } from './window-codec';
import { AS_CLOSED, CLOSE, CLOSED_BYTES, END, HIGH, INDICATORS, LOW, START } from './window-row';

export { epochMs, setEpochMs } from './window-codec';

/** Windows that end within so long are forgotten together. */
const FORGET_TOGETHER_MS: f64 = 2_000;
/** Shorter intervals keep their current state. */
const LONG_MS: f64 = 15_000;
/** Snapshots have it of all that are shorter than this. */
const WRITTEN_MS: f64 = 60_000;

const ROW: usize = memory.data(296, 16);

let levelCount: i32 = 1;
/** Starts of windows, as {@link startsClosed} gave them last. */
let starts: usize = room(512);
let startsRoom: i32 = 64;

/** How many levels there are; before anything else. */
export function configureClosed(levels: i32): void {
  levelCount = levels;
}

/** What the windows of a level are. */
export function setLevel(level: i32, lengthMs: f64, isDay: bool): void {
  setCodecLevel(level, lengthMs, isDay);
}

/** Makes room for lists with numbers below `lists`. */
export function reserveClosed(lists: i32): void {
  reserveLists(lists, levelCount);
}

/** False when the list surely has no window that begins at `startMs`: none of its windows begins so late. */
// @ts-ignore: decorator
@inline
export function mayHold(list: i32, startMs: f64): bool {
  return load<f64>(listAt(list), NEWEST) >= startMs;
}

/**
 * Puts a window that closes in its place, and the indicators known at its close into it. Says whether it is time to forget windows:
 * short ones are forgotten a few at once, because that costs less.
 */
export function closeWindow(list: i32, window: usize): bool {
  const record = listAt(list);
  const level = <i32>load<u8>(record, LEVEL);
  const beforeMs = load<f64>(record, NEWEST);
  const isKept = keepsCurrent(level);
  if (isKept) loadState(load<u32>(record, CURRENT));
  else replay(record);
  store<f64>(window, load<f64>(window, HIGH), AS_CLOSED);
  store<f64>(window, load<f64>(window, LOW), AS_CLOSED + 8);
  store<f64>(window, load<f64>(window, CLOSE), AS_CLOSED + 16);
  stepBy(window);
  if (isKept) store<u32>(record, <u32>storeNext(load<u32>(record, CURRENT), 1), CURRENT);
  readIndicators(window + INDICATORS);
  putRow(record, window);
  const spanMs = max(FORGET_TOGETHER_MS, lengthMsOf(level));
  return floor(beforeMs / spanMs) != floor(load<f64>(window, START) / spanMs);
}

/** Puts a window that was over before it began in its place: it has no indicators. */
export function insertClosed(list: i32, window: usize): void {
  clearIndicators(window);
  putRow(listAt(list), window);
}

/** Takes the place of the window that begins with it. */
export function replaceClosed(list: i32, window: usize): void {
  putRow(listAt(list), window);
}

/** Copies the window that begins at `startMs` into `window`, with the indicators of its close; false when there is none. */
export function copyClosed(list: i32, startMs: f64, window: usize): bool {
  const record = listAt(list);
  const isDay = isDayLevel(load<u8>(record, LEVEL));
  if (!isDay) loadState(load<u32>(record, BEHIND));
  beginRows(record);
  while (nextRow()) {
    const rowStartMs = readRowStart(record);
    if (rowStartMs > startMs) return false;
    if (rowStartMs == startMs) {
      readRow(record, window);
      if (!isDay) recall(window);
      return true;
    }
    if (isDay) continue;
    readRowPrices(record, ROW);
    stepBy(ROW);
  }
  return false;
}

/** Works out the begins of a list's windows, oldest first: gives how many there are. They stand at {@link startsTable}. */
export function startsClosed(list: i32): i32 {
  const record = listAt(list);
  let count = 0;
  beginRows(record);
  while (nextRow()) {
    if (count == startsRoom) {
      startsRoom *= 2;
      starts = enlarged(starts, startsRoom << 2, startsRoom << 3);
    }
    store<f64>(starts + (<usize>count << 3), readRowStart(record));
    count += 1;
  }
  return count;
}

/** Where the doubles stand that {@link startsClosed} worked out. */
export function startsTable(): usize {
  return starts;
}

/** Forgets windows that ended before `horizonMs`, but not the last one. */
export function forgetClosed(list: i32, horizonMs: f64): void {
  const record = listAt(list);
  const level = <i32>load<u8>(record, LEVEL);
  if (isDayLevel(level)) return forgetDays(record, horizonMs);
  const lengthMs = lengthMsOf(level);
  const newestMs = load<f64>(record, NEWEST);
  let steps = 0;
  beginRows(record);
  while (nextRow()) {
    readRowPrices(record, ROW);
    const startMs = load<f64>(ROW, START);
    if (!(startMs + lengthMs < horizonMs) || startMs == newestMs) break;
    if (steps == 0) loadState(load<u32>(record, BEHIND));
    if (stepBy(ROW)) steps += 1;
  }
  dropRowsBefore(record);
  if (steps == 0) return;
  const behind: usize = load<u32>(record, BEHIND);
  store<u32>(record, <u32>storeNext(behind, steps), BEHIND);
}

/** The most bytes that {@link writeClosed} writes of a list. */
export function roomOfClosed(list: i32): i32 {
  return 16 + paddedBytes(listAt(list)) + 2 * (8 + <i32>STATE_BYTES);
}

/** Writes a list; gives where that ends. */
export function writeClosed(list: i32, out: usize): usize {
  const record = listAt(list);
  const padded = paddedBytes(record);
  store<f64>(out, load<f64>(record, NEWEST));
  store<f64>(out, <f64>load<i32>(record, BYTES), 8);
  if (padded > 0) {
    store<u64>(out + 8 + padded, 0);
    copyRows(record, out + 16);
  }
  return writeState(load<u32>(record, BEHIND), writeCurrent(record, out + 16 + padded));
}

/** Reads what {@link writeClosed} wrote into an empty list; gives where that ends. */
export function readClosed(list: i32, from: usize): usize {
  const record = listAt(list);
  const length = <i32>load<f64>(from, 8);
  if (length > 0) restoreRows(record, from + 16, length, load<f64>(from));
  const states = from + 16 + ((length + 7) & ~7);
  if (keepsCurrent(load<u8>(record, LEVEL))) return readState(record + BEHIND, readState(record + CURRENT, states));
  return readState(record + BEHIND, load<f64>(states) == 0 ? states + 8 : states + 8 + STATE_BYTES);
}

/** Whether lists of a level keep the state behind their newest window, which others work out. */
// @ts-ignore: decorator
@inline
function keepsCurrent(level: i32): bool {
  return lengthMsOf(level) < LONG_MS || isDayLevel(level);
}

/** Days end in any order. */
function forgetDays(record: usize, horizonMs: f64): void {
  const newestMs = load<f64>(record, NEWEST);
  let count = 0;
  let keptCount = 0;
  beginRows(record);
  while (nextRow()) {
    readRowStart(record);
    count += 1;
  }
  const kept = room(max(count, 1) * <i32>CLOSED_BYTES);
  beginRows(record);
  while (nextRow()) {
    const row = kept + <usize>keptCount * CLOSED_BYTES;
    readRow(record, row);
    if (load<f64>(row, START) == newestMs || !(load<f64>(row, END) < horizonMs)) keptCount += 1;
  }
  if (keptCount < count) {
    drop(record, load<i32>(record, BYTES));
    for (let index = 0; index < keptCount; index += 1) putRow(record, kept + <usize>index * CLOSED_BYTES);
  }
  leave(kept, max(count, 1) * <i32>CLOSED_BYTES);
}

/** The state of a list behind its newest window. */
function replay(record: usize): void {
  loadState(load<u32>(record, BEHIND));
  beginRows(record);
  while (nextRow()) {
    readRowPrices(record, ROW);
    stepBy(ROW);
  }
}

/** The indicators of a window as it closed, into it; the state at work is that of the windows before it. */
function recall(window: usize): void {
  if (stepBy(window)) readIndicators(window + INDICATORS);
  else clearIndicators(window);
}

function clearIndicators(window: usize): void {
  for (let at = INDICATORS; at < CLOSED_BYTES; at += 8) store<f64>(window + at, NaN);
}

/** One step with the prices with which a window closed; false when it never did, because it was over before it began. */
// @ts-ignore: decorator
@inline
function stepBy(window: usize): bool {
  const high = load<f64>(window, AS_CLOSED);
  if (high != high) return false;
  stepIndicators(high, load<f64>(window, AS_CLOSED + 8), load<f64>(window, AS_CLOSED + 16));
  return true;
}

/** How many bytes a list has in whole numbers of eight. */
function paddedBytes(record: usize): i32 {
  return (load<i32>(record, BYTES) + 7) & ~7;
}

function writeState(row: usize, out: usize): usize {
  loadState(row);
  return writeLoaded(out);
}

/** Writes the state behind the newest window. */
function writeCurrent(record: usize, out: usize): usize {
  const level = <i32>load<u8>(record, LEVEL);
  if (keepsCurrent(level) || lengthMsOf(level) >= WRITTEN_MS) return writeState(load<u32>(record, CURRENT), out);
  replay(record);
  return writeLoaded(out);
}

/** Writes the state at work; one without bars is none. */
function writeLoaded(out: usize): usize {
  store<f64>(out, countOfState() ? 1 : 0);
  if (!countOfState()) return out + 8;
  const to = out + 8;
  memory.copy(to, closesOfState(), CLOSES_KEPT * 8);
  store<f64>(to, <f64>countOfState(), CLOSES_KEPT * 8);
  memory.copy(to + CLOSES_KEPT * 8 + 8, averagesOfState(), AVERAGES_BYTES);
  return to + STATE_BYTES;
}

/** Reads a state for the row whose place stands at `field`. */
function readState(field: usize, from: usize): usize {
  if (load<f64>(from) == 0) return from + 8;
  const state = from + 8;
  memory.copy(beginState(<i32>load<f64>(state, CLOSES_KEPT * 8)), state, CLOSES_KEPT * 8);
  memory.copy(averagesOfState(), state + CLOSES_KEPT * 8 + 8, AVERAGES_BYTES);
  store<u32>(field, <u32>storeState(load<u32>(field)));
  return state + STATE_BYTES;
}
