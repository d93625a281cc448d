/**
 * Records of one partition on their way into the log, in the bytes that Kafka keeps (the records section of a record batch of
 * magic 2), with no object for a record. A block of any length: it begins a new batch where a broker would refuse a longer one.
 */
import { type RecordCursor, type RecordSection, SectionCursor } from './record-cursor.ts';

export interface RecordBlockOptions {
  readonly topic: string;
  readonly partition: number;
}

/** One record batch in the making: `bytes` from `batchStart` to `end`, with room for its header. */
export interface BlockBatch {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly count: number;
}

/** A batch in which a record has begun: who writes it puts the value's bytes from `valueStart` on. */
export interface OpenRecord {
  readonly bytes: Uint8Array;
  readonly valueStart: number;
}

/** Where a batch begins in its array: so that what its checksum covers begins at a multiple of 8. */
export const batchStart = 3;
export const batchHeaderBytes = 61;
/** A broker takes batches of 1 MiB unless told otherwise. */
export const batchBytes = 900_000;

const recordsStart = batchStart + batchHeaderBytes;
const firstCapacity = 16_384;
/** Batches that a block keeps for later: a growing array would be garbage each time. */
const mostSpare = 2;
/** Attributes, time and headers of a record, one byte each; and four numbers of up to five bytes. */
const recordOverheadBytes = 3 + 4 * 5;
/** Lengths of records that are written in place take two bytes, which is so from here on and below there. */
const leastInPlaceBytes = 64;
const mostInPlaceBytes = 8_192;

export class RecordBlock {
  readonly topic: string;
  readonly partition: number;
  readonly #batches: GrowingBatch[] = [];
  /** Emptied ones, to be filled again. */
  readonly #spare: GrowingBatch[] = [];
  /** Holds the record that has begun. */
  #open: GrowingBatch | undefined;

  constructor({ topic, partition }: RecordBlockOptions) {
    this.topic = topic;
    this.partition = partition;
  }

  get count(): number {
    return this.#batches.reduce((sum, { count }) => sum + count, 0);
  }

  /** Size of the records section, of all batches. */
  get byteLength(): number {
    return this.#batches.reduce((sum, { end }) => sum + end - recordsStart, 0);
  }

  /** The batches of the block, in order; not for those who fill it. */
  get batches(): readonly BlockBatch[] {
    return this.#batches;
  }

  /** Adds a record, copying its bytes: the value is `value[valueStart, valueEnd)`, a tombstone when `valueStart` is −1. */
  add(key: Uint8Array | undefined, value: Uint8Array, valueStart: number, valueEnd: number): void {
    const valueLength = valueStart < 0 ? -1 : valueEnd - valueStart;
    this.#batchFor(recordOverheadBytes + (key?.length ?? 0) + Math.max(0, valueLength)).add(key, value, valueStart, valueLength);
  }

  /** Begins a record whose value the caller writes in place, at most so many bytes of it, and then says by {@link end} where it ends. */
  begin(key: Uint8Array, mostValueBytes: number): OpenRecord {
    this.#open = this.#batchFor(recordOverheadBytes + key.length + mostValueBytes);
    this.#open.begin(key, mostValueBytes);
    return this.#open;
  }

  /** @throws RangeError when the value is shorter than 64 bytes or the record longer than 8 KiB. */
  end(valueEnd: number): void {
    this.#open?.finish(valueEnd);
    this.#open = undefined;
  }

  /** Empties the block for the next records; not while it is being appended. */
  clear(): void {
    for (const batch of this.#batches.splice(0)) if (this.#spare.length < mostSpare) this.#spare.push(batch);
  }

  /** A view of the block as of another topic, to be appended. */
  in(topic: string): RecordBlock {
    const view = new RecordBlock({ topic, partition: this.partition });
    view.#batches.push(...this.#batches);
    return view;
  }

  /** The records as a reader will see them, from offset 0 on. */
  cursor(): RecordCursor {
    let baseOffset = 0;
    const sections = this.#batches.map(({ bytes, end, count }): RecordSection => {
      const section = { bytes, start: recordsStart, end, baseOffset };
      baseOffset += count;
      return section;
    });
    return new SectionCursor(sections, 0, Number.MAX_SAFE_INTEGER);
  }

  /** The last batch, or a new one where it has no room for so many bytes. */
  #batchFor(most: number): GrowingBatch {
    const last = this.#batches.at(-1);
    return last === undefined || (last.count > 0 && last.end - batchStart + most > batchBytes) ? this.#begin() : last;
  }

  #begin(): GrowingBatch {
    const batch = this.#spare.pop() ?? new GrowingBatch();
    batch.clear();
    this.#batches.push(batch);
    return batch;
  }
}

/** The records of a batch as a reader will see them, the first at `baseOffset`. */
export function cursorOf({ bytes, end }: BlockBatch, baseOffset: number): RecordCursor {
  return new SectionCursor([{ bytes, start: recordsStart, end, baseOffset }], 0, Number.MAX_SAFE_INTEGER);
}

class GrowingBatch implements BlockBatch {
  bytes: Uint8Array = new Uint8Array(firstCapacity);
  end = recordsStart;
  count = 0;
  /** Of the record that has begun. */
  valueStart = 0;

  clear(): void {
    this.end = recordsStart;
    this.count = 0;
  }

  add(key: Uint8Array | undefined, value: Uint8Array, valueStart: number, valueLength: number): void {
    const keyLength = key === undefined ? -1 : key.length;
    const bodyBytes =
      3 + varintBytes(this.count) + varintBytes(keyLength) + Math.max(0, keyLength) + varintBytes(valueLength) + Math.max(0, valueLength);
    this.#makeRoom(5 + bodyBytes);
    const { bytes } = this;
    let at = putVarint(bytes, this.end, bodyBytes);
    bytes[at] = 0;
    bytes[at + 1] = 0;
    at = putVarint(bytes, at + 2, this.count);
    at = putVarint(bytes, at, keyLength);
    if (key !== undefined) at = putBytes(bytes, at, key, 0, keyLength);
    at = putVarint(bytes, at, valueLength);
    if (valueLength > 0) at = putBytes(bytes, at, value, valueStart, valueLength);
    bytes[at] = 0;
    this.end = at + 1;
    this.count += 1;
  }

  begin(key: Uint8Array, mostValueBytes: number): void {
    this.#makeRoom(recordOverheadBytes + key.length + mostValueBytes);
    const { bytes } = this;
    let at = this.end + 2;
    bytes[at] = 0;
    bytes[at + 1] = 0;
    at = putVarint(bytes, at + 2, this.count);
    at = putVarint(bytes, at, key.length);
    this.valueStart = putBytes(bytes, at, key, 0, key.length) + 2;
  }

  finish(valueEnd: number): void {
    const { bytes, valueStart } = this;
    const valueLength = valueEnd - valueStart;
    const bodyBytes = valueEnd + 1 - (this.end + 2);
    if (valueLength < leastInPlaceBytes || bodyBytes >= mostInPlaceBytes)
      throw new RangeError(`a record in place must have a value of 64 bytes and be below 8 KiB, was ${valueLength} and ${bodyBytes} bytes`);
    putVarint(bytes, this.end, bodyBytes);
    putVarint(bytes, valueStart - 2, valueLength);
    bytes[valueEnd] = 0;
    this.end = valueEnd + 1;
    this.count += 1;
  }

  #makeRoom(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, Math.min(this.bytes.length * 4, batchBytes + 8_192)));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }
}

const shortBytes = 48;
/** Of any bytes, and without a view for each record. */
const { copy } = Buffer.prototype;

/** Copies; gives where it ended. */
function putBytes(into: Uint8Array, at: number, from: Uint8Array, start: number, length: number): number {
  if (length > shortBytes) copy.call(from as Buffer, into, at, start, start + length);
  else for (let index = 0; index < length; index += 1) into[at + index] = from[start + index] as number;
  return at + length;
}

function varintBytes(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  if (raw < 0x80) return 1;
  if (raw < 0x4000) return 2;
  if (raw < 0x20_0000) return 3;
  return raw < 0x1000_0000 ? 4 : 5;
}

function putVarint(into: Uint8Array, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  let end = at;
  while (raw >= 0x80) {
    into[end] = (raw & 0x7f) | 0x80;
    end += 1;
    raw >>>= 7;
  }
  into[end] = raw;
  return end + 1;
}
