/** Reads the digits of JSON numbers from bytes into a column of doubles; what it does not know well it leaves to JSON.parse. */

const zero = 48;
/** `.` after `zero` was taken off. */
const point = -2;
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Reads a number without sign and exponent, of at most 15 significant digits, into `values[column]`; gives its end. The value is the
 * double that JSON.parse gives: an integer below 2^53 divided by a power of ten up to 10^22 is rounded once.
 * Where there is no such number it gives `at − 1`: the colon before it, which no key begins with.
 */
export function readDecimal(bytes: Uint8Array, at: number, values: Float64Array, column: number): number {
  let index = at;
  let mantissa = 0;
  let digit = (bytes[index] as number) - zero;
  while (digit >>> 0 <= 9) {
    mantissa = (Math.imul(mantissa, 10) + digit) | 0;
    index += 1;
    digit = (bytes[index] as number) - zero;
  }
  const whole = index - at;
  if (whole === 0 || (whole > 1 && bytes[at] === zero)) return at - 1;
  if (digit !== point) {
    if (whole > 9) return readLong(bytes, at, index, 0, values, column);
    values[column] = mantissa;
    return index;
  }
  index += 1;
  digit = (bytes[index] as number) - zero;
  while (digit >>> 0 <= 9) {
    mantissa = (Math.imul(mantissa, 10) + digit) | 0;
    index += 1;
    digit = (bytes[index] as number) - zero;
  }
  const places = index - at - whole - 1;
  if (places === 0) return at - 1;
  if (whole + places > 9) return readLong(bytes, at, index, places, values, column);
  values[column] = mantissa / (powers[places] as number);
  return index;
}

/** A number of the right form, and of more digits than an integer of 32 bits is good for. */
function readLong(bytes: Uint8Array, at: number, end: number, places: number, values: Float64Array, column: number): number {
  const pointAt = places === 0 ? end : end - places - 1;
  let mantissa = 0;
  for (let index = at; index < end; index += 1) {
    if (index !== pointAt) mantissa = mantissa * 10 + ((bytes[index] as number) - zero);
  }
  // Inexact only when it is above 2^53, and then it is refused.
  if (mantissa >= 1e15 || places > 22) return at - 1;
  values[column] = mantissa / (powers[places] as number);
  return end;
}

/** The four digits at `at` as a number, or −1. */
export function fourDigits(view: DataView, at: number): number {
  const word = (view.getInt32(at, true) - 0x30303030) | 0;
  if (((word | (word + 0x76767676)) & 0x80808080) !== 0) return -1;
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}
