/**
 * Rows of open windows, in many lists, each in the order of START; rows given back are used again. A row and a list are told by where
 * they stand, which never changes; 0 is no row. The lists of a symbol stand in its row (symbol-rows.ts).
 */
import { page } from './memory';
import { OPEN_LIST_BYTES, OPEN_LISTS, rowOf } from './symbol-rows';
import { START, WINDOW_BYTES } from './window-row';

/** Of a list. */
const NEWEST: usize = 0;
const OLDEST: usize = 4;
/** Neighbours in the list, behind the window's numbers. */
const OLDER: usize = WINDOW_BYTES;
const NEWER: usize = WINDOW_BYTES + 4;
const ROW_BYTES: usize = WINDOW_BYTES + 8;
const PAGE_ROWS: usize = 128;

let free: usize = 0;
let nextRow: usize = 0;
let pageEnd: usize = 0;

/** The list of a symbol's open windows on a level. */
// @ts-ignore: decorator
@inline
export function openList(slot: i32, level: i32): usize {
  return rowOf(slot) + OPEN_LISTS + <usize>level * OPEN_LIST_BYTES;
}

// @ts-ignore: decorator
@inline
export function newestOpen(list: usize): usize {
  return load<u32>(list, NEWEST);
}

export function oldestOpen(list: usize): usize {
  return load<u32>(list, OLDEST);
}

export function newerOpen(row: usize): usize {
  return load<u32>(row, NEWER);
}

/** The row of a list that begins at `startMs`, or 0. */
export function findOpen(list: usize, startMs: f64): usize {
  let row: usize = load<u32>(list, NEWEST);
  while (row && load<f64>(row, START) > startMs) row = load<u32>(row, OLDER);
  return row && load<f64>(row, START) == startMs ? row : 0;
}

/** A new row in its place; all but its start is undefined. */
export function insertOpen(list: usize, startMs: f64): usize {
  const row = takeRow();
  let older: usize = load<u32>(list, NEWEST);
  let newer: usize = 0;
  while (older && load<f64>(older, START) > startMs) {
    newer = older;
    older = load<u32>(older, OLDER);
  }
  store<f64>(row, startMs, START);
  store<u32>(row, <u32>older, OLDER);
  store<u32>(row, <u32>newer, NEWER);
  if (older) store<u32>(older, <u32>row, NEWER);
  else store<u32>(list, <u32>row, OLDEST);
  if (newer) store<u32>(newer, <u32>row, OLDER);
  else store<u32>(list, <u32>row, NEWEST);
  return row;
}

/** Takes a row out of its list; its numbers stay until the next `insertOpen`. */
export function removeOpen(list: usize, row: usize): void {
  const older: usize = load<u32>(row, OLDER);
  const newer: usize = load<u32>(row, NEWER);
  if (older) store<u32>(older, <u32>newer, NEWER);
  else store<u32>(list, <u32>newer, OLDEST);
  if (newer) store<u32>(newer, <u32>older, OLDER);
  else store<u32>(list, <u32>older, NEWEST);
  store<u32>(row, <u32>free, OLDER);
  free = row;
}

/** Rows of a list. */
export function countOpen(list: usize): i32 {
  let count = 0;
  for (let row = oldestOpen(list); row; row = newerOpen(row)) count += 1;
  return count;
}

/** Writes a list as numbers of eight bytes: how many rows, then the rows, oldest first; gives the end. */
export function writeOpen(list: usize, out: usize): usize {
  let at = out + 8;
  store<f64>(out, <f64>countOpen(list));
  for (let row = oldestOpen(list); row; row = newerOpen(row)) {
    memory.copy(at, row, WINDOW_BYTES);
    at += WINDOW_BYTES;
  }
  return at;
}

/** Reads what `writeOpen` wrote into an empty list; gives the end. */
export function readOpen(list: usize, from: usize): usize {
  let at = from + 8;
  for (let count = <i32>load<f64>(from); count > 0; count -= 1) {
    memory.copy(insertOpen(list, load<f64>(at, START)), at, WINDOW_BYTES);
    at += WINDOW_BYTES;
  }
  return at;
}

function takeRow(): usize {
  const row = free;
  if (row) {
    free = load<u32>(row, OLDER);
    return row;
  }
  if (nextRow == pageEnd) {
    nextRow = page(<i32>(PAGE_ROWS * ROW_BYTES));
    pageEnd = nextRow + PAGE_ROWS * ROW_BYTES;
  }
  nextRow += ROW_BYTES;
  return nextRow - ROW_BYTES;
}
