/**
 * The arrays of large responses, used again once their records were. Without it each second of a fast catch-up is some hundred
 * megabytes outside the heap, and each few of them a collection of all garbage: more work than reading the records.
 */

const leastBytes = 131_072;

export class FramePool {
  readonly #mostBytes: number;
  readonly #free = new Map<number, ArrayBuffer[]>();
  /** Those that were taken and not given back. */
  readonly #taken = new WeakSet<ArrayBufferLike>();
  #freeBytes = 0;

  /** Keeps at most `mostBytes` for later. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** So many bytes, filled with anything. */
  take(bytes: number): Buffer {
    const size = Math.max(leastBytes, 2 ** Math.ceil(Math.log2(bytes)));
    const array = this.#free.get(size)?.pop();
    if (array !== undefined) this.#freeBytes -= size;
    const taken = array ?? Buffer.allocUnsafeSlow(size).buffer;
    this.#taken.add(taken);
    return Buffer.from(taken, 0, bytes);
  }

  /** Nobody will look at this array again. Ignores what it has not given out. */
  give(array: ArrayBufferLike): void {
    if (!this.#taken.delete(array) || !(array instanceof ArrayBuffer)) return;
    const size = array.byteLength;
    if (this.#freeBytes + size > this.#mostBytes) return;
    const free = this.#free.get(size) ?? [];
    free.push(array);
    this.#free.set(size, free);
    this.#freeBytes += size;
  }
}

/** Of this process. */
export const framePool = new FramePool(32 * 1_048_576);
