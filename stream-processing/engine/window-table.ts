/** Rows of open windows in one growing table: many lists, each in the order of START; rows given back are used again. */
import { enlarged, enlargedNone, i32At, moreThan, NONE, room, setI32 } from './memory';
import { START, WINDOW_BYTES } from './window-row';

/** Neighbours in the list, behind the window's numbers. */
const OLDER: usize = WINDOW_BYTES;
const NEWER: usize = WINDOW_BYTES + 4;
const ROW_BYTES: i32 = <i32>WINDOW_BYTES + 8;

let lists: i32 = 0;
let oldest: usize = room(0);
let newest: usize = room(0);
let capacity: i32 = 64;
let rows: usize = room(64 * ROW_BYTES);
let free: i32 = NONE;
let used: i32 = 0;

/** Makes room for lists with numbers below `count`. */
export function reserveOpen(count: i32): void {
  if (count <= lists) return;
  const length = max(count, moreThan(lists));
  oldest = enlargedNone(oldest, lists * 4, length * 4);
  newest = enlargedNone(newest, lists * 4, length * 4);
  lists = length;
}

/** Where a row stands, until the next `insertOpen`. */
// @ts-ignore: decorator
@inline
export function openRow(row: i32): usize {
  return rows + <usize>row * ROW_BYTES;
}

// @ts-ignore: decorator
@inline
export function newestOpen(list: i32): i32 {
  return i32At(newest, list);
}

export function oldestOpen(list: i32): i32 {
  return i32At(oldest, list);
}

export function newerOpen(row: i32): i32 {
  return load<i32>(openRow(row), NEWER);
}

/** The row of a list that begins at `startMs`, or NONE. */
export function findOpen(list: i32, startMs: f64): i32 {
  let row = i32At(newest, list);
  while (row != NONE && load<f64>(openRow(row), START) > startMs) row = load<i32>(openRow(row), OLDER);
  return row != NONE && load<f64>(openRow(row), START) == startMs ? row : NONE;
}

/** A new row in its place; all but its start is undefined. */
export function insertOpen(list: i32, startMs: f64): i32 {
  const row = takeRow();
  const at = openRow(row);
  let older = i32At(newest, list);
  let newer = NONE;
  while (older != NONE && load<f64>(openRow(older), START) > startMs) {
    newer = older;
    older = load<i32>(openRow(older), OLDER);
  }
  store<f64>(at, startMs, START);
  store<i32>(at, older, OLDER);
  store<i32>(at, newer, NEWER);
  if (older == NONE) setI32(oldest, list, row);
  else store<i32>(openRow(older), row, NEWER);
  if (newer == NONE) setI32(newest, list, row);
  else store<i32>(openRow(newer), row, OLDER);
  return row;
}

/** Takes a row out of its list; its numbers stay until the next `insertOpen`. */
export function removeOpen(list: i32, row: i32): void {
  const at = openRow(row);
  const older = load<i32>(at, OLDER);
  const newer = load<i32>(at, NEWER);
  if (older == NONE) setI32(oldest, list, newer);
  else store<i32>(openRow(older), newer, NEWER);
  if (newer == NONE) setI32(newest, list, older);
  else store<i32>(openRow(newer), older, OLDER);
  store<i32>(at, free, OLDER);
  free = row;
}

/** Rows of a list. */
export function countOpen(list: i32): i32 {
  let count = 0;
  for (let row = i32At(oldest, list); row != NONE; row = newerOpen(row)) count += 1;
  return count;
}

/** Writes a list as numbers of eight bytes: how many rows, then the rows, oldest first; gives the end. */
export function writeOpen(list: i32, out: usize): usize {
  let at = out + 8;
  store<f64>(out, <f64>countOpen(list));
  for (let row = i32At(oldest, list); row != NONE; row = newerOpen(row)) {
    memory.copy(at, openRow(row), WINDOW_BYTES);
    at += WINDOW_BYTES;
  }
  return at;
}

/** Reads what `writeOpen` wrote into an empty list; gives the end. */
export function readOpen(list: i32, from: usize): usize {
  let at = from + 8;
  for (let count = <i32>load<f64>(from); count > 0; count -= 1) {
    const row = openRow(insertOpen(list, load<f64>(at, START)));
    memory.copy(row, at, WINDOW_BYTES);
    at += WINDOW_BYTES;
  }
  return at;
}

function takeRow(): i32 {
  if (free != NONE) {
    const row = free;
    free = load<i32>(openRow(row), OLDER);
    return row;
  }
  if (used == capacity) {
    const length = moreThan(capacity);
    rows = enlarged(rows, capacity * ROW_BYTES, length * ROW_BYTES);
    capacity = length;
  }
  used += 1;
  return used - 1;
}
