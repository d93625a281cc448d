/**
 * The idempotent producer of a log, and its successors.
 *
 * A producer is known to the brokers by a number, under which it counts what it wrote to each partition. It is renewed when a
 * broker has forgotten that number, and long before the count would pass 2³¹, where kafkajs 2.2.4 goes wrong.
 */
import type { Logger } from 'pino';
import { innerRetry, type Kafka, type Producer } from './kafka-client.ts';

/** A producer that somebody uses; `release` it when the write is settled. */
export interface LeasedProducer {
  readonly producer: Producer;
  release(): void;
}

interface Generation {
  readonly producer: Producer;
  users: number;
  records: number;
  retired: boolean;
}

const recordsPerProducer = 1_000_000_000;

export class KafkaProducers {
  readonly #kafka: Kafka;
  readonly #logger: Logger;
  #current: Promise<Generation> | undefined;

  constructor(kafka: Kafka, logger: Logger) {
    this.#kafka = kafka;
    this.#logger = logger;
  }

  /** The producer for a write of `records` records, the same one for each of its attempts. */
  async lease(records: number): Promise<LeasedProducer> {
    this.#current ??= this.#connect();
    const connecting = this.#current;
    let generation: Generation;
    try {
      generation = await connecting;
    } catch (error) {
      if (this.#current === connecting) this.#current = undefined;
      throw error;
    }
    generation.users += 1;
    generation.records += records;
    if (generation.records > recordsPerProducer) this.#retire(generation);
    return { producer: generation.producer, release: () => this.#release(generation) };
  }

  /** Nobody gets this producer any more; those who use it finish first. */
  async renew(producer: Producer): Promise<void> {
    const generation = await this.#current?.catch(() => undefined);
    if (generation?.producer === producer) this.#retire(generation);
  }

  async close(): Promise<void> {
    const generation = await this.#current?.catch(() => undefined);
    this.#current = undefined;
    await generation?.producer.disconnect();
  }

  async #connect(): Promise<Generation> {
    const producer = this.#kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      maxInFlightRequests: 1,
      metadataMaxAge: 30_000,
      createPartitioner: () => explicitPartition,
      retry: innerRetry,
    });
    try {
      await producer.connect();
    } catch (error) {
      await producer.disconnect().catch(() => {});
      throw error;
    }
    return { producer, users: 0, records: 0, retired: false };
  }

  #retire(generation: Generation): void {
    generation.retired = true;
    this.#current = undefined;
    if (generation.users === 0) this.#disconnect(generation);
  }

  #release(generation: Generation): void {
    generation.users -= 1;
    if (generation.retired && generation.users === 0) this.#disconnect(generation);
  }

  #disconnect({ producer }: Generation): void {
    producer.disconnect().catch((error: unknown) => this.#logger.debug({ err: error }, 'a producer did not disconnect'));
  }
}

/** The caller chose the partition: a record without one is a programming error. */
function explicitPartition({ message }: { message: { partition?: number } }): number {
  if (message.partition === undefined) throw new TypeError('a record has no partition, expected the caller to choose it');
  return message.partition;
}
