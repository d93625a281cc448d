/** Values that we compute, with 12 significant digits: the twin of core/src/derived-values.ts. */
import { roundByText } from './host';

/** 10^0 … 10^22: the powers of ten that a double holds exactly. */
const POWERS: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);
const MOST_DECIMALS: usize = 22;

/** Below, and from 10^12 on, it takes text. */
const SMALLEST: f64 = 1e-11;

/**
 * By the binary exponent of a size: a bound, the power of ten that gives sizes below it twelve digits, and the one for the others. The
 * first is for 0, the last for what takes text.
 */
const SCALES: usize = memory.data(79 * 32, 16);
const SMALLEST_EXPONENT: i32 = -37;
const LARGEST_EXPONENT: i32 = 39;
const POWER_BELOW: usize = 8;
const POWER_ABOVE: usize = 16;

/** How near to a tie the scaled value may be before its own rounding error could decide it. */
const TIE: f64 = 1.0 / 1024.0;

for (let exponent = SMALLEST_EXPONENT; exponent <= LARGEST_EXPONENT; exponent += 1) setScale(exponent);
store<f64>(SCALES, 1, POWER_ABOVE);

/** 10^exponent, from 0 to 22. */
// @ts-ignore: decorator
@inline
export function powerOfTen(exponent: usize): f64 {
  return load<f64>(POWERS + (exponent << 3));
}

/** The double nearest to `x` with 12 significant digits. What is no finite number stays as it is. */
export function roundDerived(x: f64): f64 {
  const size = abs(x);
  if (!(size >= SMALLEST && size < 1e12)) return roundRare(x);
  const scale = scaleOf(reinterpret<i64>(size));
  const power = size < load<f64>(scale) ? load<f64>(scale, POWER_BELOW) : load<f64>(scale, POWER_ABOVE);
  const scaled = size * power;
  const digits = nearest(scaled);
  if (abs(scaled - digits) > 0.5 - TIE) return roundByText(x);
  return copysign(digits / power, x);
}

/** The same for two doubles at `at`, in their place. */
// @ts-ignore: decorator
@inline
export function roundTwo(at: usize): void {
  const x = v128.load(at);
  const size = f64x2.abs(x);
  const first = scaleOf(i64x2.extract_lane(size, 0));
  const second = scaleOf(i64x2.extract_lane(size, 1));
  const low = v128.load(first);
  const high = v128.load(second);
  const isBelow = f64x2.lt(size, v128.shuffle<f64>(low, high, 0, 2));
  const above = v128.shuffle<f64>(v128.load(first, POWER_ABOVE), v128.load(second, POWER_ABOVE), 0, 2);
  const power = v128.bitselect(v128.shuffle<f64>(low, high, 1, 3), above, isBelow);
  const scaled = f64x2.mul(size, power);
  const digits = f64x2.nearest(scaled);
  const isSafe = f64x2.le(f64x2.abs(f64x2.sub(scaled, digits)), f64x2.splat(0.5 - TIE));
  const isUsual = v128.and(f64x2.ge(size, f64x2.splat(SMALLEST)), f64x2.lt(size, f64x2.splat(1e12)));
  const isZero = f64x2.eq(size, f64x2.splat(0));
  if (!i64x2.all_true(v128.and(isSafe, v128.or(isUsual, isZero)))) return roundBoth(at);
  const sign = v128.and(f64x2.lt(x, f64x2.splat(0)), f64x2.splat(-0.0));
  v128.store(at, v128.or(f64x2.div(digits, power), sign));
}

// @ts-ignore: decorator
@inline
function scaleOf(bits: i64): usize {
  const index = <i32>(bits >> 52) - 1022 - SMALLEST_EXPONENT;
  return SCALES + (<usize>min(max(index, 0), LARGEST_EXPONENT - SMALLEST_EXPONENT + 2) << 5);
}

function roundBoth(at: usize): void {
  store<f64>(at, roundDerived(load<f64>(at)));
  store<f64>(at, roundDerived(load<f64>(at, 8)), 8);
}

function roundRare(x: f64): f64 {
  if (x == 0) return 0;
  if (!isFinite(x)) return x;
  return roundByText(x);
}

/** Between 2^exponent and twice that lies at most one bound between sizes of different digits before the point. */
function setScale(exponent: i32): void {
  const smallest = reinterpret<f64>(<u64>(exponent + 1023) << 52);
  const scale = scaleOf(reinterpret<i64>(smallest));
  let decimals: usize = exponent < 0 ? 12 : 11;
  if (exponent < 0) while (decimals < MOST_DECIMALS && 2 * smallest * powerOfTen(decimals) < 1e11) decimals += 1;
  else while (decimals > 0 && 2 * smallest > powerOfTen(12 - decimals)) decimals -= 1;
  const bound = exponent < 0 ? boundBelowOne(smallest, decimals) : powerOfTen(11 - decimals);
  store<f64>(scale, bound);
  store<f64>(scale, powerOfTen(min(decimals + 1, MOST_DECIMALS)), POWER_BELOW);
  store<f64>(scale, powerOfTen(decimals), POWER_ABOVE);
}

/** The smallest size from there on whose product with the power is large enough: found by its bits, because the product is rounded. */
function boundBelowOne(smallest: f64, decimals: usize): f64 {
  let low = reinterpret<i64>(smallest);
  let high = reinterpret<i64>(2 * smallest);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reinterpret<f64>(middle) * powerOfTen(decimals) < 1e11) low = middle + 1;
    else high = middle;
  }
  return reinterpret<f64>(low);
}
