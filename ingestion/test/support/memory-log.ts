/** A log in an array that can be slow, away or full; it keeps the part of the contract that the ingester needs. */
import { PipelineError } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { Append, LogBatch, LogRecord, MarketLog, PartitionClaim, PartitionOffsets, ReadRequest } from '@tapeline/log/market-log';
import { plainBatch } from '@tapeline/log/plain-batch';
import type { RecordBlock } from '@tapeline/log/record-block';

export class MemoryLog implements MarketLog {
  readonly entries: Append[] = [];
  readonly appends: number[] = [];
  readonly reads: ReadRequest[] = [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #partitions: number;
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;
  #failure: PipelineError | undefined;

  constructor(partitions = 4) {
    this.#partitions = partitions;
  }

  /** Appends wait until {@link resume}. */
  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
  }

  resume(): void {
    this.#gate = undefined;
    this.#open?.();
  }

  /** Every append fails so, until it is called without an error. */
  fail(error?: PipelineError): void {
    this.#failure = error;
  }

  /** Decoded records of one partition of the feed topic. */
  records(partition: number): FeedRecord[] {
    return this.#values(partition).map(decodeRecord);
  }

  /** Values of the dead-letter topic. */
  deadLetters(): { readonly reason: string; readonly detail: string; readonly value: string }[] {
    return this.entries
      .filter(entry => entry.topic === 'market-data.dead-letter')
      .map(entry => JSON.parse(String(Buffer.from(entry.value))));
  }

  async ensureTopics(): Promise<void> {}

  async partitionCount(): Promise<number> {
    if (this.#failure) throw this.#failure;
    return this.#partitions;
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return Array.from({ length: this.#partitions }, (_, partition) => ({
      partition,
      lowOffset: 0,
      highWatermark: this.#values(partition, topic).length,
    }));
  }

  async append(entries: readonly Append[]): Promise<void> {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await this.#gate;
      await Promise.resolve();
      if (this.#failure) throw this.#failure;
      this.appends.push(entries.length);
      this.entries.push(...entries);
    } finally {
      this.inFlight -= 1;
    }
  }

  async appendBlocks(blocks: readonly RecordBlock[]): Promise<void> {
    const entries: Append[] = [];
    for (const block of blocks) {
      const { topic, partition } = block;
      const cursor = block.cursor();
      while (cursor.next()) {
        const value = Uint8Array.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
        const key = cursor.keyStart < 0 ? {} : { key: Buffer.from(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd)).toString() };
        entries.push({ topic, partition, value, ...key });
      }
    }
    await this.append(entries);
  }

  async *read(request: ReadRequest): AsyncGenerator<LogBatch, void, undefined> {
    this.reads.push(request);
    const values = this.#values(request.partition, request.topic);
    const records = values
      .map((value, offset): LogRecord => ({ offset, key: undefined, value }))
      .slice(request.fromOffset, request.toOffset);
    const { topic, partition } = request;
    if (records.length > 0) yield plainBatch({ topic, partition, records, highWatermark: values.length });
  }

  async *join(): AsyncGenerator<PartitionClaim, void, undefined> {
    yield* [];
  }

  async close(): Promise<void> {}

  #values(partition: number, topic: string = feedTopic.name): Uint8Array[] {
    return this.entries.filter(entry => entry.topic === topic && entry.partition === partition).map(entry => entry.value);
  }
}

/** What a broker that is away makes of an append. */
export const logAway = new PipelineError('log.unavailable', 'no broker answers', { retriable: true });
