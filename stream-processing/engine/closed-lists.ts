/**
 * The lists of closed windows, one record each: all that a window's close looks up stands in one line of the cache. Records stand in
 * pages, so that none is ever moved.
 */
import { enlarged, page, room } from './memory';

/** The start of the newest window; −∞ when the list was never used. */
export const NEWEST: usize = 0;
/** First and last chunk of its packed windows (see byte-chains.ts), 0 when there is none. */
export const FIRST_CHUNK: usize = 8;
export const LAST_CHUNK: usize = 12;
/** Where the bytes begin in the first chunk and end in the last. */
export const BEGIN: usize = 16;
export const END_IN_LAST: usize = 17;
/** The list's level. */
export const LEVEL: usize = 18;
/** Indicator states behind the newest window and behind the oldest one's predecessor (see indicator-rows.ts), 0 when there is none. */
export const CURRENT: usize = 20;
export const BEHIND: usize = 24;
/** How many bytes there are. */
export const BYTES: usize = 28;

const RECORD_BYTES: i32 = 32;
const PAGE_BITS: i32 = 9;
const PAGE_RECORDS: i32 = 1 << PAGE_BITS;

/** Where the pages begin. */
let pages: usize = room(64);
let pagesRoom: i32 = 16;
let pageCount: i32 = 0;

/** Makes room for lists with numbers below `count`. */
export function reserveLists(count: i32, levels: i32): void {
  while (pageCount << PAGE_BITS < count) addPage(levels);
}

/** The record of a list. */
// @ts-ignore: decorator
@inline
export function listAt(list: i32): usize {
  return <usize>load<u32>(pages + (<usize>(list >> PAGE_BITS) << 2)) + <usize>((list & (PAGE_RECORDS - 1)) * RECORD_BYTES);
}

function addPage(levels: i32): void {
  if (pageCount == pagesRoom) {
    pages = enlarged(pages, pagesRoom << 2, pagesRoom << 3);
    pagesRoom <<= 1;
  }
  const records = page(PAGE_RECORDS * RECORD_BYTES);
  store<u32>(pages + (<usize>pageCount << 2), <u32>records);
  const first = pageCount << PAGE_BITS;
  for (let index = 0; index < PAGE_RECORDS; index += 1) {
    const record = records + <usize>(index * RECORD_BYTES);
    store<f64>(record, -Infinity, NEWEST);
    store<u8>(record, <u8>((first + index) % levels), LEVEL);
  }
  pageCount += 1;
}
