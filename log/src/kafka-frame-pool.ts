/**
 * The arrays of large responses, used again once their records were. Without it each second of a fast catch-up is some hundred
 * megabytes outside the heap, and each few of them a collection of all garbage: more work than reading the records.
 */

const leastBytes = 131_072;
const mebibyte = 1_048_576;
/** A full response is its records and a little more: room for another one then. */
const spareBytes = 65_536;
const stepBytes = 262_144;
/** A larger array is not given for so little. */
const mostWaste = 4;

export class FramePool {
  readonly #mostBytes: number;
  /** Shortest first. */
  readonly #free: ArrayBuffer[] = [];
  /** Those that were taken and not given back. */
  readonly #taken = new WeakSet<ArrayBufferLike>();
  #freeBytes = 0;

  /** Keeps at most `mostBytes` for later. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** So many bytes, filled with anything. */
  take(bytes: number): Buffer {
    const fits = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [array] = fits >= 0 && this.#sizeAt(fits) <= mostWaste * Math.max(bytes, leastBytes) ? this.#free.splice(fits, 1) : [];
    if (array !== undefined) this.#freeBytes -= array.byteLength;
    const taken = array ?? Buffer.allocUnsafeSlow(sizeFor(bytes)).buffer;
    this.#taken.add(taken);
    return Buffer.from(taken, 0, bytes);
  }

  /** Nobody will look at this array again. Ignores what it has not given out. */
  give(array: ArrayBufferLike): void {
    if (!this.#taken.delete(array) || !(array instanceof ArrayBuffer)) return;
    if (this.#freeBytes + array.byteLength > this.#mostBytes) return;
    const longer = this.#free.findIndex(({ byteLength }) => byteLength > array.byteLength);
    this.#free.splice(longer < 0 ? this.#free.length : longer, 0, array);
    this.#freeBytes += array.byteLength;
  }

  #sizeAt(index: number): number {
    return this.#free[index]?.byteLength ?? 0;
  }
}

function sizeFor(bytes: number): number {
  if (bytes <= mebibyte) return Math.max(leastBytes, 2 ** Math.ceil(Math.log2(bytes)));
  return Math.ceil((bytes + spareBytes) / stepBytes) * stepBytes;
}

/** Of this process. */
export const framePool = new FramePool(32 * mebibyte);
