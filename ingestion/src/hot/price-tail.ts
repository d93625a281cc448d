/**
 * Reads the part of a price message that changes, from its stamp to its end, without making anything of it:
 * `1592249566,"price":342.0157,"bid":341.9,"ask":342.1,"day_volume":27631112}`, bid and ask both or neither, the volume or not.
 *
 * Only numbers are taken that JavaScript writes as they stand (no exponent, no superfluous zero, at most 15 digits): their bytes may be copied
 * where the plain way would parse the text and write the number. All else is left to the plain way.
 */
import { bytesOf, standsAt } from './bytes.ts';

const priceName = bytesOf(',"price":');
const bidName = bytesOf(',"bid":');
const askName = bytesOf(',"ask":');
const volumeName = bytesOf(',"day_volume":');
const zero = 48;
const nine = 57;
const point = 46;
const closing = 125;
const stampDigits = 10;
const mostDigits = 15;
/** JavaScript writes smaller numbers with an exponent. */
const mostLeadingZeros = 5;

export class PriceTail {
  /** In seconds. */
  stamp = 0;
  stampEnd = 0;
  priceStart = 0;
  priceEnd = 0;
  /** −1 without bid and ask. */
  bidStart = -1;
  bidEnd = -1;
  askStart = -1;
  askEnd = -1;
  /** −1 without a volume. */
  volumeStart = -1;
  volumeEnd = -1;

  /** True when `bytes[at, end)` is such a tail and nothing more; the fields then say where its numbers are. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (!this.#readStamp(bytes, at, end)) return false;
    let next = this.stampEnd;
    if (!standsAt(bytes, next, end, priceName)) return false;
    this.priceStart = next + priceName.length;
    next = numberEnd(bytes, this.priceStart, end);
    this.priceEnd = next;
    if (next < 0) return false;
    this.bidStart = -1;
    this.askStart = -1;
    this.volumeStart = -1;
    if (standsAt(bytes, next, end, bidName)) {
      this.bidStart = next + bidName.length;
      next = numberEnd(bytes, this.bidStart, end);
      this.bidEnd = next;
      if (next < 0 || !standsAt(bytes, next, end, askName)) return false;
      this.askStart = next + askName.length;
      next = numberEnd(bytes, this.askStart, end);
      this.askEnd = next;
      if (next < 0) return false;
    }
    if (standsAt(bytes, next, end, volumeName)) {
      this.volumeStart = next + volumeName.length;
      next = numberEnd(bytes, this.volumeStart, end);
      this.volumeEnd = next;
      if (next < 0) return false;
    }
    return next === end - 1 && bytes[next] === closing;
  }

  #readStamp(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end || bytes[at] === zero) return false;
    let stamp = 0;
    let next = at;
    for (; next < end; next += 1) {
      const digit = (bytes[next] as number) - zero;
      if (digit < 0 || digit > 9) break;
      stamp = stamp * 10 + digit;
    }
    this.stamp = stamp;
    this.stampEnd = next;
    return next > at && next - at <= stampDigits;
  }
}

/** Where a number above 0 ends that JavaScript would write so; −1 when none begins at `at`. */
export function numberEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  let digits = 0;
  if (next < end && bytes[next] === zero) next += 1;
  else {
    next = digitsEnd(bytes, at, end);
    digits = next - at;
    if (digits === 0) return -1;
  }
  if (next < end && bytes[next] === point) {
    const fraction = next + 1;
    next = digitsEnd(bytes, fraction, end);
    if (next === fraction || bytes[next - 1] === zero) return -1;
    let significant = fraction;
    if (digits === 0) while (bytes[significant] === zero) significant += 1;
    if (significant - fraction > mostLeadingZeros) return -1;
    digits += next - significant;
  }
  return digits === 0 || digits > mostDigits ? -1 : next;
}

function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && (bytes[next] as number) >= zero && (bytes[next] as number) <= nine) next += 1;
  return next;
}
