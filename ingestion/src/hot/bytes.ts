/** Small work on bytes that is done for each price. */

/** An array of its own, ASCII or UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

/** True when `expected` stands at `at`, before `end`. */
export function standsAt(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): boolean {
  const { length } = expected;
  if (at + length > end) return false;
  for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** What is to be found in other bytes, four at a time. */
export class Needle {
  readonly length: number;
  readonly #words: Int32Array;
  readonly #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#words = Int32Array.from({ length: bytes.length >> 2 }, (_, word) => view.getInt32(word * 4, true));
    this.#rest = bytes.slice(this.#words.length * 4);
  }

  /** True when it stands at `at`, which must be so far before the end. */
  standsAt(view: DataView, at: number): boolean {
    const words = this.#words;
    let place = at;
    for (let word = 0; word < words.length; word += 1) {
      if (view.getInt32(place, true) !== words[word]) return false;
      place += 4;
    }
    const rest = this.#rest;
    for (let index = 0; index < rest.length; index += 1) if (view.getUint8(place + index) !== rest[index]) return false;
    return true;
  }
}

/** Copies all of an array; gives where it ended. */
export function put(into: Uint8Array, at: number, from: Uint8Array): number {
  into.set(from, at);
  return at + from.length;
}

/** Copies a few bytes, `from[start, end)`; gives where it ended. */
export function putPart(into: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  let to = at;
  for (let index = start; index < end; index += 1) {
    into[to] = from[index] as number;
    to += 1;
  }
  return to;
}

/** Writes a whole number of 0 or more, below 2⁵³, in decimal; gives where it ended. */
export function putNumber(into: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits += 1;
  let rest = value;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const tenth = Math.floor(rest / 10);
    into[place] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}
