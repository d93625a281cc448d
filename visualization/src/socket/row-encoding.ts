/**
 * The binary form of a row (README.md, "Rows"): words of 32 bits. Prices are whole numbers of a power of ten where that is exact, so
 * a row takes 28 bytes and a frame of 50 rows one TCP segment; a row that does not fit is given in doubles.
 */
import type { BoardRow } from '../board-messages.ts';

/** Words of the longest row. */
export const maxRowWords = 13;
/** Numbers of symbols end here: 20 bits. */
export const maxRowNumber = 0xf_ffff;

const isExact = 1 << 20;
const hasQuote = 1 << 21;
const hasDayOpen = 1 << 22;
const hasDayVolume = 1 << 23;
const scaleShift = 24;
const largestScale = 9;
const powers = Array.from({ length: largestScale + 1 }, (_, scale) => 10 ** scale);
const largestOffset = 0x7fff;

const doubles = new Float64Array(6);
const doubleWords = new Uint32Array(doubles.buffer);

/**
 * Writes a row.
 * @param baseMs what times count from; a whole number
 * @returns the number of words
 */
export function encodeRow(words: Uint32Array, at: number, number: number, row: BoardRow, baseMs: number): number {
  const elapsedMs = row.timeMs - baseMs;
  const scale = scaleOf(row);
  if (scale === undefined || !isWord(elapsedMs)) return encodeExactRow(words, at, number, row);
  const power = powers[scale] as number;
  const price = Math.round(row.price * power);
  let head = number | (scale << scaleShift);
  let next = at + 3;
  words[at + 1] = elapsedMs;
  words[at + 2] = price;
  if (row.bid !== undefined && row.ask !== undefined) {
    const bidOffset = Math.round(row.bid * power) - price;
    const askOffset = Math.round(row.ask * power) - price;
    head |= hasQuote;
    words[next++] = (bidOffset & 0xffff) | (askOffset << 16);
  }
  if (row.dayOpen !== undefined) {
    head |= hasDayOpen;
    words[next++] = Math.round(row.dayOpen * power);
  }
  if (row.dayVolume !== undefined) {
    head |= hasDayVolume;
    doubles[0] = row.dayVolume;
    words[next++] = doubleWords[0] as number;
    words[next++] = doubleWords[1] as number;
  }
  words[at] = head;
  return next - at;
}

/** Price, bid, ask, day volume, day open and time as doubles; not a number where one is absent. */
function encodeExactRow(words: Uint32Array, at: number, number: number, row: BoardRow): number {
  words[at] = number | isExact;
  doubles[0] = row.price;
  doubles[1] = row.bid ?? Number.NaN;
  doubles[2] = row.ask ?? Number.NaN;
  doubles[3] = row.dayVolume ?? Number.NaN;
  doubles[4] = row.dayOpen ?? Number.NaN;
  doubles[5] = row.timeMs;
  words.set(doubleWords, at + 1);
  return maxRowWords;
}

/** The smallest number of decimals that all prices of the row have; `undefined` when they do not fit. */
function scaleOf({ price, bid, ask, dayOpen }: BoardRow): number | undefined {
  if ((bid === undefined) !== (ask === undefined)) return undefined;
  for (let scale = 0; scale <= largestScale; scale += 1) {
    const power = powers[scale] as number;
    const whole = wholeAt(price, power);
    if (whole === undefined) continue;
    if (dayOpen !== undefined && wholeAt(dayOpen, power) === undefined) continue;
    if (bid === undefined || ask === undefined) return scale;
    const [wholeBid, wholeAsk] = [wholeAt(bid, power), wholeAt(ask, power)];
    if (wholeBid === undefined || wholeAsk === undefined) continue;
    return isOffset(wholeBid - whole) && isOffset(wholeAsk - whole) ? scale : undefined;
  }
  return undefined;
}

/** The value times the power where that is a word from which the very same value comes back. */
function wholeAt(value: number, power: number): number | undefined {
  const whole = Math.round(value * power);
  return isWord(whole) && whole / power === value ? whole : undefined;
}

function isWord(value: number): boolean {
  return (value | 0) === value;
}

function isOffset(value: number): boolean {
  return value >= -largestOffset && value <= largestOffset;
}
