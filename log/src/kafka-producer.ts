/**
 * An idempotent producer: record batches to the leaders of their partitions, and the number under which the brokers know it. Who
 * writes under which sequence number is the appender's business.
 *
 * What is sent to one leader at one go is one request: its partitions can be read at one moment, and a broker has less to do than for
 * a request each. It does not wait for the end of the event loop's turn, in which other partitions may close their bars: the first
 * can be read while the last are being made.
 */
import { PipelineError } from '@tapeline/core/errors';
import { type Broker, type Cluster, leaderOf } from './kafka-client.ts';
import { baseOffsetOf, type PartitionBatch, produceExchange, produceVersion, refusalOf } from './kafka-produce.ts';
import type { ProducerIdentity } from './kafka-record-batch.ts';
import { canExchange, exchange, produceKey } from './kafka-wire.ts';

/** A broker takes requests of 100 MiB unless told otherwise. */
const requestBytes = 16 * 2 ** 20;

interface Parcel extends PartitionBatch {
  readonly resolve: (baseOffset: number | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class KafkaProducer {
  readonly #cluster: Cluster;
  readonly #topics = new Set<string>();
  #connected: Promise<void> | undefined;
  #identity: Promise<ProducerIdentity> | undefined;
  /** By the leader's number; sent as soon as nothing more is about to be added. */
  readonly #waiting = new Map<string, Parcel[]>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The number to write under. */
  async identity(): Promise<ProducerIdentity> {
    this.#identity ??= this.#askIdentity();
    const asked = this.#identity;
    try {
      return await asked;
    } catch (error) {
      if (this.#identity === asked) this.#identity = undefined;
      throw error;
    }
  }

  /** Nobody begins with this number any more; those who have it may go on. */
  async renew(identity: ProducerIdentity): Promise<void> {
    const current = await this.#identity?.catch(() => undefined);
    if (current?.producerId === identity.producerId) this.#identity = undefined;
  }

  /** Sends one batch, with others that are sent now, and gives the offset of its first record; throws kafkajs' error when it is refused, or when nobody knows whether it was taken. */
  async send(topic: string, partition: number, batch: Buffer): Promise<number | undefined> {
    await this.#learn(topic);
    const leader = leaderOf(this.#cluster, topic, partition);
    if (leader === undefined) throw nobody(topic, partition);
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const waiting = this.#waiting.get(leader) ?? [];
    waiting.push({ topic, partition, batch, resolve, reject });
    this.#waiting.set(leader, waiting);
    if (waiting.length === 1) process.nextTick(() => this.#sendWaiting(leader));
    return promise;
  }

  /** After a failure: who leads now. */
  async refresh(): Promise<void> {
    await this.#cluster.refreshMetadata();
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect();
  }

  #sendWaiting(leader: string): void {
    const waiting = this.#waiting.get(leader) ?? [];
    this.#waiting.delete(leader);
    while (waiting.length > 0) void this.#request(leader, takeRequest(waiting));
  }

  /** Settles each of the parcels, and never throws. */
  async #request(leader: string, parcels: readonly Parcel[]): Promise<void> {
    try {
      const broker = await this.#cluster.findBroker({ nodeId: leader });
      if (!canExchange(broker, produceKey, produceVersion)) throw unknownBroker();
      const answers = await exchange(broker, produceExchange(parcels));
      for (const parcel of parcels) {
        const refusal = await refusalOf(answers, parcel);
        if (refusal === undefined) parcel.resolve(baseOffsetOf(answers, parcel));
        else parcel.reject(refusal);
      }
    } catch (error) {
      for (const { reject } of parcels) reject(error);
    }
  }

  async #askIdentity(): Promise<ProducerIdentity> {
    await this.#connect();
    const broker = (await this.#cluster.findControllerBroker()) as InitialisingBroker;
    const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 });
    return { producerId: BigInt(producerId), epoch: producerEpoch };
  }

  async #learn(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return;
    await this.#connect();
    await this.#cluster.addTargetTopic(topic);
    this.#topics.add(topic);
  }

  async #connect(): Promise<void> {
    this.#connected ??= this.#cluster.connect();
    const connecting = this.#connected;
    try {
      await connecting;
    } catch (error) {
      if (this.#connected === connecting) this.#connected = undefined;
      throw error;
    }
  }
}

interface InitialisingBroker extends Broker {
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
}

/** As many as one request takes, at least one; a partition stands in a request once, because its batches are to be written in order. */
function takeRequest(waiting: Parcel[]): readonly Parcel[] {
  let bytes = 0;
  let count = 0;
  for (const { batch } of waiting) {
    bytes += batch.length;
    if (count > 0 && bytes > requestBytes) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

function nobody(topic: string, partition: number): PipelineError {
  return new PipelineError('log.unavailable', `nobody leads ${topic}/${partition}: is it there?`, {
    retriable: true,
    fields: { topic, partition },
  });
}

function unknownBroker(): PipelineError {
  return new PipelineError('log.unavailable', 'records cannot be written, expected kafkajs 2.2.4 and brokers of Kafka 2.1 or newer', {
    retriable: false,
  });
}
