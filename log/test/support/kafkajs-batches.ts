/** Record batches as kafkajs writes and reads them: the plain twin of our readers and writers. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface EncodedBatch {
  readonly buffer: Buffer;
}

const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as { RecordBatch(batch: object): Promise<EncodedBatch> };
const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (record: object) => object;
const Decoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object;
const decodeMessages = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js') as (
  decoder: object,
) => Promise<readonly Decoded[]>;
const Long = require('kafkajs/src/utils/long.js') as { fromValue(value: string): object };
export const kafkajsCrc32c = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (bytes: Buffer) => number;

interface Decoded {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
}

export interface WrittenRecord {
  /** Beyond the one before; at least 1. */
  readonly step: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<globalThis.Record<string, string>>;
  readonly timestampDelta: number;
}

export interface WrittenBatch {
  readonly records: readonly WrittenRecord[];
  /** Offsets left out before the batch. */
  readonly gap: number;
  readonly gzip: boolean;
  readonly control: boolean;
}

/** One batch, from `firstOffset` on. */
export async function encodeBatch({ records, gzip, control }: WrittenBatch, firstOffset: number): Promise<Buffer> {
  let delta = -1;
  const encoded = records.map(({ step, key, value, headers, timestampDelta }) => {
    delta += step;
    return Record({ offsetDelta: delta, timestampDelta, headers, key: key && Buffer.from(key), value: value && Buffer.from(value) });
  });
  const batch = await RecordBatch({
    compression: gzip ? 1 : 0,
    firstOffset: Long.fromValue(String(firstOffset)),
    firstTimestamp: 1_700_000_000_000,
    maxTimestamp: 1_700_000_000_000,
    lastOffsetDelta: delta,
    records: encoded,
  });
  const bytes = Buffer.from(batch.buffer);
  if (control) bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
  return bytes;
}

/** Offset, key and value of every record that is no mark of a transaction, as kafkajs reads them. */
export async function readByKafkajs(set: Uint8Array): Promise<readonly [number, string | undefined, string | undefined][]> {
  // kafkajs looks for the format before it looks whether there is one.
  if (set.length < 61) return [];
  const sized = Buffer.alloc(4 + set.length);
  sized.writeInt32BE(set.length);
  sized.set(set, 4);
  const messages = await decodeMessages(new Decoder(sized));
  return messages
    .filter(({ isControlRecord }) => !isControlRecord)
    .map(({ offset, key, value }) => [Number(offset), key?.toString('hex'), value?.toString('hex')]);
}
