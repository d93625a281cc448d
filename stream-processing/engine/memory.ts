/** Tables in the engine's own memory: plain bytes that grow, addressed by hand. */
import { outOfMemory } from './host';

/** No row, no symbol, no feed. */
export const NONE: i32 = -1;

/** Bytes of a whole number. */
export const I32: i32 = 4;

// @ts-ignore: decorator
@inline
export function f64At(table: usize, index: i32): f64 {
  return load<f64>(table + (<usize>index << 3));
}

// @ts-ignore: decorator
@inline
export function setF64(table: usize, index: i32, value: f64): void {
  store<f64>(table + (<usize>index << 3), value);
}

// @ts-ignore: decorator
@inline
export function i32At(table: usize, index: i32): i32 {
  return load<i32>(table + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function setI32(table: usize, index: i32, value: i32): void {
  store<i32>(table + (<usize>index << 2), value);
}

/**
 * Memory is given out from the bottom up and never comes back, but for tables that grew: their sizes are powers of two, and what one of
 * them leaves serves the next, or is cut into pages. So the engine takes little more than it uses, and what stands in pages never moves.
 */
let top: usize = (__heap_base + 63) & ~63;
/** By the power of two: the first free table, which holds the next. */
const freeTables: usize = memory.data(32 * 4, 16);
/** What is left of a free table that pages are cut from. */
let scrapAt: usize = 0;
let scrapEnd: usize = 0;

/** So many bytes for ever, all 0, in a line of the cache of their own. */
export function page(bytes: i32): usize {
  if (scrapAt + <usize>bytes > scrapEnd) findScrap(bytes);
  if (scrapAt + <usize>bytes <= scrapEnd) return cutScrap(bytes);
  const at = top;
  top = (at + <usize>bytes + 63) & ~63;
  const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) outOfMemory(bytes);
  return at;
}

/** Looks for a free table to cut pages from that is larger than what is left of the last one. */
function findScrap(bytes: i32): void {
  for (let power = max(powerOf(bytes), powerOf(<i32>(scrapEnd - scrapAt) + 1)); power < 32; power += 1) {
    const list = freeTables + (<usize>power << 2);
    const free: usize = load<u32>(list);
    if (!free) continue;
    store<u32>(list, load<u32>(free));
    scrapAt = free;
    scrapEnd = free + (<usize>1 << power);
    return;
  }
}

function cutScrap(bytes: i32): usize {
  const at = scrapAt;
  scrapAt = min((at + <usize>bytes + 63) & ~63, scrapEnd);
  memory.fill(at, 0, bytes);
  return at;
}

/** A table of at least `bytes` bytes, all 0. */
export function room(bytes: i32): usize {
  const power = powerOf(bytes);
  const free: usize = load<u32>(freeTables + (<usize>power << 2));
  if (free == 0) return page(1 << power);
  store<u32>(freeTables + (<usize>power << 2), load<u32>(free));
  memory.fill(free, 0, 1 << power);
  return free;
}

/** Gives a table of `bytes` bytes back. */
export function leave(table: usize, bytes: i32): void {
  const list = freeTables + (<usize>powerOf(bytes) << 2);
  store<u32>(table, load<u32>(list));
  store<u32>(list, <u32>table);
}

/** The table at another place, enlarged from `before` to `after` bytes; the new ones are 0. The old place is given back. */
export function enlarged(table: usize, before: i32, after: i32): usize {
  if (powerOf(before) == powerOf(after)) return table;
  const larger = room(after);
  memory.copy(larger, table, before);
  leave(table, before);
  return larger;
}

/** The power of two that holds so many bytes, of 16 at least. */
// @ts-ignore: decorator
@inline
function powerOf(bytes: i32): i32 {
  return 32 - clz(max(bytes, 16) - 1);
}
