/** Numbers one after the other, as they stand in a snapshot: eight bytes each, little-endian as every machine that Node runs on. */
import { enlarged } from './growing.ts';

/** One array is to do for some that are about as long as each other. */
const slack = 1.1;

export class NumberWriter {
  #numbers = new Float64Array(0);
  #lead = 0;
  #length = 0;

  /**
   * Begins anew, in the same array: what `bytes` gave before is lost.
   * @param expected about how many there will be
   * @param leadBytes room for what stands before them
   */
  begin(expected: number, leadBytes = 0): void {
    this.#lead = leadBytes;
    this.#length = Math.ceil(leadBytes / 8);
    if (this.#numbers.length < this.#length + expected) this.#numbers = new Float64Array(this.#length + Math.ceil(slack * expected));
  }

  /** For how many there is memory. */
  get capacity(): number {
    return this.#numbers.length;
  }

  /** How many there are. */
  get length(): number {
    return this.#length - Math.ceil(this.#lead / 8);
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

  /** What stands before them, which is the caller's to write, and they: a view of a larger array. */
  bytes(): Uint8Array {
    const start = Math.ceil(this.#lead / 8) * 8 - this.#lead;
    return new Uint8Array(this.#numbers.buffer, start, this.#length * 8 - start);
  }

  #grow(more: number): void {
    this.#numbers = enlarged(this.#numbers, new Float64Array(Math.max(Math.ceil(1.5 * this.#numbers.length), this.#length + more)));
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
