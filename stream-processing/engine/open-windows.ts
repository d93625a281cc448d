/**
 * Open windows, in lists (open-lists.ts). Those that ticks touch stand wide, in rows of doubles that are changed in place. The others
 * change only when a part of them closes: they stand packed, as closed windows do, a quarter as large, and are read, changed and packed
 * again.
 */
import { isSource } from './levels';
import { NONE } from './memory';
import { countOpen, link, LINK_BYTES, newerOpen, newestOpen, olderOpen, oldestOpen, unlink } from './open-lists';
import { readRaw, readSigned, setReader, writeRaw } from './packed-bytes';
import { giveRow, takeRow } from './row-pools';
import { isDayLevel, lengthMsOf, startOf } from './window-codec';
import { packNumbers } from './window-packing';
import { AS_CLOSED, CLOSE_SESSION, CLOSED_BYTES, END, OPEN_SESSION, START, WINDOW_BYTES } from './window-row';
import { unpackNumbers, unpackOrigin } from './window-unpacking';

const WIDE_BYTES: i32 = <i32>(LINK_BYTES + WINDOW_BYTES);
/**
 * A packed row begins with its size in eights of bytes, neighbours and all; the packed window follows. When it goes on in another
 * session than it began, that one stands behind, so that not every pair of sessions of a day becomes an origin (origin-table.ts).
 */
const BODY: usize = 1;
const SIZE_BITS: usize = 0x7f;
const OTHER_SESSION: i32 = 0x80;
/** The start follows two bytes of the packed window. */
const PACKED_START: usize = BODY + 2;
const PACKED: usize = memory.data(256, 16);
/** A window that was read out. */
const WINDOW: usize = memory.data(<i32>CLOSED_BYTES, 16);

let wideBits: i32 = 0;

/** How many levels there are; before anything else. */
export function configureOpen(levels: i32): void {
  for (let level = 0; level < levels; level += 1) if (isSource(level)) wideBits |= 1 << level;
}

/** True for a level whose windows stand in rows of doubles. */
// @ts-ignore: decorator
@inline
export function isWide(level: i32): bool {
  return (wideBits & (1 << level)) != 0;
}

// @ts-ignore: decorator
@inline
export function startOfOpen(level: i32, row: usize): f64 {
  if (isWide(level)) return load<f64>(row, START);
  setReader(row + PACKED_START);
  return startOf(level, readSigned());
}

export function endOfOpen(level: i32, row: usize): f64 {
  if (isWide(level)) return load<f64>(row, END);
  if (!isDayLevel(level)) return startOfOpen(level, row) + lengthMsOf(level);
  copyOpen(level, row, WINDOW);
  return load<f64>(WINDOW, END);
}

/** The window of a list that begins at `startMs`, or 0. */
export function findOpen(list: usize, level: i32, startMs: f64): usize {
  let row = newestOpen(list);
  while (row && startOfOpen(level, row) > startMs) row = olderOpen(row);
  return row && startOfOpen(level, row) == startMs ? row : 0;
}

/** Copies a window to where there is room for a closed one. */
export function copyOpen(level: i32, row: usize, window: usize): void {
  if (isWide(level)) return memory.copy(window, row, WINDOW_BYTES);
  store<f64>(window, startOfOpen(level, row), START);
  unpackNumbers(level, row + BODY, window);
  if (<i32>load<u8>(row) & OTHER_SESSION) store<f64>(window, readRaw(), CLOSE_SESSION);
}

/** The number of the origin that a packed window is told from; NONE for a wide one, which tells all itself. */
export function originOfOpen(level: i32, row: usize): i32 {
  if (isWide(level)) return NONE;
  setReader(row + PACKED_START);
  readSigned();
  return unpackOrigin(row + BODY, WINDOW);
}

/** Where the numbers of a window can be read until the next one's are asked for. */
export function openWindowAt(level: i32, row: usize): usize {
  copyOpen(level, row, WINDOW);
  return WINDOW;
}

/** Where the numbers of a window can be read and changed, until `keepOpen` keeps them. */
// @ts-ignore: decorator
@inline
export function editOpen(level: i32, row: usize): usize {
  if (isWide(level)) return row;
  copyOpen(level, row, WINDOW);
  return WINDOW;
}

/** Keeps a window that `editOpen` gave out and that was changed. */
// @ts-ignore: decorator
@inline
export function keepOpen(list: usize, level: i32, row: usize): void {
  if (!isWide(level)) packAgain(list, level, row);
}

/** A new window of a level whose windows stand wide, in its place; all but its start is undefined. */
export function newOpen(list: usize, level: i32, startMs: f64): usize {
  const row = takeRow(WIDE_BYTES) + LINK_BYTES;
  store<f64>(row, startMs, START);
  put(list, level, row, startMs);
  return row;
}

/** Puts a copy of a window in its place; what stands behind its numbers as for a closed one is lost. */
export function insertOpen(list: usize, level: i32, window: usize): void {
  const startMs = load<f64>(window, START);
  if (isWide(level)) memory.copy(newOpen(list, level, startMs), window, WINDOW_BYTES);
  else put(list, level, copyPacked(takeRow(pack(level, window)) + LINK_BYTES), startMs);
}

/** Takes a window out of its list. */
export function removeOpen(list: usize, level: i32, row: usize): void {
  const bytes = sizeOf(level, row);
  unlink(list, row);
  giveRow(row - LINK_BYTES, bytes);
}

/** Writes a list as numbers of eight bytes: how many windows, then their rows, oldest first; gives the end. */
export function writeOpen(list: usize, level: i32, out: usize): usize {
  let at = out + 8;
  store<f64>(out, <f64>countOpen(list));
  for (let row = oldestOpen(list); row; row = newerOpen(row)) {
    copyOpen(level, row, WINDOW);
    memory.copy(at, WINDOW, WINDOW_BYTES);
    at += WINDOW_BYTES;
  }
  return at;
}

/** Reads what `writeOpen` wrote into an empty list; gives the end. */
export function readOpen(list: usize, level: i32, from: usize): usize {
  let at = from + 8;
  for (let count = <i32>load<f64>(from); count > 0; count -= 1) {
    memory.copy(WINDOW, at, WINDOW_BYTES);
    insertOpen(list, level, WINDOW);
    at += WINDOW_BYTES;
  }
  return at;
}

function put(list: usize, level: i32, row: usize, startMs: f64): void {
  let older = newestOpen(list);
  let newer: usize = 0;
  while (older && startOfOpen(level, older) > startMs) {
    newer = older;
    older = olderOpen(older);
  }
  link(list, row, older, newer);
}

/** Packs the window that was read out in place of its row. */
function packAgain(list: usize, level: i32, row: usize): void {
  const bytes = pack(level, WINDOW);
  const bytesBefore = sizeOf(level, row);
  if (bytes == bytesBefore) {
    copyPacked(row);
    return;
  }
  const older = olderOpen(row);
  const newer = newerOpen(row);
  giveRow(row - LINK_BYTES, bytesBefore);
  link(list, copyPacked(takeRow(bytes) + LINK_BYTES), older, newer);
}

/** Packs a window; gives how many bytes its row takes. */
function pack(level: i32, window: usize): i32 {
  const session = load<f64>(window, OPEN_SESSION);
  const closeSession = load<f64>(window, CLOSE_SESSION);
  store<f64>(window, NaN, AS_CLOSED);
  store<f64>(window, session, CLOSE_SESSION);
  let end = packNumbers(level, window, 0, PACKED + BODY);
  store<f64>(window, closeSession, CLOSE_SESSION);
  if (closeSession != session) end = writeRaw(end, closeSession);
  const bytes = <i32>(LINK_BYTES + (end - PACKED) + 7) & ~7;
  store<u8>(PACKED, <u8>((bytes >> 3) | (closeSession == session ? 0 : OTHER_SESSION)));
  return bytes;
}

/** Copies what `pack` packed into a row; gives the row. */
// @ts-ignore: decorator
@inline
function copyPacked(row: usize): usize {
  const bytes = ((<usize>load<u8>(PACKED) & SIZE_BITS) << 3) - LINK_BYTES;
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(row + at, load<u64>(PACKED + at));
  return row;
}

// @ts-ignore: decorator
@inline
function sizeOf(level: i32, row: usize): i32 {
  return isWide(level) ? WIDE_BYTES : (<i32>load<u8>(row) & <i32>SIZE_BITS) << 3;
}
