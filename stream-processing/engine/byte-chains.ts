/**
 * Many short lists of bytes that grow at the end and shrink at the front, in chains of small chunks cut from large pages: no list has
 * more than two chunks that are not full, and a chunk that a list gives up serves any other. A list is told by
 * its record (closed-lists.ts).
 */
import { BEGIN, BYTES, END_IN_LAST, FIRST_CHUNK, LAST_CHUNK } from './closed-lists';
import { leave, page, room } from './memory';

const CHUNK_BYTES: usize = 64;
/** The first word of a chunk is the next one of its chain. */
const DATA: usize = 4;
const DATA_BYTES: i32 = 60;
const PAGE_BYTES: usize = 1 << 15;

let free: usize = 0;
let pageAt: usize = 0;
let pageEnd: usize = 0;

/** What was gathered last, with room for a chunk behind it. */
let gathered: usize = room(4_096);
let gatheredRoom: i32 = 4_096;
let gatheredBytes: i32 = 0;
let allBytes: i32 = 0;
let nextChunk: usize = 0;
let nextFrom: usize = 0;

/** Begins to gather a list's bytes in one place: gives where they begin; they are valid as far as {@link gatherTo} was told. */
export function beginGather(record: usize): usize {
  allBytes = load<i32>(record, BYTES);
  gatheredBytes = 0;
  nextChunk = load<u32>(record, FIRST_CHUNK);
  nextFrom = load<u8>(record, BEGIN);
  if (allBytes + 128 > gatheredRoom) enlargeGathered(allBytes + 128);
  return gathered;
}

/** Gathers at least so far, or all there is. */
// @ts-ignore: decorator
@inline
export function gatherTo(place: usize): void {
  if (<i32>(place - gathered) > gatheredBytes) gatherMore(min(<i32>(place - gathered), allBytes));
}

/** Adds bytes to the end of a list. */
export function append(record: usize, bytes: usize, length: i32): void {
  store<i32>(record, load<i32>(record, BYTES) + length, BYTES);
  let chunk: usize = load<u32>(record, LAST_CHUNK);
  if (!chunk) chunk = start(record);
  let to = <i32>load<u8>(record, END_IN_LAST);
  let from = bytes;
  let rest = length;
  while (to + rest > DATA_BYTES) {
    const part = DATA_BYTES - to;
    copyWithin(chunk + DATA + to, from, part, part);
    from += part;
    rest -= part;
    chunk = follow(chunk);
    to = 0;
  }
  copyWithin(chunk + DATA + to, from, rest, DATA_BYTES - to);
  store<u32>(record, <u32>chunk, LAST_CHUNK);
  store<u8>(record, <u8>(to + rest), END_IN_LAST);
}

/** Writes over the first bytes of a list. */
export function overwrite(record: usize, bytes: usize, length: i32): void {
  let chunk: usize = load<u32>(record, FIRST_CHUNK);
  let to = <i32>load<u8>(record, BEGIN);
  for (let index = 0; index < length; index += 1) {
    if (to == DATA_BYTES) {
      chunk = load<u32>(chunk);
      to = 0;
    }
    store<u8>(chunk + DATA + to, load<u8>(bytes + index));
    to += 1;
  }
}

/** Takes so many bytes from the front of a list. */
export function drop(record: usize, count: i32): void {
  const bytes = load<i32>(record, BYTES) - count;
  if (bytes == 0) return clear(record);
  const last: usize = load<u32>(record, LAST_CHUNK);
  let first: usize = load<u32>(record, FIRST_CHUNK);
  let from = <i32>load<u8>(record, BEGIN) + count;
  while (from >= DATA_BYTES && first != last) {
    const next: usize = load<u32>(first);
    giveBack(first, first);
    first = next;
    from -= DATA_BYTES;
  }
  store<u32>(record, <u32>first, FIRST_CHUNK);
  store<u8>(record, <u8>from, BEGIN);
  store<i32>(record, bytes, BYTES);
  if (first != last && bytes <= DATA_BYTES) joinChunks(record, bytes);
}

/** Puts the bytes of two chunks into the first of them. */
function joinChunks(record: usize, bytes: i32): void {
  const first: usize = load<u32>(record, FIRST_CHUNK);
  const last: usize = load<u32>(record, LAST_CHUNK);
  const begin = <usize>load<u8>(record, BEGIN);
  const inFirst = <usize>DATA_BYTES - begin;
  memory.copy(first + DATA, first + DATA + begin, inFirst);
  memory.copy(first + DATA + inFirst, last + DATA, <usize>load<u8>(record, END_IN_LAST));
  giveBack(last, last);
  store<u32>(record, <u32>first, LAST_CHUNK);
  store<u8>(record, 0, BEGIN);
  store<u8>(record, <u8>bytes, END_IN_LAST);
}

/** Empties a list. */
export function clear(record: usize): void {
  const first: usize = load<u32>(record, FIRST_CHUNK);
  if (first) giveBack(first, load<u32>(record, LAST_CHUNK));
  store<u64>(record, 0, FIRST_CHUNK);
  store<u16>(record, 0, BEGIN);
  store<i32>(record, 0, BYTES);
}

/** Copies `length` bytes; up to `space` from there may be overwritten, and more may be read. */
// @ts-ignore: decorator
@inline
function copyWithin(to: usize, from: usize, length: i32, space: i32): void {
  let index = 0;
  for (; index + 8 <= length; index += 8) store<u64>(to + index, load<u64>(from + index));
  if (index + 8 <= space) store<u64>(to + index, load<u64>(from + index));
  else for (; index < length; index += 1) store<u8>(to + index, load<u8>(from + index));
}

function gatherMore(bytes: i32): void {
  while (gatheredBytes < bytes) {
    const to = gathered + gatheredBytes;
    const from = nextChunk + DATA + nextFrom;
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    gatheredBytes += DATA_BYTES - <i32>nextFrom;
    nextChunk = load<u32>(nextChunk);
    nextFrom = 0;
  }
}

function enlargeGathered(bytes: i32): void {
  leave(gathered, gatheredRoom);
  gatheredRoom = 2 * bytes;
  gathered = room(gatheredRoom);
}

function start(record: usize): usize {
  const chunk = take();
  store<u32>(record, <u32>chunk, FIRST_CHUNK);
  store<u16>(record, 0, BEGIN);
  return chunk;
}

function follow(chunk: usize): usize {
  const next = take();
  store<u32>(chunk, <u32>next);
  return next;
}

function take(): usize {
  const chunk = free;
  if (chunk) {
    free = load<u32>(chunk);
    return chunk;
  }
  if (pageAt == pageEnd) {
    // A chunk more than are used, because each stands in one line of the cache and reading goes a few bytes past the last.
    pageAt = page(<i32>(PAGE_BYTES + CHUNK_BYTES));
    pageEnd = pageAt + PAGE_BYTES;
  }
  pageAt += CHUNK_BYTES;
  return pageAt - CHUNK_BYTES;
}

/** Gives chunks back that follow each other. */
// @ts-ignore: decorator
@inline
function giveBack(first: usize, last: usize): void {
  store<u32>(last, <u32>free);
  free = first;
}
