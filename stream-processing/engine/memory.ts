/** Tables in the engine's own memory: plain bytes that grow, addressed by hand. */

/** No row, no symbol, no feed. */
export const NONE: i32 = -1;

/** Eight bytes a double, four a whole number. */
export const F64: i32 = 8;
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

/** How many rows to make room for next: by half while they are few, then by less, because most of what there is stays unused. */
export function moreThan(count: i32): i32 {
  return <i32>Math.ceil(<f64>count * (count < 4_096 ? 1.5 : 1.0625)) + 16;
}

/** Room for `bytes` bytes, all 0. */
export function room(bytes: i32): usize {
  const table = heap.alloc(bytes);
  memory.fill(table, 0, bytes);
  return table;
}

/** The table at another place, enlarged from `before` to `after` bytes; the new ones are 0. The old place is given back. */
export function enlarged(table: usize, before: i32, after: i32): usize {
  const larger = heap.realloc(table, after);
  memory.fill(larger + before, 0, after - before);
  return larger;
}

/** The same for whole numbers, of which the new ones are {@link NONE}. */
export function enlargedNone(table: usize, before: i32, after: i32): usize {
  const larger = heap.realloc(table, after);
  memory.fill(larger + before, 0xff, after - before);
  return larger;
}
