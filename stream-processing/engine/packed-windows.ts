/**
 * Lists of windows as packed bytes, each with its length before it, in the order of `startMs`: what the fold keeps but seldom reads. A
 * list is told by its record (closed-lists.ts).
 */
import { append, beginGather, clear, drop, gatherTo, overwrite } from './byte-chains';
import { BYTES, LEVEL, NEWEST } from './closed-lists';
import { readerAt, readSigned, readWhole, setReader, writeSigned } from './packed-bytes';
import { startOf, unitsOf } from './window-codec';
import { packWindow } from './window-packing';
import { START } from './window-row';
import { unpackOrigin, unpackPrices, unpackWindow } from './window-unpacking';

/** A packed row, with room for its length before it. */
const PACKED: usize = memory.data(1_024, 16);
const PACKED_AT: usize = PACKED + 16;
/** The same for the first bytes of a row, whose start is told anew. */
const HEAD_AT: usize = memory.data(32, 16) + 16;
/** Lengths take two bytes at most. */
const LENGTH_BYTES: usize = 2;

/** Where the rows begin and end that are read. */
let first: usize = 0;
let end: usize = 0;
let rowAt: usize = 0;
let rowEnd: usize = 0;
/** The row's two first bytes, what stands behind its start, and its start in windows (see window-codec.ts). */
let flagsAt: usize = 0;
let bodyAt: usize = 0;
let rowUnits: f64 = 0;

/** Begins to read before the first row. */
export function beginRows(record: usize): void {
  first = beginGather(record);
  end = first + load<i32>(record, BYTES);
  rowAt = first;
  rowEnd = first;
  rowUnits = 0;
}

/** Goes on to the next row and reads its start; false when all rows are read. */
export function nextRow(): bool {
  if (rowEnd >= end) return false;
  rowAt = rowEnd;
  gatherTo(rowAt + LENGTH_BYTES);
  setReader(rowAt);
  const length = <usize>readWhole();
  flagsAt = readerAt();
  rowEnd = flagsAt + length;
  gatherTo(rowEnd);
  setReader(flagsAt + 2);
  rowUnits += readSigned();
  bodyAt = readerAt();
  return true;
}

/** The start of the row. */
// @ts-ignore: decorator
@inline
export function readRowStart(record: usize): f64 {
  return startOf(load<u8>(record, LEVEL), rowUnits);
}

/** Reads of the row only its start and prices. */
export function readRowPrices(record: usize, row: usize): void {
  store<f64>(row, readRowStart(record), START);
  setReader(bodyAt);
  unpackPrices(flagsAt, row);
}

/** The number of the row's origin; its prices are left in `row`. */
export function readRowOrigin(row: usize): i32 {
  setReader(bodyAt);
  return unpackOrigin(flagsAt, row);
}

/** Reads the row. */
export function readRow(record: usize, row: usize): void {
  store<f64>(row, readRowStart(record), START);
  setReader(bodyAt);
  unpackWindow(load<u8>(record, LEVEL), flagsAt, row);
}

/** Drops the rows before this one, which gets the whole start that the first row has: the dropped ones make room for it. */
export function dropRowsBefore(record: usize): void {
  if (rowAt == first) return;
  const head = writeHead(rowUnits);
  const bytes = <i32>(headEnd - head);
  drop(record, <i32>(bodyAt - first) - bytes);
  overwrite(record, head, bytes);
}

/** Puts a row in its place; one that begins with it is replaced. */
export function putRow(record: usize, row: usize): void {
  const startMs = load<f64>(row, START);
  if (startMs <= load<f64>(record, NEWEST)) return putBetween(record, row, startMs);
  const unitsBefore = load<i32>(record, BYTES) == 0 ? 0 : unitsOf(load<u8>(record, LEVEL), load<f64>(record, NEWEST));
  store<f64>(record, startMs, NEWEST);
  packAndAppend(record, row, unitsBefore);
}

/** Copies a list's packed rows to `to`. */
export function copyRows(record: usize, to: usize): void {
  beginRows(record);
  gatherTo(end);
  memory.copy(to, first, end - first);
}

/** Puts packed rows into an empty list. */
export function restoreRows(record: usize, bytes: usize, length: i32, newestStartMs: f64): void {
  store<f64>(record, newestStartMs, NEWEST);
  append(record, bytes, length);
}

// @ts-ignore: decorator
@inline
function packAndAppend(record: usize, row: usize, unitsBefore: f64): void {
  const packedEnd = packWindow(load<u8>(record, LEVEL), row, unitsBefore, PACKED_AT);
  const begin = writeLength(PACKED_AT, packedEnd - PACKED_AT);
  append(record, begin, <i32>(packedEnd - begin));
}

/** Writes a length before `at`; gives where it begins. */
// @ts-ignore: decorator
@inline
function writeLength(at: usize, length: usize): usize {
  if (length < 128) {
    store<u8>(at - 1, <u8>length);
    return at - 1;
  }
  store<u16>(at - 2, <u16>((length & 127) | 128 | ((length >> 7) << 8)));
  return at - 2;
}

let headEnd: usize = 0;

/** Writes the length, the first bytes and the start of the row that was read, told by so many units; gives where that begins. */
function writeHead(units: f64): usize {
  store<u16>(HEAD_AT, load<u16>(flagsAt));
  headEnd = writeSigned(HEAD_AT + 2, units);
  return writeLength(HEAD_AT, headEnd - HEAD_AT + (rowEnd - bodyAt));
}

/** Writes a list anew with a row in its place. */
function putBetween(record: usize, row: usize, startMs: f64): void {
  beginRows(record);
  let unitsBefore = rowUnits;
  let headRows = end;
  let hasTail = false;
  while (!hasTail && nextRow()) {
    const rowStartMs = readRowStart(record);
    if (rowStartMs < startMs) {
      unitsBefore = rowUnits;
      continue;
    }
    headRows = rowAt;
    if (rowStartMs == startMs && !nextRow()) break;
    hasTail = true;
  }
  gatherTo(end);
  clear(record);
  append(record, first, <i32>(headRows - first));
  packAndAppend(record, row, unitsBefore);
  if (!hasTail) return;
  const head = writeHead(rowUnits - unitsOf(load<u8>(record, LEVEL), startMs));
  append(record, head, <i32>(headEnd - head));
  append(record, bodyAt, <i32>(end - bodyAt));
}
