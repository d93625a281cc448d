/** Reads a Fetch response (version 11, https://kafka.apache.org/protocol#The_Messages_Fetch) and leaves its records where they are. */
import { ResponseReader } from './kafka-response-reader.ts';

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
  const reader = new ResponseReader(bytes);
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  reader.skip(4);
  const responses = reader.array(() => ({ topicName: reader.string(), partitions: reader.array(() => rawPartition(reader)) }));
  return { clientSideThrottleTime, errorCode, responses };
}

function rawPartition(reader: ResponseReader): RawPartition {
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
