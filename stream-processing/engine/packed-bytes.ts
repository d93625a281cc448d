/**
 * Numbers in few bytes. What writes takes the place to write to and gives the place behind; what
 * reads moves one cursor on.
 */
import { powerOfTen } from './rounding';

const EXACT_TAG: i32 = 0x00;
const OFF_TAG: i32 = 0x10;
const RAW_TAG: i32 = 0x20;
/** Steps of the last bit that are still cheaper told than the eight bytes. */
const MOST_STEPS: i64 = 1 << 24;
const HUGE: f64 = 1125899906842624;
/** A price has no larger number of units of its last digit. */
const LARGEST_MANTISSA: f64 = 4e15;

/** Where the reader stands. */
let at: usize = 0;

// @ts-ignore: decorator
@inline
export function readerAt(): usize {
  return at;
}

// @ts-ignore: decorator
@inline
export function setReader(place: usize): void {
  at = place;
}

// @ts-ignore: decorator
@inline
export function writeByte(to: usize, value: i32): usize {
  store<u8>(to, <u8>value);
  return to + 1;
}

/** A whole number from 0 to 2^53. */
// @ts-ignore: decorator
@inline
export function writeWhole(to: usize, value: f64): usize {
  return writeUnits(to, <i64>value);
}

/** A whole number of either sign; a huge one takes its eight bytes. */
// @ts-ignore: decorator
@inline
export function writeSigned(to: usize, value: f64): usize {
  if (!(value > -HUGE && value < HUGE)) return writeRaw(writeByte(to, 0), value);
  const whole = <i64>value;
  return writeUnits(to, whole < 0 ? -2 * whole : 2 * whole + 1);
}

// @ts-ignore: decorator
@inline
export function writeRaw(to: usize, value: f64): usize {
  store<f64>(to, value);
  return to + 8;
}

/** Any double; cheap when it is near a decimal with `places` digits after the point. */
export function writeNear(to: usize, value: f64, places: i32): usize {
  const power = powerOfTen(places);
  const mantissa = rounded(value * power);
  if (!(mantissa >= 0 && mantissa < 9e15)) return writeRaw(writeByte(to, RAW_TAG), value);
  const decimal = mantissa / power;
  if (decimal == value) return writeWhole(writeByte(to, EXACT_TAG | places), mantissa);
  const steps = reinterpret<i64>(value) - reinterpret<i64>(decimal);
  if (!(steps < MOST_STEPS && steps > -MOST_STEPS)) return writeRaw(writeByte(to, RAW_TAG), value);
  const behind = writeWhole(writeByte(to, OFF_TAG | places), mantissa);
  return writeUnits(behind, steps < 0 ? -2 * steps : 2 * steps + 1);
}

// @ts-ignore: decorator
@inline
export function readByte(): i32 {
  const byte = <i32>load<u8>(at);
  at += 1;
  return byte;
}

// @ts-ignore: decorator
@inline
export function readWhole(): f64 {
  return <f64>readUnits();
}

export function readSigned(): f64 {
  const units = readUnits();
  if (units == 0) return readRaw();
  return <f64>(units & 1 ? units >> 1 : -(units >> 1));
}

// @ts-ignore: decorator
@inline
export function readRaw(): f64 {
  const value = load<f64>(at);
  at += 8;
  return value;
}

export function readNear(): f64 {
  const tag = readByte();
  if (tag == RAW_TAG) return readRaw();
  const decimal = readWhole() / powerOfTen(tag & 15);
  if (tag < OFF_TAG) return decimal;
  return reinterpret<f64>(reinterpret<i64>(decimal) + <i64>readSigned());
}

/** `Math.round`. */
// @ts-ignore: decorator
@inline
export function rounded(value: f64): f64 {
  const above = ceil(value);
  return above - 0.5 > value ? above - 1 : above;
}

/** The fewest digits after the point with which a price is written, at least `from`; −1 when it takes more than eight or is too large. */
export function placesOf(price: f64, from: i32): i32 {
  for (let places = from; places <= 8; places += 1) {
    const power = powerOfTen(places);
    const mantissa = rounded(price * power);
    if (mantissa > LARGEST_MANTISSA) return -1;
    if (mantissa / power == price) return places;
  }
  return -1;
}

/** True when a price is that whole number of units of its last digit. */
// @ts-ignore: decorator
@inline
export function isMantissaOf(mantissa: f64, price: f64, power: f64): bool {
  return mantissa <= LARGEST_MANTISSA && mantissa / power == price;
}

/** Seven bits to a byte, at most eight bytes; all eight may be overwritten. */
// @ts-ignore: decorator
@inline
function writeUnits(to: usize, value: i64): usize {
  if (<u64>value < 128) {
    store<u8>(to, <u8>value);
    return to + 1;
  }
  return writeManyUnits(to, value);
}

/** Spreads the units over bytes without asking for each, because how many there are is hard to foretell. */
function writeManyUnits(to: usize, value: i64): usize {
  let bytes = ((value & 0x00ff_ffff_f000_0000) << 4) | (value & 0x0fff_ffff);
  bytes = ((bytes & 0x0fff_c000_0fff_c000) << 2) | (bytes & 0x0000_3fff_0000_3fff);
  bytes = ((bytes & 0x3f80_3f80_3f80_3f80) << 1) | (bytes & 0x007f_007f_007f_007f);
  const last = (((63 - clz(value)) * 37) >> 8) as usize;
  store<i64>(to, bytes | (0x0080_8080_8080_8080 & ((1 << (<i64>last << 3)) - 1)));
  return to + last + 1;
}

// @ts-ignore: decorator
@inline
function readUnits(): i64 {
  const first = <i64>load<u8>(at);
  if (first < 128) {
    at += 1;
    return first;
  }
  return readManyUnits();
}

function readManyUnits(): i64 {
  let from = at;
  let value: i64 = 0;
  let shift: i64 = 0;
  let byte = <i64>load<u8>(from);
  while (byte > 127) {
    value |= (byte & 127) << shift;
    shift += 7;
    from += 1;
    byte = <i64>load<u8>(from);
  }
  at = from + 1;
  return value | (byte << shift);
}
