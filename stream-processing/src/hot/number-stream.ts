/** Numbers one after the other, as they stand in a snapshot: eight bytes each, little-endian as every machine that Node runs on. */
import { enlarged } from './growing.ts';

export class NumberWriter {
  #numbers: Float64Array;
  #length = 0;

  /** @param expected about how many there will be */
  constructor(expected = 4_096) {
    this.#numbers = new Float64Array(expected);
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  add(value: number): void {
    if (this.#length === this.#numbers.length) this.#grow(1);
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }

  /** Adds `from[start, end)`. */
  addRow(from: Float64Array, start: number, end: number): void {
    if (this.#length + end - start > this.#numbers.length) this.#grow(end - start);
    for (let index = start; index < end; index += 1) this.#numbers[this.#length + index - start] = from[index] as number;
    this.#length += end - start;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#numbers.buffer, 0, this.#length * 8);
  }

  #grow(more: number): void {
    this.#numbers = enlarged(this.#numbers, new Float64Array(Math.max(2 * this.#numbers.length, this.#length + more)));
  }
}

/** Reads what a `NumberWriter` wrote. */
export class NumberReader {
  readonly #numbers: Float64Array;
  #at = 0;

  /** @param bytes whole numbers of eight bytes, at any place in their buffer */
  constructor(bytes: Uint8Array) {
    // Not `slice()`: of a Buffer, which is what stores give, that is no copy but a view of whatever else is in memory there.
    this.#numbers = new Float64Array(new Uint8Array(bytes).buffer);
  }

  get isAtEnd(): boolean {
    return this.left === 0;
  }

  /** How many were not read yet. */
  get left(): number {
    return this.#numbers.length - this.#at;
  }

  /** @throws RangeError when nothing is left. */
  next(): number {
    if (this.#at >= this.#numbers.length) throw new RangeError('it ends too early');
    this.#at += 1;
    return this.#numbers[this.#at - 1] as number;
  }

  /** The next `count` of them, where they stand. @throws RangeError when `count` is none, or there are not so many. */
  nextNumbers(count: number): Float64Array {
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`a count of numbers must be a whole number from 0 on, was ${count}`);
    if (count > this.left) throw new RangeError(`it ends too early: ${count} numbers are said to follow, there are ${this.left}`);
    this.#at += count;
    return this.#numbers.subarray(this.#at - count, this.#at);
  }
}
