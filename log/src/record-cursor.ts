/**
 * Reads records where they lie, in the bytes of Kafka's record batches (magic 2): variable-length numbers as plain numbers, no
 * object for a record. The records section of a batch is https://kafka.apache.org/documentation/#record; times and headers of
 * records are passed over.
 */
import { PipelineError } from '@tapeline/core/errors';

/**
 * Walks the records of a batch in place, without an object for each. After `next()` gave true the fields describe that record
 * until the next call; before the first call and after the last they mean nothing.
 */
export interface RecordCursor {
  next(): boolean;
  readonly offset: number;
  /** Where the record lies; may be another array after each `next()`. Lives as long as its batch is used. */
  readonly bytes: Uint8Array;
  /** −1: no key. */
  readonly keyStart: number;
  readonly keyEnd: number;
  /** −1: a tombstone. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /**
   * The records from the next one on, as far as they lie in a row, for who walks them by himself and then says by `skip` how many bytes
   * he went; `undefined` at the end, and where records do not lie so.
   */
  rest(): RecordRun | undefined;
  /** Passes so many bytes of whole records of what `rest` gave. */
  skip(byteLength: number): void;
}

/** Records in a row, in the bytes of a record batch's records section. */
export interface RecordRun extends RecordSection {
  /** Records before it are not asked for. */
  readonly fromOffset: number;
  /** Exclusive. */
  readonly toOffset: number;
}

/** The records of one batch, uncompressed. */
export interface RecordSection {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** What the records' offset deltas are added to. */
  readonly baseOffset: number;
}

const noBytes = new Uint8Array(0);

/** Gives the records of `sections`, one after another, whose offset is in `[fromOffset, toOffset)`. */
export class SectionCursor implements RecordCursor {
  offset = -1;
  bytes: Uint8Array = noBytes;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  readonly #sections: readonly RecordSection[];
  readonly #fromOffset: number;
  readonly #toOffset: number;
  #nextSection = 0;
  #at = 0;
  #end = 0;
  #baseOffset = 0;

  constructor(sections: readonly RecordSection[], fromOffset: number, toOffset: number) {
    this.#sections = sections;
    this.#fromOffset = fromOffset;
    this.#toOffset = toOffset;
  }

  /** @throws PipelineError `log.unavailable` (final) when the bytes are no records. */
  next(): boolean {
    for (;;) {
      while (this.#at >= this.#end) if (!this.#openSection()) return false;
      const { bytes } = this;
      const start = afterVarint(bytes, this.#at);
      const end = start + varintAt(bytes, this.#at);
      // One byte of attributes, then the time.
      let at = afterVarint(bytes, start + 1);
      const offset = this.#baseOffset + varintAt(bytes, at);
      at = afterVarint(bytes, at);
      const keyLength = varintAt(bytes, at);
      const keyStart = afterVarint(bytes, at);
      const keyEnd = keyStart + Math.max(0, keyLength);
      const valueLength = varintAt(bytes, keyEnd);
      const valueStart = afterVarint(bytes, keyEnd);
      const valueEnd = valueStart + Math.max(0, valueLength);
      if (end > this.#end || valueEnd > end || keyEnd > end) throw this.#damaged();
      this.#at = end;
      if (offset < this.#fromOffset) continue;
      if (offset >= this.#toOffset) return this.#finish();
      this.offset = offset;
      this.keyStart = keyLength < 0 ? -1 : keyStart;
      this.keyEnd = keyEnd;
      this.valueStart = valueLength < 0 ? -1 : valueStart;
      this.valueEnd = valueEnd;
      return true;
    }
  }

  rest(): RecordRun | undefined {
    while (this.#at >= this.#end) if (!this.#openSection()) return undefined;
    const { bytes } = this;
    return {
      bytes,
      start: this.#at,
      end: this.#end,
      baseOffset: this.#baseOffset,
      fromOffset: this.#fromOffset,
      toOffset: this.#toOffset,
    };
  }

  skip(byteLength: number): void {
    this.#at += byteLength;
  }

  #openSection(): boolean {
    const section = this.#sections[this.#nextSection];
    if (section === undefined) return false;
    this.#nextSection += 1;
    this.bytes = section.bytes;
    this.#at = section.start;
    this.#end = section.end;
    this.#baseOffset = section.baseOffset;
    return true;
  }

  #finish(): false {
    this.#at = this.#end;
    this.#nextSection = this.#sections.length;
    return false;
  }

  #damaged(): PipelineError {
    return new PipelineError('log.unavailable', `the record batch from offset ${this.#baseOffset} on is damaged, expected whole records`, {
      retriable: false,
      fields: { baseOffset: this.#baseOffset },
    });
  }
}

/** A zigzag-encoded number of at most 32 bits. Beyond the end there are zeros. */
function varintAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return (first >>> 1) ^ -(first & 1);
  const second = bytes[at + 1] as number;
  const low = (first & 0x7f) | ((second & 0x7f) << 7);
  if (second < 0x80) return (low >>> 1) ^ -(low & 1);
  return longVarintAt(bytes, at + 2, low);
}

function longVarintAt(bytes: Uint8Array, from: number, low: number): number {
  let raw = low;
  let shift = 14;
  for (let at = from; shift < 35; at += 1, shift += 7) {
    const byte = bytes[at] as number;
    raw |= (byte & 0x7f) << shift;
    if (!(byte >= 0x80)) break;
  }
  return (raw >>> 1) ^ -(raw & 1);
}

/** Behind the number at `at`, which may have up to 64 bits. */
function afterVarint(bytes: Uint8Array, at: number): number {
  let end = at;
  while ((bytes[end] as number) >= 0x80) end += 1;
  return end + 1;
}
