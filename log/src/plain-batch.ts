/** A batch of records that are objects already. */
import type { LogBatch, LogRecord, RecordCursor } from './market-log.ts';

export interface PlainBatchOptions {
  readonly topic: string;
  readonly partition: number;
  /** At least one. */
  readonly records: readonly LogRecord[];
  readonly highWatermark: number;
  /** @default the last record's */
  readonly lastOffset?: number;
}

/** Makes a batch of records. */
export function plainBatch({ topic, partition, records, highWatermark, lastOffset }: PlainBatchOptions): LogBatch {
  return {
    topic,
    partition,
    records,
    highWatermark,
    lastOffset: lastOffset ?? records.at(-1)?.offset ?? -1,
    byteLength: records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
    cursor: () => new PlainCursor(records),
    tail: () => new PlainCursor(records.slice(-1)),
    release: () => {},
  };
}

/** The same batch under another topic's name. */
export function renamedBatch(batch: LogBatch, topic: string): LogBatch {
  const { partition, lastOffset, byteLength, highWatermark } = batch;
  return {
    topic,
    partition,
    lastOffset,
    byteLength,
    highWatermark,
    get records() {
      return batch.records;
    },
    cursor: () => batch.cursor(),
    tail: () => batch.tail(),
    release: () => batch.release(),
  };
}

/** A walk over records that are objects. */
export function plainCursor(records: readonly LogRecord[]): RecordCursor {
  return new PlainCursor(records);
}

const noBytes = new Uint8Array(0);

class PlainCursor implements RecordCursor {
  offset = -1;
  bytes: Uint8Array = noBytes;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  readonly #records: readonly LogRecord[];
  #index = 0;

  constructor(records: readonly LogRecord[]) {
    this.#records = records;
  }

  next(): boolean {
    const record = this.#records[this.#index];
    if (record === undefined) return false;
    this.#index += 1;
    const { offset, key = noBytes, value = noBytes } = record;
    this.offset = offset;
    this.bytes = key.length === 0 ? value : value.length === 0 ? key : joined(key, value);
    this.keyStart = record.key === undefined ? -1 : 0;
    this.keyEnd = record.key === undefined ? -1 : key.length;
    this.valueStart = record.value === undefined ? -1 : key.length;
    this.valueEnd = record.value === undefined ? -1 : key.length + value.length;
    return true;
  }

  /** Records that are objects lie in no row. */
  rest(): undefined {
    return undefined;
  }

  skip(): void {}
}

/** Both in one array, for a cursor has one. */
function joined(key: Uint8Array, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(key.length + value.length);
  bytes.set(key);
  bytes.set(value, key.length);
  return bytes;
}
