/** Rows of many sizes, cut from pages of rows of one size; a row that is given back serves the next of its size. Rows never move. */
import { page } from './memory';

/** All sizes are multiples of it. */
const STEP_BITS: usize = 3;
const MOST_BYTES: i32 = 256;
const PAGE_BYTES: i32 = 4_096;
/** Reading goes a few bytes past the last row of a page. */
const MARGIN: i32 = 16;

/** Of each size: the first row that was given back, where the next new one stands, and where its page ends. */
const POOL_BYTES: usize = 12;
const POOLS: usize = memory.data(((MOST_BYTES >> 3) + 1) * 12, 16);

/** A row of `bytes`, a multiple of 8 up to 256; what stands in it is undefined. */
export function takeRow(bytes: i32): usize {
  const pool = poolOf(bytes);
  const free: usize = load<u32>(pool);
  if (free) {
    store<u32>(pool, load<u32>(free));
    return free;
  }
  let row: usize = load<u32>(pool, 4);
  if (row == <usize>load<u32>(pool, 8)) {
    const length = PAGE_BYTES - (PAGE_BYTES % bytes);
    row = page(length + MARGIN);
    store<u32>(pool, <u32>(row + <usize>length), 8);
  }
  store<u32>(pool, <u32>(row + <usize>bytes), 4);
  return row;
}

/** Gives a row of `bytes` back. */
export function giveRow(row: usize, bytes: i32): void {
  const pool = poolOf(bytes);
  store<u32>(row, load<u32>(pool));
  store<u32>(pool, <u32>row);
}

// @ts-ignore: decorator
@inline
function poolOf(bytes: i32): usize {
  return POOLS + (<usize>bytes >> STEP_BITS) * POOL_BYTES;
}
