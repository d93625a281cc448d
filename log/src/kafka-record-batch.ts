/** Makes a block's batch ready for a broker: the header of https://kafka.apache.org/documentation/#recordbatch before its records. */
import { crc32c } from './kafka-crc32c.ts';
import { type BlockBatch, batchHeaderBytes, batchStart } from './record-block.ts';

/** Under what number a producer writes. */
export interface ProducerIdentity {
  /** 64 bits. */
  readonly producerId: bigint;
  readonly epoch: number;
}

export interface SealOptions extends ProducerIdentity {
  /** Of the first record, below 2³¹. */
  readonly sequence: number;
  readonly timeMs: number;
}

const checksumAt = 17;
const checkedFrom = 21;

/** Writes the header into the room before the records; gives the whole batch, a view. */
export function sealBatch({ bytes, end, count }: BlockBatch, { producerId, epoch, sequence, timeMs }: SealOptions): Buffer {
  const batch = Buffer.from(bytes.buffer, bytes.byteOffset + batchStart, end - batchStart);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  // No leader epoch; magic 2; the checksum comes last; no attributes.
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(2, 16);
  batch.writeInt16BE(0, checkedFrom);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(timeMs), 27);
  batch.writeBigInt64BE(BigInt(timeMs), 35);
  batch.writeBigInt64BE(producerId, 43);
  batch.writeInt16BE(epoch, 51);
  batch.writeInt32BE(sequence, 53);
  batch.writeInt32BE(count, batchHeaderBytes - 4);
  batch.writeUInt32BE(crc32c(batch, checkedFrom, batch.length), checksumAt);
  return batch;
}
