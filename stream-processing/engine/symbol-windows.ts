/**
 * The windows of all symbols on every level: what ticks go into, what event time closes, what stragglers and gaps correct. The twin of
 * src/fold/symbol-fold.ts, in rows of numbers. A list is the windows of one symbol on one level: `slot × levels + level`.
 */
import { giveBar } from './bars';
import {
  closeWindow,
  copyClosed,
  forgetClosed,
  insertClosed,
  mayHold,
  replaceClosed,
  reserveClosed,
  startsClosed,
  startsTable,
} from './closed-windows';
import { touchesGap } from './host';
import {
  intervalOf,
  isDay,
  levelCount,
  parentBitsOf,
  realStartMs,
  sourceBits,
  span,
  spanEndMs,
  spanOfTick,
  spanStartMs,
} from './levels';
import { f64At } from './memory';
import { newerOpen, newestOpen, oldestOpen, openList } from './open-lists';
import { copyOpen, editOpen, isWide, keepOpen, endOfOpen, findOpen, insertOpen, newOpen, removeOpen } from './open-windows';
import { FORGET, HAS_GAPS, LET_GO_TO, NEXT_CLOSE, NEXT_UPPER, rowOf, SINCE } from './symbol-rows';
import { TICK, TIME } from './tick';
import { nextVersion } from './version-clock';
import { addPart, addTick, beginWithPart, beginWithTick, CLOSED_BYTES, DAY, DAY_END, END, FLAGS, REVISION, START } from './window-row';

/** Bits of FLAGS, in the order of `barFlags`. */
let partialBit: i32 = 0;
let gapBit: i32 = 0;
let correctedBit: i32 = 0;
/** So long after its end a window closes. */
export let latenessMs: f64 = 0;
let horizonMs: f64 = 0;

/** Windows on their way: one that closes or is corrected, and one that it rolls up into. */
const closing: usize = memory.data(<i32>CLOSED_BYTES);
const whole: usize = memory.data(<i32>CLOSED_BYTES);

export function configureWindows(allowedLatenessMs: f64, correctionHorizonMs: f64, partial: i32, gap: i32, corrected: i32): void {
  latenessMs = allowedLatenessMs;
  horizonMs = correctionHorizonMs;
  partialBit = partial;
  gapBit = gap;
  correctedBit = corrected;
}

export function reserveWindows(slots: i32): void {
  reserveClosed(slots * levelCount);
}

/** True when the window of the smallest interval that the tick belongs to ended before the correction horizon. */
// @ts-ignore: decorator
@inline
export function isTooLate(watermarkMs: f64): bool {
  // No window of a time ends before it, save a trading day.
  if (load<f64>(TICK, TIME) >= watermarkMs - horizonMs && !isDay(0)) return false;
  spanOfTick(0);
  return watermarkMs >= spanEndMs + latenessMs && spanEndMs < watermarkMs - horizonMs;
}

/** Takes the tick into the windows that ticks touch, and into closed ones above them. */
// @ts-ignore: decorator
@inline
export function takeIntoWindows(slot: i32, watermarkMs: f64): void {
  for (let bits = sourceBits; bits != 0; bits &= bits - 1) place(slot, ctz(bits), watermarkMs);
}

/** Closes what is over, shorter windows first. */
export function closeWindows(slot: i32, watermarkMs: f64): void {
  const row = rowOf(slot);
  const overMs = watermarkMs - latenessMs;
  const earliestMs = closeLevel(slot, 0, watermarkMs);
  if (overMs >= load<f64>(row, NEXT_UPPER)) {
    store<f64>(row, Infinity, NEXT_UPPER);
    for (let level = 1; level < levelCount; level += 1) {
      const endMs = closeLevel(slot, level, watermarkMs);
      if (endMs < load<f64>(row, NEXT_UPPER)) store<f64>(row, endMs, NEXT_UPPER);
    }
  }
  store<f64>(row, min<f64>(earliestMs, load<f64>(row, NEXT_UPPER)) + latenessMs, NEXT_CLOSE);
  store<f64>(row, watermarkMs - horizonMs, FORGET);
}

/** Marks every window that the gap touches; those already given out are given out again. */
export function touchWindows(slot: i32, fromMs: f64, toMs: f64, watermarkMs: f64): void {
  forget(slot);
  for (let level = 0; level < levelCount; level += 1) {
    touchOpen(slot, level, fromMs, toMs);
    touchClosed(slot, level, fromMs, toMs, watermarkMs - horizonMs);
  }
}

/** Forgets the closed windows that can no longer change: at the latest before a closed window is looked for or put in. */
export function forget(slot: i32): void {
  const row = rowOf(slot);
  const forgetMs = load<f64>(row, FORGET);
  if (forgetMs != forgetMs) return;
  store<f64>(row, NaN, FORGET);
  for (let list = slot * levelCount; list < (slot + 1) * levelCount; list += 1) forgetClosed(list, forgetMs);
}

/** Flags that a new window of the symbol begins with. */
export function coverageFlags(slot: i32, startMs: f64, endMs: f64): i32 {
  const row = rowOf(slot);
  const partial = startMs < load<f64>(row, SINCE) ? partialBit : 0;
  if (load<f64>(row, LET_GO_TO) > startMs) return partial | gapBit;
  if (load<u8>(row, HAS_GAPS) == 0) return partial;
  return touchesGap(slot, startMs, endMs) ? partial | gapBit : partial;
}

/** Closes what is over on a level; gives the earliest end of what stays open. */
function closeLevel(slot: i32, level: i32, watermarkMs: f64): f64 {
  const ofDay = isDay(level);
  let earliestMs: f64 = Infinity;
  let isForgetful = false;
  for (let row = oldestOpen(openList(slot, level)); row; ) {
    const endMs = endOfOpen(level, row);
    const next = newerOpen(row);
    if (watermarkMs >= endMs + latenessMs) {
      if (closeRow(slot, level, row)) isForgetful = true;
    } else {
      earliestMs = min<f64>(earliestMs, endMs);
      if (!ofDay) break;
    }
    row = next;
  }
  if (isForgetful) forgetClosed(slot * levelCount + level, watermarkMs - horizonMs);
  return earliestMs;
}

function place(slot: i32, level: i32, watermarkMs: f64): void {
  const row = newestOpen(openList(slot, level));
  if (row && !isDay(level)) {
    const timeMs = load<f64>(TICK, TIME);
    if (timeMs >= load<f64>(row, START) && timeMs < load<f64>(row, END)) return addTick(row);
  }
  placeElsewhere(slot, level, watermarkMs);
}

/** Takes the tick into a window that is not the newest open one. */
function placeElsewhere(slot: i32, level: i32, watermarkMs: f64): void {
  const list = slot * levelCount + level;
  spanOfTick(level);
  const startMs = spanStartMs;
  const endMs = spanEndMs;
  const row = findOpen(openList(slot, level), level, startMs);
  if (row) return addTickTo(slot, level, row);
  const isOver = watermarkMs >= endMs + latenessMs;
  const isKnown = mayHold(list, startMs) && correct(slot, level, startMs);
  if (!isKnown && !isOver) return beginOpenWithTick(slot, level, startMs, endMs);
  if (!isKnown) beginClosed(slot, level, startMs, endMs);
  for (let bits = parentBitsOf(level); bits != 0; bits &= bits - 1) placeElsewhere(slot, ctz(bits), watermarkMs);
}

function addTickTo(slot: i32, level: i32, row: usize): void {
  addTick(editOpen(level, row));
  keepOpen(openList(slot, level), level, row);
}

/** A window that is over before it begins: given out at once, without indicators. */
function beginClosed(slot: i32, level: i32, startMs: f64, endMs: f64): void {
  forget(slot);
  store<f64>(closing, startMs, START);
  store<f64>(closing, endMs, END);
  store<f64>(closing, <f64>coverageFlags(slot, realStartMs(level, startMs, endMs), endMs), FLAGS);
  beginWithTick(closing);
  insertClosed(slot * levelCount + level, closing);
  give(slot, level, closing);
}

/** Takes the tick into a closed window, if there is one. */
function correct(slot: i32, level: i32, startMs: f64): bool {
  forget(slot);
  if (!copyClosed(slot * levelCount + level, startMs, closing)) return false;
  addTick(closing);
  giveAgain(slot, level, closing, correctedBit);
  return true;
}

/** Closes an open window; says whether it is time to forget closed ones. */
function closeRow(slot: i32, level: i32, row: usize): bool {
  copyOpen(level, row, closing);
  removeOpen(openList(slot, level), level, row);
  const isForgetful = closeWindow(slot * levelCount + level, closing);
  give(slot, level, closing);
  for (let bits = parentBitsOf(level); bits != 0; bits &= bits - 1) rollUp(slot, ctz(bits), closing);
  return isForgetful;
}

function rollUp(slot: i32, level: i32, part: usize): void {
  const closed = slot * levelCount + level;
  span(level, load<f64>(part, START), load<f64>(part, DAY), load<f64>(part, DAY_END));
  const startMs = spanStartMs;
  const endMs = spanEndMs;
  const list = openList(slot, level);
  const row = findOpen(list, level, startMs);
  if (row) {
    addPart(editOpen(level, row), part);
    return keepOpen(list, level, row);
  }
  if (mayHold(closed, startMs)) {
    forget(slot);
    if (copyClosed(closed, startMs, whole)) {
      addPart(whole, part);
      return giveAgain(slot, level, whole, correctedBit);
    }
  }
  const window = isWide(level) ? newOpen(list, level, startMs) : whole;
  beginOpen(slot, level, startMs, endMs, window);
  beginWithPart(window, part);
  if (!isWide(level)) insertOpen(list, level, whole);
}

function beginOpenWithTick(slot: i32, level: i32, startMs: f64, endMs: f64): void {
  const list = openList(slot, level);
  const window = isWide(level) ? newOpen(list, level, startMs) : whole;
  beginOpen(slot, level, startMs, endMs, window);
  beginWithTick(window);
  if (!isWide(level)) insertOpen(list, level, whole);
}

/** Begins an open window with its span and flags, and notes when it closes. */
function beginOpen(slot: i32, level: i32, startMs: f64, endMs: f64, window: usize): void {
  const flags = coverageFlags(slot, realStartMs(level, startMs, endMs), endMs);
  const row = rowOf(slot);
  store<f64>(window, startMs, START);
  store<f64>(window, endMs, END);
  store<f64>(window, <f64>flags, FLAGS);
  if (level > 0 && endMs < load<f64>(row, NEXT_UPPER)) store<f64>(row, endMs, NEXT_UPPER);
  const closesMs = endMs + latenessMs;
  if (closesMs < load<f64>(row, NEXT_CLOSE)) store<f64>(row, closesMs, NEXT_CLOSE);
}

function touchOpen(slot: i32, level: i32, fromMs: f64, toMs: f64): void {
  const list = openList(slot, level);
  for (let row = oldestOpen(list); row; ) {
    const next = newerOpen(row);
    const window = editOpen(level, row);
    if (isTouched(window, level, fromMs, toMs)) {
      store<f64>(window, <f64>(<i32>load<f64>(window, FLAGS) | gapBit), FLAGS);
      keepOpen(list, level, row);
    }
    row = next;
  }
}

function touchClosed(slot: i32, level: i32, fromMs: f64, toMs: f64, forgottenMs: f64): void {
  const list = slot * levelCount + level;
  const count = startsClosed(list);
  for (let index = 0; index < count; index += 1) {
    copyClosed(list, f64At(startsTable(), index), closing);
    const canChange = index == count - 1 || load<f64>(closing, END) >= forgottenMs;
    const isNew = (<i32>load<f64>(closing, FLAGS) & gapBit) == 0;
    if (canChange && isNew && isTouched(closing, level, fromMs, toMs)) giveAgain(slot, level, closing, gapBit);
  }
}

function isTouched(window: usize, level: i32, fromMs: f64, toMs: f64): bool {
  const endMs = load<f64>(window, END);
  return fromMs < endMs && toMs > realStartMs(level, load<f64>(window, START), endMs);
}

/** A closed window changed. */
function giveAgain(slot: i32, level: i32, window: usize, flag: i32): void {
  store<f64>(window, <f64>(<i32>load<f64>(window, FLAGS) | flag), FLAGS);
  store<f64>(window, load<f64>(window, REVISION) + 1, REVISION);
  replaceClosed(slot * levelCount + level, window);
  give(slot, level, window);
}

// @ts-ignore: decorator
@inline
function give(slot: i32, level: i32, window: usize): void {
  giveBar(slot, window, intervalOf(level), nextVersion());
}
