/**
 * Lists of windows as packed bytes, each with its length before it, in the order of `startMs`: what the fold keeps but seldom reads. The
 * twin of src/hot/packed-windows.ts; a list is told by its record (closed-lists.ts).
 */
import { append, beginGather, clear, gatherTo } from './byte-chains';
import { BYTES, LEVEL, NEWEST } from './closed-lists';
import { readerAt, readWhole, setReader } from './packed-bytes';
import { packWindow } from './window-packing';
import { START } from './window-row';
import { unpackPrices, unpackStart, unpackWindow } from './window-unpacking';

/** A packed row, with room for its length before it. */
const PACKED: usize = memory.data(1_024, 16);
const PACKED_AT: usize = PACKED + 16;
/** Lengths take two bytes at most. */
const LENGTH_BYTES: usize = 2;

/** Where the rows begin and end that are read. */
let first: usize = 0;
let end: usize = 0;
let rowAt: usize = 0;
let rowEnd: usize = 0;

/** Stands the reader before the first row. */
export function beginRows(record: usize): void {
  first = beginGather(record);
  end = first + load<i32>(record, BYTES);
  setReader(first);
}

/** Stands the reader behind the next row's length; false when all rows are read. */
export function nextRow(): bool {
  rowAt = readerAt();
  if (rowAt >= end) return false;
  gatherTo(rowAt + LENGTH_BYTES);
  const length = <usize>readWhole();
  rowEnd = readerAt() + length;
  gatherTo(rowEnd);
  return true;
}

/** Reads of the row at which the reader stands only its start, and goes on behind it. */
export function readRowStart(record: usize): f64 {
  const startMs = unpackStart(load<u8>(record, LEVEL));
  setReader(rowEnd);
  return startMs;
}

/** Reads of the row at which the reader stands only its start and prices, and goes on behind it. */
export function readRowPrices(record: usize, row: usize): void {
  unpackPrices(load<u8>(record, LEVEL), row);
  setReader(rowEnd);
}

/** Reads the row at which the reader stood last. */
export function readRow(record: usize, row: usize): void {
  setReader(rowAt);
  readWhole();
  unpackWindow(load<u8>(record, LEVEL), row);
}

/** How many bytes stand before the reader. */
export function bytesRead(): i32 {
  return <i32>(readerAt() - first);
}

/** Puts a row in its place; one that begins with it is replaced. */
export function putRow(record: usize, row: usize): void {
  const startMs = load<f64>(row, START);
  if (startMs <= load<f64>(record, NEWEST)) return putBetween(record, row, startMs);
  store<f64>(record, startMs, NEWEST);
  packAndAppend(record, row);
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
function packAndAppend(record: usize, row: usize): void {
  const length = packWindow(load<u8>(record, LEVEL), row, PACKED_AT) - PACKED_AT;
  if (length < 128) {
    store<u8>(PACKED_AT - 1, <u8>length);
    return append(record, PACKED_AT - 1, <i32>length + 1);
  }
  store<u16>(PACKED_AT - 2, <u16>((length & 127) | 128 | ((length >> 7) << 8)));
  append(record, PACKED_AT - 2, <i32>length + 2);
}

/** Writes a list anew with a row in its place. */
function putBetween(record: usize, row: usize, startMs: f64): void {
  beginRows(record);
  let head = end;
  let tail = end;
  while (nextRow()) {
    const rowStartMs = readRowStart(record);
    if (rowStartMs < startMs) continue;
    head = rowAt;
    tail = rowStartMs == startMs ? rowEnd : rowAt;
    break;
  }
  gatherTo(end);
  clear(record);
  append(record, first, <i32>(head - first));
  packAndAppend(record, row);
  append(record, tail, <i32>(end - tail));
}
