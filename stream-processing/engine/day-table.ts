/** Trading days, each with its end, as few small numbers: the twin of `DayTable` in src/hot/window-codec.ts. */
import { enlarged, room } from './memory';

/** A day and its end. */
const ROW_BYTES: i32 = 16;

let days: usize = room(16 * ROW_BYTES);
let daysRoom: i32 = 16;
let count: i32 = 0;
let last: i32 = 0;

/** The place of a trading day with that end; it gets one if it has none. */
// @ts-ignore: decorator
@inline
export function indexOfDay(day: f64, endMs: f64): i32 {
  if (isDayAt(last, day, endMs)) return last;
  return findOrAdd(day, endMs);
}

export function dayCount(): i32 {
  return count;
}

export function dayAtIndex(index: i32): f64 {
  return load<f64>(days + (<usize>index << 4));
}

export function dayEndAtIndex(index: i32): f64 {
  return load<f64>(days + (<usize>index << 4), 8);
}

/** Restores the next one. */
export function addDay(day: f64, endMs: f64): void {
  indexOfDay(day, endMs);
}

// @ts-ignore: decorator
@inline
function isDayAt(index: i32, day: f64, endMs: f64): bool {
  const row = days + (<usize>index << 4);
  return index < count && load<f64>(row) == day && load<f64>(row, 8) == endMs;
}

function findOrAdd(day: f64, endMs: f64): i32 {
  let index = count - 1;
  while (index >= 0 && !isDayAt(index, day, endMs)) index -= 1;
  if (index < 0) index = add(day, endMs);
  last = index;
  return index;
}

function add(day: f64, endMs: f64): i32 {
  if (count == daysRoom) {
    days = enlarged(days, daysRoom * ROW_BYTES, 2 * daysRoom * ROW_BYTES);
    daysRoom *= 2;
  }
  const row = days + (<usize>count << 4);
  store<f64>(row, day);
  store<f64>(row, endMs, 8);
  count += 1;
  return count - 1;
}
