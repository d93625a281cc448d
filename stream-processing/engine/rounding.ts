/** Values that we compute, with 12 significant digits: the twin of core/src/derived-values.ts. */
import { roundByText } from './host';

/** 10^0 … 10^22: the powers of ten that a double holds exactly. */
const POWERS: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);
const MOST_DECIMALS: usize = 22;

/** Below, and from 10^12 on, it takes text. */
const SMALLEST: f64 = 1e-11;

/** By the binary exponent of a size, above the smallest one: the digits after the point with which the search for them begins. */
const DECIMALS: usize = memory.data(80);
const SMALLEST_EXPONENT: i32 = -37;
const LARGEST_EXPONENT: i32 = 39;

/** How near to a tie the scaled value may be before its own rounding error could decide it. */
const TIE: f64 = 1.0 / 1024.0;

for (let exponent = SMALLEST_EXPONENT; exponent <= LARGEST_EXPONENT; exponent += 1) {
  store<u8>(DECIMALS + (exponent - SMALLEST_EXPONENT), <u8>firstDecimals(exponent));
}

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
  const exponent = <i32>(reinterpret<u64>(size) >> 52) - 1023;
  let decimals: usize = load<u8>(DECIMALS + (exponent - SMALLEST_EXPONENT));
  if (size >= 1) while (size >= powerOfTen(12 - decimals)) decimals -= 1;
  else while (decimals < MOST_DECIMALS && size * powerOfTen(decimals) < 1e11) decimals += 1;
  const power = powerOfTen(decimals);
  const scaled = size * power;
  const digits = floor(scaled);
  const rest = scaled - digits;
  if (rest > 0.5 - TIE && rest < 0.5 + TIE) return roundByText(x);
  return copysign((rest < 0.5 ? digits : digits + 1) / power, x);
}

function roundRare(x: f64): f64 {
  if (x == 0) return 0;
  if (!isFinite(x)) return x;
  return roundByText(x);
}

/** Digits after the point of the size of that exponent which needs most steps from there: none is passed over. */
function firstDecimals(exponent: i32): usize {
  if (exponent >= 0) {
    const smallest = reinterpret<f64>(<u64>(exponent + 1023) << 52);
    let decimals: usize = 11;
    while (smallest >= powerOfTen(12 - decimals)) decimals -= 1;
    return decimals;
  }
  const largest = reinterpret<f64>(<u64>(exponent + 1024) << 52);
  let decimals: usize = 12;
  while (decimals < MOST_DECIMALS && largest * powerOfTen(decimals) < 1e11) decimals += 1;
  return decimals;
}
