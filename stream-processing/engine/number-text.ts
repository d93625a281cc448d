/**
 * Writes a double as the very characters of `String(value)`, which are those of JSON.
 *
 * A double that is the nearest one to a decimal of at most 15 significant digits has that decimal as its shortest text (doubles keep
 * 15 digits apart), so it is enough to find an integer m and a d with m / 10^d equal to the value. `value × 10^d` errs by less than a
 * quarter as long as it is below 10^15, so rounding it finds m if there is one. The exponent of the double tells a d that makes m as
 * long as that allows, 14 or 15 digits; they are made all at once, and one shuffle takes the zeros off and opens the gap for the point.
 * Everything else is left to `String`.
 */
import { textOf } from './host';

/** Bytes from its start that writing a number may touch: its own, at most 25, and what wide stores spill. */
export const numberRoom: i32 = 32;

const TWO_52: f64 = 4503599627370496;
const FRACTION_BITS: u64 = 0x000fffffffffffff;
/** Biased exponents of 2^−19, just above 10^−6 below which texts have an exponent, and 2^51: above, adding 2^52 does not round well. */
const LOWEST: i32 = 1004;
const HIGHEST: i32 = 1074;
/** `0.000000` */
const ZERO_POINT: u64 = 0x3030303030302e30;
const POINT: u8 = 0x2e;
const MINUS: u8 = 0x2d;
const ZERO: u8 = 0x30;
const ZEROS: u64 = 0x3030303030303030;
/** `null` */
const NULL: u32 = 0x6c6c756e;

/** By biased exponent: 10^d as a double, and the place among {@link layouts} of a number whose digits begin in lane 0; or 0. */
const scales = memory.data(2048 * 16, 16);
/** By how many digits stand before the point, from −5 to 16: what to add to each lane, and where the parts begin. */
const layouts = memory.data(22 * 32, 16);
const TEXT_AT: usize = 16;
const POINT_AT: usize = 20;
const MORE: usize = 24;
const WHOLE: usize = 28;
const lanes = memory.data<i8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
]);
/** Factors, each in all lanes: 2^20 / 100 and 100 for thousands in 32 bits, 2^10 / 10 and 10 × 256 − 1 for tens in 16, and zeros. */
const factors = memory.data<i32>([
  10486, 10486, 10486, 10486, 100, 100, 100, 100, 0x00670067, 0x00670067, 0x00670067, 0x00670067, 0x09ff09ff, 0x09ff09ff, 0x09ff09ff,
  0x09ff09ff, 0x30303030, 0x30303030, 0x30303030, 0x30303030,
], 16);

makeScales();
makeLayouts();

/**
 * Writes `value` at `at`; gives the end of what it wrote. What is not finite becomes `null`, as in JSON.
 * {@link numberRoom} bytes from `at` on may be overwritten.
 */
export function writeNumber(at: usize, value: f64): usize {
  const bits = reinterpret<u64>(value);
  const row = <usize>(bits >> 48) & 0x7ff0;
  const scale = load<f64>(row, scales);
  const size = abs(value);
  const rounded = size * scale + TWO_52;
  // Where the scale is 0 this is no number, and not equal either.
  if ((rounded - TWO_52) / scale !== size) return writeRare(at, value);
  const digits = sixteenDigits(reinterpret<u64>(rounded) & FRACTION_BITS);
  const known = i8x16.bitmask(i8x16.gt_s(digits, i64x2.splat(0)));
  const first = <usize>ctz(known);
  const count = 32 - clz(known) - <i32>first;
  const layout = load<usize>(row, scales + 8) - (first << 5);
  store<u8>(at, MINUS);
  const start = at + <usize>(bits >> 63);
  store<u64>(start, ZERO_POINT);
  const order = i8x16.add(v128.load(first, lanes), v128.load(layout));
  v128.store(start + load<i32>(layout, TEXT_AT), i8x16.swizzle(v128.or(digits, v128.load(factors, 64)), order));
  store<u8>(start + load<i32>(layout, POINT_AT), POINT);
  const whole = load<i32>(layout, WHOLE);
  return start + (count > whole ? count + load<i32>(layout, MORE) : whole);
}

/** The same, quicker where the value is an integer below 10^8: counts and volumes. */
export function writeCount(at: usize, value: f64): usize {
  const rounded = value + TWO_52;
  if (!(value >= 0 && value < 1e8 && rounded - TWO_52 === value)) return writeNumber(at, value);
  const count = reinterpret<u64>(rounded) & FRACTION_BITS;
  store<u8>(at, <u8>count + ZERO);
  return count < 10 ? at + 1 : writeFirst(at, eightDigits(count));
}

/** The same, quicker where the value is an integer from 10^8 up to 2^52: times and versions. */
export function writeLong(at: usize, value: f64): usize {
  const rounded = value + TWO_52;
  if (!(value >= 1e8 && value < TWO_52 && rounded - TWO_52 === value)) return writeNumber(at, value);
  const integer = reinterpret<u64>(rounded) & FRACTION_BITS;
  const high = integer / 100_000_000;
  const end = writeFirst(at, eightDigits(high));
  store<u64>(end, eightDigits(integer - high * 100_000_000) | ZEROS);
  return end + 8;
}

/** Eight digits, not all 0, without the zeros before them. */
// @ts-ignore: decorator
@inline
function writeFirst(at: usize, digits: u64): usize {
  const zeros = ctz(digits) & 56;
  store<u64>(at, (digits | ZEROS) >> zeros);
  return at + 8 - <usize>(zeros >> 3);
}

/** The digits of an integer below 10^8, one a byte, the first in the lowest. */
// @ts-ignore: decorator
@inline
function eightDigits(integer: u64): u64 {
  const fours = twoFours(integer);
  const hundreds = ((fours * 10_486) >> 20) & 0x0000007f0000007f;
  const pairs = (fours << 16) - hundreds * ((100 << 16) - 1);
  const tens = ((pairs * 103) >> 10) & 0x000f000f000f000f;
  return (pairs << 8) - tens * ((10 << 8) - 1);
}

/** The digits of an integer below 10^16, one a byte, the first in the first lane. */
// @ts-ignore: decorator
@inline
function sixteenDigits(integer: u64): v128 {
  const high = integer / 100_000_000;
  const low = integer - high * 100_000_000;
  const thousands = i64x2.replace_lane(i64x2.splat(<i64>twoFours(high)), 1, <i64>twoFours(low));
  const hundreds = i32x4.shr_u(i32x4.dot_i16x8_s(thousands, v128.load(factors)), 20);
  const rest = i32x4.sub(thousands, i32x4.dot_i16x8_s(hundreds, v128.load(factors, 16)));
  const pairs = v128.or(hundreds, i32x4.shl(rest, 16));
  const tens = i16x8.shr_u(i16x8.mul(pairs, v128.load(factors, 32)), 10);
  return i16x8.sub(i16x8.shl(pairs, 8), i16x8.mul(tens, v128.load(factors, 48)));
}

/** An integer below 10^8 as its upper four digits in the lower 32 bits, and its lower four in the upper. */
// @ts-ignore: decorator
@inline
function twoFours(integer: u64): u64 {
  const upper = (integer * 109_951_163) >> 40;
  return (integer << 32) - upper * ((<u64>10_000 << 32) - 1);
}

function writeRare(at: usize, value: f64): usize {
  if (value === 0) {
    store<u8>(at, ZERO);
    return at + 1;
  }
  if (!isFinite(value)) {
    store<u32>(at, NULL);
    return at + 4;
  }
  return at + textOf(value, at);
}

/** For each exponent the highest power of ten that keeps all doubles with it up to 10^15, or 1. */
function makeScales(): void {
  for (let exponent = LOWEST; exponent <= HIGHEST; exponent += 1) {
    const above = reinterpret<f64>((<u64>(exponent + 1)) << 52);
    let scale: f64 = 1;
    let places = 0;
    while (above * scale * 10 <= 1e15) {
      scale *= 10;
      places += 1;
    }
    store<f64>(scales + (exponent << 4), scale);
    store<usize>(scales + (exponent << 4), layoutOf(16 - places), 8);
  }
}

function makeLayouts(): void {
  for (let whole = -5; whole <= 16; whole += 1) {
    const layout = layoutOf(whole);
    // What is behind the point stands a lane further on; where the point is in the zeros, nothing has to make room for it.
    for (let lane = 0; lane < 16; lane += 1) store<i8>(layout + lane, whole > 0 && lane > whole ? -1 : 0);
    store<i32>(layout, whole > 0 ? 0 : 2 - whole, TEXT_AT);
    store<i32>(layout, whole > 0 ? whole : 1, POINT_AT);
    store<i32>(layout, whole > 0 ? 1 : 2 - whole, MORE);
    store<i32>(layout, whole, WHOLE);
  }
}

function layoutOf(whole: i32): usize {
  return layouts + ((whole + 5) << 5);
}
