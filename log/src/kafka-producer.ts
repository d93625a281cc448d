/**
 * An idempotent producer: record batches to the leaders of their partitions, and the number under which the brokers know it. Who
 * writes under which sequence number is the appender's business.
 */
import { PipelineError } from '@tapeline/core/errors';
import { type Broker, type Cluster, leaderOf } from './kafka-client.ts';
import type { ProducerIdentity } from './kafka-record-batch.ts';
import { canExchange, type Exchange, exchange, newEncoder, produceKey, produceResponse } from './kafka-wire.ts';

const version = 7;
const allInSync = -1;
const timeoutMs = 10_000;

export class KafkaProducer {
  readonly #cluster: Cluster;
  readonly #topics = new Set<string>();
  #connected: Promise<void> | undefined;
  #identity: Promise<ProducerIdentity> | undefined;

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

  /** Sends one batch; throws kafkajs' error when it is refused, or when nobody knows whether it was taken. */
  async send(topic: string, partition: number, batch: Buffer): Promise<void> {
    await this.#learn(topic);
    const leader = leaderOf(this.#cluster, topic, partition);
    if (leader === undefined) throw nobody(topic, partition);
    const broker = await this.#cluster.findBroker({ nodeId: leader });
    if (!canExchange(broker, produceKey, version)) throw unknownBroker();
    await exchange(broker, produce(topic, partition, batch));
  }

  /** After a failure: who leads now. */
  async refresh(): Promise<void> {
    await this.#cluster.refreshMetadata();
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect();
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

/** Produce, version 7 (https://kafka.apache.org/protocol#The_Messages_Produce), of one partition. */
function produce(topic: string, partition: number, batch: Buffer): Exchange<unknown> {
  return {
    request: {
      apiKey: produceKey,
      apiVersion: version,
      apiName: 'Produce',
      encode: async () =>
        newEncoder(batch.length + topic.length * 3 + 64)
          .writeString(null)
          .writeInt16(allInSync)
          .writeInt32(timeoutMs)
          .writeInt32(1)
          .writeString(topic)
          .writeInt32(1)
          .writeInt32(partition)
          .writeInt32(batch.length)
          .writeBuffer(batch),
    },
    response: produceResponse,
  };
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
