/**
 * Lists of open windows, each in the order of their starts. A window is told by where its row stands, 0 is none; its neighbours stand
 * before it. The lists of a symbol stand in its row (symbol-rows.ts).
 */
import { OPEN_LIST_BYTES, OPEN_LISTS, rowOf } from './symbol-rows';

/** Of a list. */
const NEWEST: usize = 0;
const OLDEST: usize = 4;
/** What stands before a row: its neighbours in the list. */
export const LINK_BYTES: usize = 8;
const OLDER: usize = 0;
const NEWER: usize = 4;

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

// @ts-ignore: decorator
@inline
export function oldestOpen(list: usize): usize {
  return load<u32>(list, OLDEST);
}

// @ts-ignore: decorator
@inline
export function newerOpen(row: usize): usize {
  return load<u32>(row - LINK_BYTES, NEWER);
}

// @ts-ignore: decorator
@inline
export function olderOpen(row: usize): usize {
  return load<u32>(row - LINK_BYTES, OLDER);
}

/** Windows of a list. */
export function countOpen(list: usize): i32 {
  let count = 0;
  for (let row = oldestOpen(list); row; row = newerOpen(row)) count += 1;
  return count;
}

/** Puts a row between two neighbours of a list, of which either may be 0. */
// @ts-ignore: decorator
@inline
export function link(list: usize, row: usize, older: usize, newer: usize): void {
  store<u32>(row - LINK_BYTES, <u32>older, OLDER);
  store<u32>(row - LINK_BYTES, <u32>newer, NEWER);
  if (older) store<u32>(older - LINK_BYTES, <u32>row, NEWER);
  else store<u32>(list, <u32>row, OLDEST);
  if (newer) store<u32>(newer - LINK_BYTES, <u32>row, OLDER);
  else store<u32>(list, <u32>row, NEWEST);
}

/** Takes a row out of its list. */
// @ts-ignore: decorator
@inline
export function unlink(list: usize, row: usize): void {
  const older = olderOpen(row);
  const newer = newerOpen(row);
  if (older) store<u32>(older - LINK_BYTES, <u32>newer, NEWER);
  else store<u32>(list, <u32>newer, OLDEST);
  if (newer) store<u32>(newer - LINK_BYTES, <u32>older, OLDER);
  else store<u32>(list, <u32>older, NEWEST);
}
