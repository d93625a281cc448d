/**
 * Writes a double as the very characters of `String(value)`, which are those of JSON.
 *
 * A double that is the nearest one to a decimal of at most 15 significant digits has that decimal as its shortest text (doubles keep
 * 15 digits apart), so it is enough to find an integer m and a d with m / 10^d equal to the value. `value × 10^d` errs by less than a
 * quarter as long as it is below 10^15, so rounding it finds m if there is one. Everything else is left to `String`.
 */

/** Bytes from its start that writing a number may touch: its own, at most 25, and what word-wide stores spill. */
export const numberRoom = 32;

const minus = 45;
const point = 46;
/** `0.` and `0.00` as words. */
const zeroPoint = 0x3030_2e30;

/** Three digits as a little-endian word, with leading zeros and without; the byte that is left is filling. */
const groupWords = new Int32Array(1_000);
const firstWords = new Int32Array(1_000);
/** How many digits of a group stand before its trailing zeros. */
const lastLengths = new Uint8Array(1_000);
for (let group = 0; group < 1_000; group += 1) {
  const digits = String(group).padStart(3, '0');
  groupWords[group] = wordOf(digits);
  firstWords[group] = wordOf(String(group));
  lastLengths[group] = digits.replace(/0+$/, '').length;
}

/**
 * Writes `value` at `at`; gives the end of what it wrote. What is not finite becomes `null`, as in JSON.
 * {@link numberRoom} bytes from `at` on may be overwritten.
 */
export function writeNumber(view: DataView, at: number, value: number): number {
  if (value >= 0) return writePositive(view, at, value);
  if (!(value > Number.NEGATIVE_INFINITY)) return writeText(view, at, 'null');
  view.setUint8(at, minus);
  return writePositive(view, at + 1, -value);
}

function writePositive(view: DataView, at: number, value: number): number {
  if (value < 1e9) {
    const whole = value | 0;
    if (whole === value) return writeWhole(view, at, whole);
    if (value < 1e3) return writeSmall(view, at, value, whole);
    return value < 1e6 ? writeMiddle(view, at, value, whole) : writeLarge(view, at, value, whole);
  }
  if (value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value) return writeLong(view, at, value);
  return writeText(view, at, value === Number.POSITIVE_INFINITY ? 'null' : String(value));
}

/** An integer from 0 up to 999,999,999. */
function writeWhole(view: DataView, at: number, whole: number): number {
  if (whole < 1_000) return writeFirst(view, at, whole);
  const thousands = (whole / 1_000) | 0;
  if (thousands < 1_000) return writeGroup(view, writeFirst(view, at, thousands), whole - thousands * 1_000);
  const millions = (thousands / 1_000) | 0;
  const end = writeGroup(view, writeFirst(view, at, millions), thousands - millions * 1_000);
  return writeGroup(view, end, whole - thousands * 1_000);
}

/** An integer from 10^9 up to 2^53 − 1: times and versions. */
function writeLong(view: DataView, at: number, value: number): number {
  const billions = Math.floor(value / 1e9);
  const rest = (value - billions * 1e9) | 0;
  const thousands = (rest / 1_000) | 0;
  const end = writeSix(view, writeWhole(view, at, billions | 0), thousands);
  return writeGroup(view, end, rest - thousands * 1_000);
}

/** Below 1,000: up to 12 decimals, and more below 1. The text of what is below 10^-6 has an exponent. */
function writeSmall(view: DataView, at: number, value: number, whole: number): number {
  if (value < 1e-6) return writeText(view, at, String(value));
  const scaled = Math.floor(value * 1e12 + 0.5);
  if (scaled / 1e12 !== value) return value < 1 ? writeTiny(view, at, value) : writeText(view, at, String(value));
  const decimals = scaled - whole * 1e12;
  return writeTwelve(view, writePoint(view, writeFirst(view, at, whole)), decimals);
}

/** Below 1: 15 decimals, and 18 below 0.001. */
function writeTiny(view: DataView, at: number, value: number): number {
  const isThousandths = value < 1e-3;
  const scale = isThousandths ? 1e18 : 1e15;
  const scaled = Math.floor(value * scale + 0.5);
  if (scaled / scale !== value) return writeText(view, at, String(value));
  view.setInt32(at, zeroPoint, true);
  const end = isThousandths ? writeGroup(view, at + 2, 0) : at + 2;
  const high = Math.floor(scaled / 1e12);
  return writeTwelve(view, writeGroup(view, end, high), scaled - high * 1e12);
}

/** From 1,000 up to a million: up to 9 decimals. */
function writeMiddle(view: DataView, at: number, value: number, whole: number): number {
  const scaled = Math.floor(value * 1e9 + 0.5);
  if (scaled / 1e9 !== value) return writeText(view, at, String(value));
  const decimals = (scaled - whole * 1e9) | 0;
  const end = writePoint(view, writeWhole(view, at, whole));
  const high = (decimals / 1e6) | 0;
  const low = decimals - high * 1_000_000;
  return low === 0 ? writeLast(view, end, high) : writeLastSix(view, writeGroup(view, end, high), low);
}

/** From a million up to 10^9: up to 6 decimals. */
function writeLarge(view: DataView, at: number, value: number, whole: number): number {
  const scaled = Math.floor(value * 1e6 + 0.5);
  if (scaled / 1e6 !== value) return writeText(view, at, String(value));
  return writeLastSix(view, writePoint(view, writeWhole(view, at, whole)), (scaled - whole * 1e6) | 0);
}

/** Twelve decimals, not all 0, without the zeros at their end. */
function writeTwelve(view: DataView, at: number, decimals: number): number {
  // The half keeps the product off the whole numbers, where its error could tip it over.
  const high = ((decimals + 0.5) * 1e-6) | 0;
  const low = (decimals - high * 1e6) | 0;
  return low === 0 ? writeLastSix(view, at, high) : writeLastSix(view, writeSix(view, at, high), low);
}

function writeSix(view: DataView, at: number, digits: number): number {
  const high = (digits / 1_000) | 0;
  return writeGroup(view, writeGroup(view, at, high), digits - high * 1_000);
}

function writeLastSix(view: DataView, at: number, digits: number): number {
  const high = (digits / 1_000) | 0;
  const low = digits - high * 1_000;
  return low === 0 ? writeLast(view, at, high) : writeLast(view, writeGroup(view, at, high), low);
}

function writeFirst(view: DataView, at: number, group: number): number {
  view.setInt32(at, firstWords[group] as number, true);
  return at + (group < 10 ? 1 : group < 100 ? 2 : 3);
}

function writeGroup(view: DataView, at: number, group: number): number {
  view.setInt32(at, groupWords[group] as number, true);
  return at + 3;
}

function writeLast(view: DataView, at: number, group: number): number {
  view.setInt32(at, groupWords[group] as number, true);
  return at + (lastLengths[group] as number);
}

function writePoint(view: DataView, at: number): number {
  view.setUint8(at, point);
  return at + 1;
}

function writeText(view: DataView, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) view.setUint8(at + index, text.charCodeAt(index));
  return at + text.length;
}

function wordOf(digits: string): number {
  return (digits.charCodeAt(0) || 0) | ((digits.charCodeAt(1) || 0) << 8) | ((digits.charCodeAt(2) || 0) << 16);
}
