/**
 * Numbers in few bytes. Integers take seven bits to a byte; a double that is nearly a decimal (a sum of prices, a spread) takes the
 * decimal and how many steps of its last bit it is off; whatever else takes its eight bytes. What is read is what was written.
 */

const powers = Float64Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));
const exactTag = 0x00;
const offTag = 0x10;
const rawTag = 0x20;
/** Steps of the last bit that are still cheaper told than the eight bytes. */
const mostSteps = 1 << 24;
const huge = 2 ** 50;

/** One double and its halves. */
const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);
const octets = new Uint8Array(double.buffer);

export class PackedWriter {
  /** Enough for any row; what was written stands in `bytes[0, length)`. */
  readonly bytes = new Uint8Array(512);
  length = 0;

  byte(value: number): void {
    this.bytes[this.length] = value;
    this.length += 1;
  }

  /** A whole number from 0 to 2^53. */
  whole(value: number): void {
    const { bytes } = this;
    let at = this.length;
    let rest = value;
    while (rest > 0x7fffffff) {
      const high = Math.floor(rest / 128);
      bytes[at] = (rest - high * 128) | 128;
      at += 1;
      rest = high;
    }
    while (rest > 127) {
      bytes[at] = (rest & 127) | 128;
      at += 1;
      rest >>>= 7;
    }
    bytes[at] = rest;
    this.length = at + 1;
  }

  /** A whole number of either sign; a huge one takes its eight bytes. */
  signed(value: number): void {
    if (value > -huge && value < huge) return this.whole(value < 0 ? -2 * value : 2 * value + 1);
    this.whole(0);
    this.raw(value);
  }

  raw(value: number): void {
    double[0] = value;
    for (let index = 0; index < 8; index += 1) this.byte(octets[index] as number);
  }

  /** Any double; cheap when it is near a decimal with `places` digits after the point. */
  near(value: number, places: number): void {
    const mantissa = Math.round(value * (powers[places] as number));
    if (!(mantissa >= 0 && mantissa < 9e15)) return this.far(value);
    const decimal = mantissa / (powers[places] as number);
    if (decimal === value) {
      this.byte(exactTag | places);
      return this.whole(mantissa);
    }
    double[0] = value;
    const low = halves[0] as number;
    const high = halves[1] as number;
    double[0] = decimal;
    const steps = (low >>> 0) - ((halves[0] as number) >>> 0) + (high - (halves[1] as number)) * 4_294_967_296;
    if (!(steps < mostSteps && steps > -mostSteps)) return this.far(value);
    this.byte(offTag | places);
    this.whole(mantissa);
    this.signed(steps);
  }

  far(value: number): void {
    this.byte(rawTag);
    this.raw(value);
  }
}

export class PackedReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  byte(): number {
    this.at += 1;
    return this.bytes[this.at - 1] as number;
  }

  whole(): number {
    const { bytes } = this;
    let at = this.at;
    let value = 0;
    let shift = 0;
    let byte = bytes[at] as number;
    while (byte > 127 && shift < 21) {
      value |= (byte & 127) << shift;
      shift += 7;
      at += 1;
      byte = bytes[at] as number;
    }
    let factor = 2 ** shift;
    while (byte > 127) {
      value += (byte & 127) * factor;
      factor *= 128;
      at += 1;
      byte = bytes[at] as number;
    }
    this.at = at + 1;
    return value + byte * factor;
  }

  signed(): number {
    const value = this.whole();
    if (value === 0) return this.raw();
    return value % 2 === 0 ? -value / 2 : (value - 1) / 2;
  }

  raw(): number {
    for (let index = 0; index < 8; index += 1) octets[index] = this.byte();
    return double[0] as number;
  }

  near(): number {
    const tag = this.byte();
    if (tag === rawTag) return this.raw();
    const decimal = this.whole() / (powers[tag & 15] as number);
    if (tag < offTag) return decimal;
    const steps = this.signed();
    double[0] = decimal;
    const low = ((halves[0] as number) >>> 0) + steps;
    const carry = Math.floor(low / 4_294_967_296);
    halves[0] = (low - carry * 4_294_967_296) | 0;
    halves[1] = (halves[1] as number) + carry;
    return double[0] as number;
  }
}

/** The fewest digits after the point with which a price is written, at least `from`; −1 when it takes more than eight or is too large. */
export function placesOf(price: number, from: number): number {
  for (let places = from; places <= 8; places += 1) {
    const power = powers[places] as number;
    const mantissa = Math.round(price * power);
    if (mantissa > 4e15) return -1;
    if (mantissa / power === price) return places;
  }
  return -1;
}

/** The whole number that a price is with so many digits after the point, and back. */
export function mantissaOf(price: number, places: number): number {
  return Math.round(price * (powers[places] as number));
}

export function priceOf(mantissa: number, places: number): number {
  return mantissa / (powers[places] as number);
}
