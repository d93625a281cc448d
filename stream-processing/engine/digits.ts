/**
 * Reads the digits of JSON numbers, eight bytes at a time; what it does not know well it leaves to JSON.parse. Loads go up to 16 bytes
 * behind a number of at most 15 digits, so the caller sees to it that they may be read.
 *
 * A word with 0x30 taken off each byte has digits as they are. Adding 6 carries what is above 9 into the high half of its byte, so the
 * lowest byte with something there is the first that is no digit; what carries go on to lies behind it.
 */

const ZEROS: u64 = 0x3030303030303030;
const SIXES: u64 = 0x0606060606060606;
const HIGH_HALVES: u64 = 0xf0f0f0f0f0f0f0f0;
/** `.` after the zero was taken off. */
const POINT: u64 = 0x1e;
/** No integer from here on is sure to be a double after one more digit. */
const TOO_LONG: u64 = 1_000_000_000_000_000;
const MOST_PLACES: usize = 22;

/** 10^n as doubles, all exact. */
const powers = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);
/** 10^n for as many digits as stand in one word. */
const wholePowers = memory.data<u64>([1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]);

/**
 * Reads a number without sign and exponent, of at most 15 significant digits, and stores it at `column`; gives its end. The value is
 * the double that JSON.parse gives: an integer below 2^53 divided by a power of ten up to 10^22 is rounded once.
 * Where there is no such number it gives `at − 1`: the colon before it, which no key begins with; and `column` stays as it was.
 */
export function readDecimal(at: usize, column: usize): usize {
  const word = load<u64>(at) ^ ZEROS;
  const others = othersOf(word);
  if (others === 0) return readLonger(at, word, column);
  const whole = ctz(others) & 56;
  if (whole === 0 || (whole > 8 && (word & 0xff) === 0)) return at - 1;
  if (((word >> whole) & 0xff) !== POINT) {
    store<f64>(column, <f64>(<i64>valueOf(word << (64 - whole))));
    return at + (<usize>whole >> 3);
  }
  const behind = others & ((<u64>-256) << whole);
  // A shift by 64 would be one by 0: where the point is the last byte, nothing behind it is in the word.
  if (behind === 0 || whole === 56) return readLonger(at, word, column);
  const end = ctz(behind) & 56;
  const places = <usize>(end - whole - 8);
  if (places === 0) return at - 1;
  const mantissa = valueOf(withoutPoint(word, whole) << (72 - end));
  store<f64>(column, <f64>(<i64>mantissa) / load<f64>(powers + places));
  return at + (<usize>end >> 3);
}

/** The value of the 13 digits at `at`, or −1 where one of them is none. */
export function thirteenDigits(at: usize): f64 {
  const high = load<u64>(at) ^ ZEROS;
  const low = load<u64>(at + 5) ^ ZEROS;
  if ((othersOf(high) | othersOf(low)) !== 0) return -1;
  return <f64>(<i64>(valueOf(high) * 100_000 + valueOf(low & 0xffffffffff000000)));
}

/** A number that goes on behind its first eight bytes: digits all of them, or with one point among them. */
function readLonger(at: usize, first: u64, column: usize): usize {
  if ((first & 0xff) === 0 && ((first >> 8) & 0xff) !== POINT) return at - 1;
  const second = load<u64>(at + 8) ^ ZEROS;
  const others = othersOf(second);
  const point = ctz(othersOf(first)) & 56;
  if (others === 0) return readLongest(at, column);
  let end = ctz(others) & 56;
  if (othersOf(first) !== 0) {
    const places = <usize>(7 - (point >> 3) + (end >> 3));
    if (places === 0) return at - 1;
    const mantissa = valueOf(withoutPoint(first, point) << 8) * wholePower(end) + digitsOf(second, end);
    store<f64>(column, <f64>(<i64>mantissa) / load<f64>(powers + (places << 3)));
    return at + 8 + (<usize>end >> 3);
  }
  if (((second >> end) & 0xff) !== POINT) {
    store<f64>(column, <f64>(<i64>(valueOf(first) * wholePower(end) + digitsOf(second, end))));
    return at + 8 + (<usize>end >> 3);
  }
  const behind = others & ((<u64>-256) << end);
  if (behind === 0 || end === 56) return readLongest(at, column);
  const whole = end;
  end = ctz(behind) & 56;
  const places = <usize>(end - whole - 8);
  if (places === 0) return at - 1;
  const mantissa = valueOf(first) * wholePower(end - 8) + digitsOf(withoutPoint(second, whole), end - 8);
  store<f64>(column, <f64>(<i64>mantissa) / load<f64>(powers + places));
  return at + 8 + (<usize>end >> 3);
}

/** A number of any length that begins with a digit, digit by digit. */
function readLongest(at: usize, column: usize): usize {
  let index = at;
  let mantissa: u64 = 0;
  let pointAt: usize = 0;
  while (true) {
    const digit = <u32>load<u8>(index) - 48;
    if (digit <= 9) {
      mantissa = mantissa * 10 + digit;
      if (mantissa >= TOO_LONG) return at - 1;
    } else if (digit === <u32>-2 && pointAt === 0) {
      pointAt = index;
    } else {
      break;
    }
    index += 1;
  }
  const places: usize = pointAt === 0 ? 0 : index - pointAt - 1;
  if (places > MOST_PLACES || pointAt + 1 === index) return at - 1;
  store<f64>(column, <f64>(<i64>mantissa) / load<f64>(powers + (places << 3)));
  return index;
}

/** Bits in the bytes that are no digits; above the lowest such byte they say nothing. */
// @ts-ignore: decorator
@inline
function othersOf(word: u64): u64 {
  return ((word + SIXES) | word) & HIGH_HALVES;
}

/** The word with the byte at bit `point` taken out, and what is behind it moved up. */
// @ts-ignore: decorator
@inline
function withoutPoint(word: u64, point: u64): u64 {
  const before = (<u64>1 << point) - 1;
  return (word & before) | ((word >> 8) & ~before);
}

/** The value of the digits below bit `end`, which is less than 64. */
// @ts-ignore: decorator
@inline
function digitsOf(word: u64, end: u64): u64 {
  return end === 0 ? 0 : valueOf(word << (64 - end));
}

/** 10^n for n digits of eight bits. */
// @ts-ignore: decorator
@inline
function wholePower(bits: u64): u64 {
  return load<u64>(wholePowers + <usize>bits);
}

/** The value of eight digits, the first in the lowest byte. */
// @ts-ignore: decorator
@inline
function valueOf(digits: u64): u64 {
  const pairs = ((digits * 2561) >> 8) & 0x00ff00ff00ff00ff;
  const fours = ((pairs * 6553601) >> 16) & 0x0000ffff0000ffff;
  return (fours * 42949672960001) >> 32;
}
