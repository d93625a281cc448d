/**
 * Appends to Kafka: each record once, each partition in order.
 *
 * One request of one partition is in flight, and it is repeated, the same records under the same sequence numbers, until the
 * brokers have answered for it. The broker knows the repeated batch by them and answers as it did the first time. Were other
 * records sent under those numbers, a batch of the same size would be taken for the repeated one and be lost: so a batch whose
 * fate is unknown is never given up for another, and where it must be (no right to write any more), the partition goes on under
 * the number of a new producer.
 * What remains: a process that dies between a write and its answer does not know of the write, and its successor may
 * repeat it; and a broker that lost its own log (an unclean election) has lost the numbers with it.
 */
import { BackOff } from '@tapeline/core/back-off';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { failureType, isForgottenProducer, isLasting, isRepeatedWrite, kafkaFailure } from './kafka-failure.ts';
import type { KafkaProducer } from './kafka-producer.ts';
import { type ProducerIdentity, sealBatch } from './kafka-record-batch.ts';
import type { Append, AppendedRange } from './market-log.ts';
import { type BlockBatch, batchBytes, batchHeaderBytes, cursorOf, RecordBlock } from './record-block.ts';

export interface KafkaAppenderOptions {
  readonly producer: KafkaProducer;
  readonly logger: Logger;
  /** Called for each batch that was written; not where a repeated write was found to be there already. */
  readonly appended?: ((range: AppendedRange) => void) | undefined;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** One call of `append` or `appendBlocks`; settled when all of its entries and batches are. */
interface Call {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  unsettled: number;
  failed: boolean;
}

interface Entry {
  readonly append: Append;
  readonly call: Call;
}

interface Packed {
  readonly batch: BlockBatch;
  readonly call: Call;
}

type Waiting = Entry | Packed;

/** Where a partition's sequence numbers stand, of one producer. */
interface Sequence {
  readonly identity: ProducerIdentity;
  next: number;
}

/** What waits for one partition. */
interface Lane {
  readonly topic: string;
  readonly partition: number;
  queue: Waiting[];
  draining: boolean;
  sequence: Sequence | undefined;
}

const entryOverheadBytes = 32;
const sequences = 2 ** 31;

export class KafkaAppender {
  readonly #options: KafkaAppenderOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #closing = new AbortController();
  readonly #unsettled = new Set<Promise<void>>();
  /** Lanes whose last attempts have failed. */
  readonly #failing = new Set<Lane>();

  constructor(options: KafkaAppenderOptions) {
    this.#options = options;
  }

  /** Queues the entries now, so that the order of calls is the order of records; settles when all are written. */
  append(entries: readonly Append[]): Promise<void> {
    return this.#enqueue(entries.length, (call, queue) => {
      for (const append of entries) queue(append.topic, append.partition, { append, call });
    });
  }

  /** As `append`. */
  appendBlocks(blocks: readonly RecordBlock[]): Promise<void> {
    const packed = blocks.flatMap(({ topic, partition, batches }) => batches.map(batch => ({ topic, partition, batch })));
    return this.#enqueue(packed.length, (call, queue) => {
      for (const { topic, partition, batch } of packed) queue(topic, partition, { batch, call });
    });
  }

  #enqueue(
    unsettled: number,
    fill: (call: Call, queue: (topic: string, partition: number, waiting: Waiting) => void) => void,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const touched = new Set<Lane>();
    fill({ resolve, reject, unsettled, failed: false }, (topic, partition, waiting) => {
      const lane = this.#lane(topic, partition);
      lane.queue.push(waiting);
      touched.add(lane);
    });
    for (const lane of touched) if (!lane.draining) void this.#drain(lane);
    this.#unsettled.add(promise);
    promise.catch(() => {}).finally(() => this.#unsettled.delete(promise));
    return promise;
  }

  /** Waits until everything is written, then gives up on what is not. */
  async close(deadline: Promise<void>): Promise<void> {
    await Promise.race([Promise.allSettled(this.#unsettled), deadline]);
    this.#closing.abort();
    const closed = new PipelineError(
      'log.unavailable',
      'the log was closed before Kafka had answered for these entries, they may be written',
      {
        retriable: false,
      },
    );
    for (const lane of this.#lanes.values()) settle(lane.queue.splice(0), closed);
    await Promise.race([Promise.allSettled(this.#unsettled), deadline]);
  }

  #lane(topic: string, partition: number): Lane {
    const key = `${topic}/${partition}`;
    const lane = this.#lanes.get(key) ?? { topic, partition, queue: [], draining: false, sequence: undefined };
    this.#lanes.set(key, lane);
    return lane;
  }

  async #drain(lane: Lane): Promise<void> {
    lane.draining = true;
    // What else is appended in this turn of the event loop goes along.
    await Promise.resolve();
    while (lane.queue.length > 0 && !this.#closing.signal.aborted) {
      const taken = take(lane);
      if (taken.length === 0) continue;
      try {
        const batch = packed(lane, taken);
        const baseOffset = await this.#write(lane, batch);
        if (baseOffset !== undefined) this.#options.appended?.(rangeOf(lane, batch, baseOffset));
        settle(taken);
      } catch (error) {
        settle(taken, error);
      }
    }
    lane.draining = false;
  }

  /** Writes until it is known to be written. Throws only what no repetition cures, or when the log closes. */
  async #write(lane: Lane, batch: BlockBatch): Promise<number | undefined> {
    const { topic, partition } = lane;
    const backOff = new BackOff({ baseMs: 100, capMs: 2_000 });
    while (!this.#closing.signal.aborted) {
      try {
        const baseOffset = await this.#attempt(lane, batch);
        this.#recovered(lane);
        return baseOffset;
      } catch (error) {
        if (isLasting(error)) {
          if (backOff.attempts > 0) await this.#forget(lane);
          throw kafkaFailure(error, `writing to ${topic}/${partition}`, { topic, partition });
        }
        if (isForgottenProducer(error)) await this.#forget(lane);
        if (backOff.attempts === 2) this.#troubled(lane, error);
        await backOff.wait(this.#closing.signal);
        await this.#options.producer.refresh().catch(() => {});
      }
    }
    throw new PipelineError(
      'log.unavailable',
      `the log was closed before Kafka had answered for ${batch.count} entries, they may be written`,
      {
        retriable: false,
        fields: { topic, partition },
      },
    );
  }

  /** Gives the offset of the first record, where the broker said it. */
  async #attempt(lane: Lane, batch: BlockBatch): Promise<number | undefined> {
    const { producer, now = Date.now } = this.#options;
    lane.sequence ??= { identity: await producer.identity(), next: 0 };
    const { sequence } = lane;
    const sealed = sealBatch(batch, { ...sequence.identity, sequence: sequence.next, timeMs: now() });
    let baseOffset: number | undefined;
    try {
      baseOffset = await producer.send(lane.topic, lane.partition, sealed);
    } catch (error) {
      if (!isRepeatedWrite(error)) throw error;
    }
    sequence.next = (sequence.next + batch.count) % sequences;
    return baseOffset;
  }

  /** The partition goes on under a number that has never written to it. */
  async #forget(lane: Lane): Promise<void> {
    const { sequence } = lane;
    lane.sequence = undefined;
    if (sequence !== undefined) await this.#options.producer.renew(sequence.identity);
  }

  /** Says it once, however many partitions are concerned. */
  #troubled(lane: Lane, error: unknown): void {
    const { topic, partition } = lane;
    const level = this.#failing.size === 0 ? 'warn' : 'debug';
    this.#failing.add(lane);
    this.#options.logger[level](
      { topic, partition, type: failureType(error), reason: reasonOf(error) },
      'Kafka does not take records, the same ones are tried again until it does',
    );
  }

  #recovered(lane: Lane): void {
    if (this.#failing.delete(lane) && this.#failing.size === 0) this.#options.logger.info('Kafka takes records again, none was lost');
  }
}

function rangeOf({ topic, partition }: Lane, batch: BlockBatch, fromOffset: number): AppendedRange {
  const lastOffset = fromOffset + batch.count - 1;
  return { topic, partition, fromOffset, lastOffset, cursor: () => cursorOf(batch, fromOffset) };
}

/** The next of a lane: one packed batch, or the entries that fit one; those of a call that has failed are dropped. */
function take(lane: Lane): readonly Waiting[] {
  const taken: Waiting[] = [];
  let count = 0;
  let bytes = batchHeaderBytes;
  for (const waiting of lane.queue) {
    const size = sizeOf(waiting);
    if (taken.length > 0 && bytes + size > batchBytes) break;
    count += 1;
    if (waiting.call.failed) continue;
    taken.push(waiting);
    bytes += size;
  }
  lane.queue.splice(0, count);
  return taken;
}

/** A batch is as large as a request may be: nothing goes along with it. */
function sizeOf(waiting: Waiting): number {
  if ('batch' in waiting) return batchBytes;
  const { key, value } = waiting.append;
  return entryOverheadBytes + (key?.length ?? 0) * 3 + value.length;
}

function packed({ topic, partition }: Lane, taken: readonly Waiting[]): BlockBatch {
  const block = new RecordBlock({ topic, partition });
  for (const waiting of taken) {
    if ('batch' in waiting) return waiting.batch;
    const { key, value } = waiting.append;
    block.add(key === undefined ? undefined : Buffer.from(key), value, 0, value.length);
  }
  const [batch] = block.batches;
  if (batch === undefined || block.batches.length > 1) throw new TypeError(`${taken.length} entries do not fit one batch`);
  return batch;
}

function settle(entries: readonly { readonly call: Call }[], failure?: unknown): void {
  for (const { call } of entries) {
    call.unsettled -= 1;
    if (failure !== undefined) {
      call.failed = true;
      call.reject(failure);
    } else if (call.unsettled === 0) {
      call.resolve();
    }
  }
}
