/** Small work on bytes that is done for each price: loops, for a call into the runtime costs more than a few dozen bytes do. */

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

/** Copies all of a short array; gives where it ended. */
export function put(into: Uint8Array, at: number, from: Uint8Array): number {
  const { length } = from;
  for (let index = 0; index < length; index += 1) into[at + index] = from[index] as number;
  return at + length;
}

/** Copies `from[start, end)`; gives where it ended. */
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
