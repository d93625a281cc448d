/** Reads a Fetch response (version 11, https://kafka.apache.org/protocol#The_Messages_Fetch) and leaves its records where they are. */

/** One partition of a response. */
export interface RawPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  /** Record batches, the last one possibly cut off; a view on the response. */
  readonly recordSet: Uint8Array;
}

export interface RawFetchResponse {
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly RawPartition[] }[];
}

/** @throws RangeError when the bytes end before the response does. */
export function decodeFetchResponse(bytes: Buffer): RawFetchResponse {
  const reader = new Reader(bytes);
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  reader.skip(4);
  const responses = reader.array(() => ({ topicName: reader.string(), partitions: reader.array(() => rawPartition(reader)) }));
  return { clientSideThrottleTime, errorCode, responses };
}

function rawPartition(reader: Reader): RawPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  // Last stable offset, and the log's start.
  reader.skip(16);
  // Aborted transactions: we read uncommitted.
  reader.array(() => reader.skip(16));
  // Preferred replica.
  reader.skip(4);
  return { partition, errorCode, highWatermark, recordSet: reader.bytes() };
}

const nothing = new Uint8Array(0);

class Reader {
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
    if (this.#at > this.#bytes.length) throw new RangeError('a fetch response ends too early');
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
    if (this.#at + length > this.#bytes.length) throw new RangeError(`a fetch response ends within ${length} bytes of records`);
    this.#at += length;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at - length, length);
  }

  array<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left -= 1) items.push(item());
    return items;
  }
}
