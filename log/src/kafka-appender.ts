/**
 * Appends to Kafka: each record once, each partition in order.
 *
 * One request of one partition is in flight, and it is repeated, the same records under the same sequence numbers, until the
 * brokers have answered for it. Only so is a repeated write a known one:
 * - kafkajs takes sequence numbers back when a request fails. The broker knows the repeated batch by them and answers with the
 *   offset that it had given. Were other records sent under those numbers, a batch of the same size would be taken for the
 *   repeated one and be lost. So a batch whose fate is unknown is never given up for another.
 * - In a request to several brokers kafkajs forgets which of them have answered when a connection is made anew, and
 *   writes their records again under new numbers. So a request has one partition.
 * What remains: a process that dies between a write and its answer does not know of the write, and its successor may
 * repeat it; and a broker that lost its own log (an unclean election) has lost the numbers with it.
 */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { BackOff } from './back-off.ts';
import { failureType, isForgottenProducer, isLasting, kafkaFailure } from './kafka-failure.ts';
import type { KafkaProducers, LeasedProducer } from './kafka-producers.ts';
import type { Append } from './market-log.ts';

export interface KafkaAppenderOptions {
  readonly producers: KafkaProducers;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** One call of `append`; settled when all of its entries are. */
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

/** What waits for one partition. */
interface Lane {
  readonly topic: string;
  readonly partition: number;
  queue: Entry[];
  draining: boolean;
}

/** A broker takes batches of 1 MiB unless told otherwise. */
const requestBytes = 900_000;
const requestRecords = 10_000;
const entryOverheadBytes = 32;

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
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const call: Call = { resolve, reject, unsettled: entries.length, failed: false };
    const touched = new Set<Lane>();
    for (const append of entries) {
      const lane = this.#lane(append.topic, append.partition);
      lane.queue.push({ append, call });
      touched.add(lane);
    }
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
    const lane = this.#lanes.get(key) ?? { topic, partition, queue: [], draining: false };
    this.#lanes.set(key, lane);
    return lane;
  }

  async #drain(lane: Lane): Promise<void> {
    lane.draining = true;
    // What else is appended in this turn of the event loop goes along.
    await Promise.resolve();
    while (lane.queue.length > 0 && !this.#closing.signal.aborted) {
      const entries = take(lane);
      if (entries.length === 0) continue;
      try {
        await this.#write(lane, entries);
        settle(entries);
      } catch (error) {
        settle(entries, error);
      }
    }
    lane.draining = false;
  }

  /** Writes until it is known to be written. Throws only what no repetition cures, or when the log closes. */
  async #write(lane: Lane, entries: readonly Entry[]): Promise<void> {
    const { topic, partition } = lane;
    const backOff = new BackOff({ initialMs: 100, highestMs: 2_000 });
    let leased: LeasedProducer | undefined;
    try {
      while (!this.#closing.signal.aborted) {
        try {
          leased ??= await this.#options.producers.lease(entries.length);
          await send(leased, lane, entries);
          return this.#recovered(lane);
        } catch (error) {
          if (isLasting(error)) throw kafkaFailure(error, `writing to ${topic}/${partition}`, { topic, partition });
          if (leased !== undefined && isForgottenProducer(error)) leased = await this.#renew(leased);
          if (backOff.attempts === 2) this.#troubled(lane, error);
          await backOff.wait(this.#closing.signal);
        }
      }
    } finally {
      leased?.release();
    }
    throw new PipelineError(
      'log.unavailable',
      `the log was closed before Kafka had answered for ${entries.length} entries, they may be written`,
      {
        retriable: false,
        fields: { topic, partition },
      },
    );
  }

  async #renew(leased: LeasedProducer): Promise<undefined> {
    await this.#options.producers.renew(leased.producer);
    leased.release();
    return undefined;
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

/** The next entries of a lane that fit one request; those of a call that has failed are dropped. */
function take(lane: Lane): readonly Entry[] {
  const taken: Entry[] = [];
  let count = 0;
  let bytes = 0;
  for (const entry of lane.queue) {
    const size = sizeOf(entry.append);
    if (taken.length > 0 && (bytes + size > requestBytes || taken.length >= requestRecords)) break;
    count += 1;
    if (entry.call.failed) continue;
    taken.push(entry);
    bytes += size;
  }
  lane.queue.splice(0, count);
  return taken;
}

function sizeOf({ key, value }: Append): number {
  return entryOverheadBytes + (key?.length ?? 0) * 3 + value.length;
}

async function send({ producer }: LeasedProducer, { topic, partition }: Lane, entries: readonly Entry[]): Promise<void> {
  const messages = entries.map(({ append: { key, value } }) => ({
    partition,
    key: key ?? null,
    value: Buffer.from(value.buffer, value.byteOffset, value.length),
  }));
  const written = await producer.sendBatch({ acks: -1, timeout: 10_000, topicMessages: [{ topic, messages }] });
  // kafkajs answers with nothing, and without an error, when its metadata does not know the partition.
  if (written.some(answer => answer.topicName === topic && answer.partition === partition)) return;
  throw new PipelineError('log.unavailable', `nobody answered for ${topic}/${partition}: is it there?`, {
    retriable: true,
    fields: { topic, partition },
  });
}

function settle(entries: readonly Entry[], failure?: unknown): void {
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
