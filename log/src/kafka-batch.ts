/** Batches of the log as views on what a broker sent. */
import { PipelineError } from '@tapeline/core/errors';
import { crc32c } from './kafka-crc32c.ts';
import { decompressRecords } from './kafka-wire.ts';
import type { LogBatch, LogRecord, RecordCursor } from './market-log.ts';
import { type RecordSection, SectionCursor } from './record-cursor.ts';

/** The record batches that one partition sent. */
export interface RecordSet {
  /** Those that carry records, in order. */
  readonly sections: readonly RecordSection[];
  /** Behind the last record, a mark of a transaction or a hole; −1 when there was not one whole batch. */
  readonly nextOffset: number;
  /** The leader's, of the first and of the last batch; −1 where it is not known. */
  readonly firstEpoch: number;
  readonly lastEpoch: number;
}

const headerBytes = 61;
/** The checksum covers what follows it. */
const checkedFrom = 21;
const controlBit = 0x20;
const compressionMask = 0x07;

/**
 * Finds the batches in a record set, decompressed; a last one that is cut off ends it. A broker compares checksums of what it is given,
 * not of what it sends.
 * @throws PipelineError `log.unavailable` (final) for a format that is too old, a compression without a codec, a damaged length or,
 * where they are compared, another checksum.
 */
export async function recordSet(bytes: Uint8Array, { checkCrcs = false } = {}): Promise<RecordSet> {
  const sections: RecordSection[] = [];
  let nextOffset = -1;
  let firstEpoch = -1;
  let lastEpoch = -1;
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const end = at + 12 + int32(bytes, at + 8);
    if (end > bytes.length) break;
    if (bytes[at + 16] !== 2) throw tooOld(bytes[at + 16]);
    const baseOffset = int64(bytes, at);
    if (end < at + headerBytes) throw tooShort(baseOffset);
    if (checkCrcs && crc32c(bytes, at + checkedFrom, end) !== int32(bytes, at + 17) >>> 0) throw damaged(baseOffset);
    const attributes = bytes[at + 22] as number;
    nextOffset = baseOffset + int32(bytes, at + 23) + 1;
    lastEpoch = int32(bytes, at + 12);
    if (at === 0) firstEpoch = lastEpoch;
    const carries = (attributes & controlBit) === 0 && int32(bytes, at + 57) > 0;
    const compression = attributes & compressionMask;
    if (carries && compression === 0) sections.push({ bytes, start: at + headerBytes, end, baseOffset });
    else if (carries) {
      const plain = await decompressRecords(compression, bytes.subarray(at + headerBytes, end));
      sections.push({ bytes: plain, start: 0, end: plain.length, baseOffset });
    }
    at = end;
  }
  return { sections, nextOffset, firstEpoch, lastEpoch };
}

export interface SectionBatchOptions {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  readonly set: Pick<RecordSet, 'sections' | 'nextOffset'>;
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Called once when nobody needs the set any more. @default nothing */
  readonly release?: () => void;
}

/** The records of a record set in `[fromOffset, toOffset)`; `undefined` when there are none. */
export function sectionBatch(options: SectionBatchOptions): LogBatch | undefined {
  const batch = new SectionBatch(options);
  return batch.cursor().next() ? batch : undefined;
}

class SectionBatch implements LogBatch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  readonly lastOffset: number;
  readonly byteLength: number;
  readonly #options: SectionBatchOptions;
  #records: readonly LogRecord[] | undefined;
  #released = false;

  constructor(options: SectionBatchOptions) {
    const { topic, partition, highWatermark, set, toOffset } = options;
    this.#options = options;
    this.topic = topic;
    this.partition = partition;
    this.highWatermark = highWatermark;
    this.lastOffset = Math.min(set.nextOffset, toOffset) - 1;
    this.byteLength = set.sections.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  get records(): readonly LogRecord[] {
    this.#records ??= recordsOf(this.cursor());
    return this.#records;
  }

  cursor(): RecordCursor {
    return this.#cursorOf(this.#options.set.sections);
  }

  tail(): RecordCursor {
    return this.#cursorOf(this.#options.set.sections.slice(-1));
  }

  #cursorOf(sections: readonly RecordSection[]): RecordCursor {
    const { fromOffset, toOffset } = this.#options;
    return new SectionCursor(this.#released ? [] : sections, fromOffset, toOffset);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#options.release?.();
  }
}

function recordsOf(cursor: RecordCursor): readonly LogRecord[] {
  const records: LogRecord[] = [];
  while (cursor.next()) {
    const { offset, bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    records.push({
      offset,
      key: keyStart < 0 ? undefined : bytes.subarray(keyStart, keyEnd),
      value: valueStart < 0 ? undefined : bytes.subarray(valueStart, valueEnd),
    });
  }
  return records;
}

function tooOld(magic: number | undefined): PipelineError {
  const message = `records in message format ${magic ?? 'unknown'} cannot be read, expected format 2: copy the topic with a broker of Kafka 0.11 or newer`;
  return new PipelineError('log.unavailable', message, { retriable: false, fields: { magic } });
}

function tooShort(baseOffset: number): PipelineError {
  const message = `the record batch from offset ${baseOffset} on is damaged, expected a length of ${headerBytes} bytes or more`;
  return new PipelineError('log.unavailable', message, { retriable: false, fields: { baseOffset } });
}

function damaged(baseOffset: number): PipelineError {
  const message =
    `the record batch from offset ${baseOffset} on is damaged, its checksum differs: start again in case it was the network; ` +
    "else make another replica the partition's leader, and check the broker's disk";
  return new PipelineError('log.unavailable', message, { retriable: false, fields: { baseOffset } });
}

function int32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}

/** A safe integer, as offsets are. */
function int64(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) * 2 ** 32 + (int32(bytes, at + 4) >>> 0);
}
