/**
 * The log: append-only topics in partitions. One contract, two parts behind it: `kafka-log.ts` and `embedded-log.ts`;
 * `test/market-log-contract.ts` holds both to it.
 */
import type { RecordBlock } from './record-block.ts';
import type { RecordCursor } from './record-cursor.ts';

export type { RecordCursor, RecordRun } from './record-cursor.ts';

export interface LogRecord {
  /** Rises within a partition, not always by one. A safe integer. */
  readonly offset: number;
  readonly key: Uint8Array | undefined;
  /** `undefined` for a tombstone. */
  readonly value: Uint8Array | undefined;
}

/** Consecutive records of one partition, at least one. */
export interface LogBatch {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the last record, or of a hole behind it: nothing up to here will be given again. */
  readonly lastOffset: number;
  /** Size of the records as the log keeps them, about. */
  readonly byteLength: number;
  /** Offset after the last record of the partition when this batch was read. */
  readonly highWatermark: number;
  /** Made when asked for, once: the plain way in. Views on the batch's bytes. */
  readonly records: readonly LogRecord[];
  /** The fast way in: a walk of its own from the first record on. */
  cursor(): RecordCursor;
  /** A walk over the end of it: what the log took at one stroke, and can only lose as a whole. No record is in it where the batch was cut off before. */
  tail(): RecordCursor;
  /**
   * For who is done with the batch and everything that came from it: its bytes may be overwritten from now on. Nobody has to, but a
   * fast reader saves the garbage.
   */
  release(): void;
}

export interface Append {
  readonly topic: string;
  readonly partition: number;
  readonly key?: string;
  readonly value: Uint8Array;
}

/** Records that the log took, in a row: what an append was answered with, for who wants to know. */
export interface AppendedRange {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  /** A walk over them; only during the call. */
  cursor(): Omit<RecordCursor, 'rest' | 'skip'>;
}

export interface PartitionOffsets {
  readonly partition: number;
  /** The first offset that can still be read. */
  readonly lowOffset: number;
  /** The offset that the next record will get. */
  readonly highWatermark: number;
}

export interface ReadRequest {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  /** Exclusive. The reading ends when everything before it has been given; without it the reading follows the log. */
  readonly toOffset?: number;
  readonly signal?: AbortSignal;
}

export interface JoinRequest {
  readonly topic: string;
  readonly group: string;
  /** Aborting ends the reading of every claim; the group is left once each claim is released. */
  readonly signal: AbortSignal;
  /** Records buffered for each claim, in bytes, before the partition is paused. @default 4 MiB */
  readonly maxBufferedBytes?: number;
  /** Called each time the group has given this member its partitions: none, when there are more members than partitions. */
  readonly onAssigned?: (() => void) | undefined;
  /** Called when it is no member any more. A group that was lost is joined again, which `onAssigned` tells. */
  readonly onLost?: (() => void) | undefined;
}

/**
 * One partition that this member of a group owns, until `signal` aborts. Owners do not re-read after a rebalance in
 * which they keep the partition: the same claim goes on.
 */
export interface PartitionClaim {
  readonly topic: string;
  readonly partition: number;
  /** Aborts when the partition was taken away: nothing more may be committed, what is not durable is another's work. */
  readonly lost: AbortSignal;
  /** Group's committed offset when the claim began; `undefined` when there was none. For people: the snapshot decides. */
  readonly committedOffset: number | undefined;
  /**
   * Batches from `fromOffset` on, in order, each once; ends when the claim is lost or the member stops. At most once for a
   * claim. Slow reading pauses the partition; memory stays bounded.
   * @throws PipelineError `log.out-of-range` when `fromOffset` is before the log's start or after its end.
   */
  read(fromOffset: number): AsyncIterable<LogBatch>;
  /** Tells people and autoscalers how far this partition is durable. Ignored once lost; a failure that passes is logged, and the next commit says more. */
  commit(nextOffset: number): Promise<void>;
  /** The owner is done with it: everything is flushed, or the claim was lost. */
  release(): void;
}

export interface MarketLog {
  /** Creates what is missing; what exists keeps its settings. */
  ensureTopics(topics: readonly { readonly name: string; readonly partitions: number; readonly retentionMs?: number }[]): Promise<void>;
  /** @throws PipelineError `log.unavailable` when the topic does not exist or no broker answers. */
  partitionCount(topic: string): Promise<number>;
  offsets(topic: string): Promise<readonly PartitionOffsets[]>;
  /**
   * Resolves when every entry is durable (all in-sync replicas, or on disk). Entries of one partition keep their order, also
   * across calls made one after another; retries never write twice.
   * @throws PipelineError `log.unavailable` (retriable), `log.full`.
   */
  append(entries: readonly Append[]): Promise<void>;
  /** As `append`, of records that are in the log's own bytes already. A block is not to be changed until then. */
  appendBlocks(blocks: readonly RecordBlock[]): Promise<void>;
  /** Reads one partition without a group. @throws PipelineError `log.out-of-range`. */
  read(request: ReadRequest): AsyncIterable<LogBatch>;
  /** Joins a consumer group; gives each partition as it is assigned. */
  join(request: JoinRequest): AsyncIterable<PartitionClaim>;
  close(): Promise<void>;
}
