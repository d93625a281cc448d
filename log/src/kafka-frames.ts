/**
 * Reads Kafka's frames (four bytes of length, then so many) from a socket, each into one array of its own: what is large goes from the
 * kernel to where it stays. kafkajs alone makes an array of each 64 KiB and copies them together.
 */

import { framePool } from './kafka-frame-pool.ts';

const scratchBytes = 65_536;
const lengthBytes = 4;
/** Nothing that a broker answers us is longer; text of another protocol, read as a length, is, and so is an alert of TLS (0x15030300). */
const mostFrameBytes = 2 ** 27;

export class FrameReader {
  readonly #give: (frame: Buffer) => void;
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  /** What of the scratch is filled: the beginning of a frame. */
  #filled = 0;
  /** A frame that the scratch does not hold, and how much of it is there. */
  #frame: Buffer | undefined;
  #frameFilled = 0;

  /** `give` gets each frame whole, its length included, in order. */
  constructor(give: (frame: Buffer) => void) {
    this.#give = give;
  }

  /** Where the next bytes are to be put. */
  readonly room = (): Uint8Array =>
    this.#frame === undefined ? this.#scratch.subarray(this.#filled) : this.#frame.subarray(this.#frameFilled);

  /** So many bytes were put into the `room`. @throws RangeError when they are no frames. */
  took(bytes: number): void {
    if (this.#frame === undefined) {
      this.#filled += bytes;
      this.#giveFromScratch();
      return;
    }
    this.#frameFilled += bytes;
    if (this.#frameFilled < this.#frame.length) return;
    const frame = this.#frame;
    this.#frame = undefined;
    this.#give(frame);
  }

  #giveFromScratch(): void {
    let at = 0;
    while (this.#filled - at >= lengthBytes) {
      const length = lengthBytes + this.#lengthAt(at);
      if (this.#filled - at < length) break;
      this.#give(Buffer.from(this.#scratch.subarray(at, at + length)));
      at += length;
    }
    this.#scratch.copyWithin(0, at, this.#filled);
    this.#filled -= at;
    if (this.#filled >= lengthBytes) this.#beginLarge(lengthBytes + this.#lengthAt(0));
  }

  #beginLarge(length: number): void {
    if (length <= scratchBytes) return;
    this.#frame = framePool.take(length);
    this.#scratch.copy(this.#frame, 0, 0, this.#filled);
    this.#frameFilled = this.#filled;
    this.#filled = 0;
  }

  #lengthAt(at: number): number {
    const length = this.#scratch.readInt32BE(at);
    if (length < 0 || length > mostFrameBytes)
      throw new RangeError(`a frame of ${length} bytes is not one of Kafka's: is this a Kafka broker?`);
    return length;
  }
}
