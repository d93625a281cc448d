/**
 * Indicator states of many lists, in few bytes: closes as whole numbers of their last digit, told from one of them in two bytes each
 * while they are near each other, else in four; the few lists whose prices have too many digits for that keep doubles. A row is told by its place, 0 for none, with its kind in the lowest bits.
 */
import { AVERAGES_BYTES, averagesOfState, beginState, clearState, closesOfState, CLOSES_KEPT, countOfState } from './indicator-state';
import { placesOf, rounded } from './packed-bytes';
import { powerOfTen } from './rounding';
import { giveRow, takeRow } from './row-pools';

const NARROW: usize = 0;
const PLAIN: usize = 1;
const WIDE: usize = 2;
const KIND_BITS: usize = 7;

/** Behind the averages: the closes, how many there were, the digits after the point, what narrow ones are told from. */
const ROW_CLOSES: usize = AVERAGES_BYTES;
const NARROW_COUNT: usize = 90;
const NARROW_PLACES: usize = 91;
const NARROW_BASE: usize = 92;
const NARROW_BYTES: i32 = 96;
const PLAIN_COUNT: usize = 132;
const PLAIN_PLACES: usize = 133;
const PLAIN_BYTES: i32 = 136;
const WIDE_COUNT: usize = 216;
const WIDE_BYTES: i32 = 224;

const LARGEST: f64 = 2147483647;
/** Narrow closes are not farther from each other. */
const LARGEST_RANGE: f64 = 65534;

/** Closes in units of their last digit, while a row is written. */
const UNITS: usize = memory.data(22 * 8, 16);

/** Copies a row into the state at work; no row is a state without bars. */
export function loadState(row: usize): void {
  if (!row) return clearState();
  const kind = row & KIND_BITS;
  const base = row & ~KIND_BITS;
  copyAverages(averagesOfState(), base);
  if (kind == NARROW) return loadNarrow(base);
  if (kind == PLAIN) return loadPlain(base);
  memory.copy(beginState(load<u8>(base, WIDE_COUNT)), base + ROW_CLOSES, CLOSES_KEPT * 8);
}

/** Keeps the state at work, which has taken `steps` bars in since it was loaded from `row`; gives the row in which it stands now. */
// @ts-ignore: decorator
@inline
export function storeNext(row: usize, steps: i32): usize {
  const kind = row & KIND_BITS;
  const base = row & ~KIND_BITS;
  if (!row || kind == WIDE || steps >= <i32>CLOSES_KEPT) return storeState(row);
  if (!(kind == NARROW ? addNarrow(base, steps) : addPlain(base, steps))) return storeState(row);
  copyAverages(base, averagesOfState());
  return row;
}

/** Keeps the state at work in place of `row`; gives the row in which it stands now. */
export function storeState(row: usize): usize {
  const places = unitsOfAll();
  const kind = places < 0 ? WIDE : areNear() ? NARROW : PLAIN;
  const now = row && (row & KIND_BITS) == kind ? row : exchanged(row, kind);
  const base = now & ~KIND_BITS;
  copyAverages(base, averagesOfState());
  if (kind == NARROW) storeNarrow(base, places);
  else if (kind == PLAIN) storePlain(base, places);
  else {
    memory.copy(base + ROW_CLOSES, closesOfState(), CLOSES_KEPT * 8);
    store<u8>(base, <u8>countOfState(), WIDE_COUNT);
  }
  return now;
}

// @ts-ignore: decorator
@inline
function copyAverages(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
}

// @ts-ignore: decorator
@inline
function loadNarrow(row: usize): void {
  const count = <i32>load<u8>(row, NARROW_COUNT);
  const closes = beginState(count);
  const power = f64x2.splat(powerOfTen(load<u8>(row, NARROW_PLACES)));
  const base = i32x4.splat(load<i32>(row, NARROW_BASE));
  for (let at: usize = 0; at < 48; at += 16) {
    const offs = v128.load(row + at, ROW_CLOSES);
    storeFour(closes + (at << 2), i32x4.add(i32x4.extend_low_i16x8_s(offs), base), power);
    storeFour(closes + (at << 2) + 32, i32x4.add(i32x4.extend_high_i16x8_s(offs), base), power);
  }
  if (count < <i32>CLOSES_KEPT) clearMissing(closes, count);
}

function loadPlain(row: usize): void {
  const count = <i32>load<u8>(row, PLAIN_COUNT);
  const closes = beginState(count);
  const power = f64x2.splat(powerOfTen(load<u8>(row, PLAIN_PLACES)));
  for (let at: usize = 0; at < 96; at += 16) storeFour(closes + (at << 1), v128.load(row + at, ROW_CLOSES), power);
  if (count < <i32>CLOSES_KEPT) clearMissing(closes, count);
}

// @ts-ignore: decorator
@inline
function storeFour(to: usize, units: v128, power: v128): void {
  v128.store(to, f64x2.div(f64x2.convert_low_i32x4_s(units), power));
  v128.store(to, f64x2.div(f64x2.convert_low_i32x4_s(v128.shuffle<i32>(units, units, 2, 3, 2, 3)), power), 16);
}

function clearMissing(closes: usize, count: i32): void {
  memory.fill(closes, 0, CLOSES_KEPT * 8 - (<usize>count << 3));
}

/** Adds the last closes of the state to a row; false when it cannot take them. */
function addNarrow(row: usize, steps: i32): bool {
  const power = powerOfTen(load<u8>(row, NARROW_PLACES));
  const base = load<i32>(row, NARROW_BASE);
  if (steps == 1) moveNarrow(row);
  else memory.copy(row + ROW_CLOSES, row + ROW_CLOSES + (<usize>steps << 1), (CLOSES_KEPT - <usize>steps) << 1);
  for (let index = CLOSES_KEPT - <usize>steps; index < CLOSES_KEPT; index += 1) {
    const close = load<f64>(closesOfState() + (index << 3));
    const units = rounded(close * power);
    const off = units - <f64>base;
    if (!(abs(off) <= 32767 && units / power == close)) return false;
    store<i16>(row + (index << 1), <i16>(<i32>off), ROW_CLOSES);
  }
  store<u8>(row, <u8>countOfState(), NARROW_COUNT);
  return true;
}

/** Moves the closes of a row one on. */
// @ts-ignore: decorator
@inline
function moveNarrow(row: usize): void {
  const first = v128.load(row, ROW_CLOSES + 2);
  const second = v128.load(row, ROW_CLOSES + 18);
  const third = load<u64>(row, ROW_CLOSES + 34);
  v128.store(row, first, ROW_CLOSES);
  v128.store(row, second, ROW_CLOSES + 16);
  store<u64>(row, third, ROW_CLOSES + 32);
}

function addPlain(row: usize, steps: i32): bool {
  const power = powerOfTen(load<u8>(row, PLAIN_PLACES));
  memory.copy(row + ROW_CLOSES, row + ROW_CLOSES + (<usize>steps << 2), (CLOSES_KEPT - <usize>steps) << 2);
  for (let index = CLOSES_KEPT - <usize>steps; index < CLOSES_KEPT; index += 1) {
    const close = load<f64>(closesOfState() + (index << 3));
    const units = rounded(close * power);
    if (units > LARGEST || units / power != close) return false;
    store<i32>(row + (index << 2), <i32>units, ROW_CLOSES);
  }
  store<u8>(row, <u8>countOfState(), PLAIN_COUNT);
  return true;
}

/** The first close that there is, counted from the oldest that there could be. */
function firstClose(): i32 {
  return max(<i32>CLOSES_KEPT - countOfState(), 0);
}

/** Works out the closes in units; gives the digits after the point that all can do with as numbers of four bytes, −1 when they cannot. */
function unitsOfAll(): i32 {
  const closes = closesOfState();
  let places = 0;
  for (let index = firstClose(); index < <i32>CLOSES_KEPT && places >= 0; index += 1) {
    places = placesOf(load<f64>(closes + (<usize>index << 3)), places);
  }
  if (places < 0) return -1;
  const power = powerOfTen(places);
  for (let index = firstClose(); index < <i32>CLOSES_KEPT; index += 1) {
    const units = rounded(load<f64>(closes + (<usize>index << 3)) * power);
    if (!(units >= -LARGEST && units <= LARGEST)) return -1;
    store<f64>(UNITS + (<usize>index << 3), units);
  }
  return places;
}

function areNear(): bool {
  return largestUnits() - smallestUnits() <= LARGEST_RANGE;
}

function smallestUnits(): f64 {
  let smallest = LARGEST;
  for (let index = firstClose(); index < <i32>CLOSES_KEPT; index += 1) smallest = min(smallest, load<f64>(UNITS + (<usize>index << 3)));
  return smallest;
}

function largestUnits(): f64 {
  let largest = -LARGEST;
  for (let index = firstClose(); index < <i32>CLOSES_KEPT; index += 1) largest = max(largest, load<f64>(UNITS + (<usize>index << 3)));
  return largest;
}

function storeNarrow(row: usize, places: i32): void {
  const base = <i32>floor((smallestUnits() + largestUnits()) / 2);
  for (let index = 0; index < <i32>CLOSES_KEPT; index += 1) {
    const units = index < firstClose() ? base : <i32>load<f64>(UNITS + (<usize>index << 3));
    store<i16>(row + (<usize>index << 1), <i16>(units - base), ROW_CLOSES);
  }
  store<u8>(row, <u8>countOfState(), NARROW_COUNT);
  store<u8>(row, <u8>places, NARROW_PLACES);
  store<i32>(row, base, NARROW_BASE);
}

function storePlain(row: usize, places: i32): void {
  for (let index = 0; index < <i32>CLOSES_KEPT; index += 1) {
    const units = index < firstClose() ? 0 : <i32>load<f64>(UNITS + (<usize>index << 3));
    store<i32>(row + (<usize>index << 2), units, ROW_CLOSES);
  }
  store<u8>(row, <u8>countOfState(), PLAIN_COUNT);
  store<u8>(row, <u8>places, PLAIN_PLACES);
}

/** A row of another kind in exchange for this one. */
function exchanged(row: usize, kind: usize): usize {
  if (row) giveRow(row & ~KIND_BITS, bytesOf(row & KIND_BITS));
  return takeRow(bytesOf(kind)) | kind;
}

// @ts-ignore: decorator
@inline
function bytesOf(kind: usize): i32 {
  return kind == NARROW ? NARROW_BYTES : kind == PLAIN ? PLAIN_BYTES : WIDE_BYTES;
}
