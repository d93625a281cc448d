/** Reads the words of a broker's response (https://kafka.apache.org/protocol#protocol_types), one after another. */

const nothing = new Uint8Array(0);

/** Reading on behind the end throws a RangeError. */
export class ResponseReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  int64(): number {
    const high = this.int32();
    return high * 2 ** 32 + (this.int32() >>> 0);
  }

  /** A count of what is only passed over may be any number, so the end is looked for here, too. */
  skip(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new RangeError('a response ends too early');
  }

  string(): string {
    const length = this.int16();
    this.#at += Math.max(0, length);
    return this.#bytes.toString('utf8', this.#at - Math.max(0, length), this.#at);
  }

  /** A plain view: a `Buffer` would be another shape in every reader's hot loop. */
  bytes(): Uint8Array {
    const length = this.int32();
    if (length <= 0) return nothing;
    if (this.#at + length > this.#bytes.length) throw new RangeError(`a response ends within ${length} bytes of records`);
    this.#at += length;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at - length, length);
  }

  array<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left -= 1) items.push(item());
    return items;
  }
}
