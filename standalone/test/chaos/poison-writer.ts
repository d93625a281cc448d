/** Writes poison into the feed's topic, past everything that would refuse it, and remembers where each piece stands. */
import { feedTopic } from '@tapeline/core/topics';
import kafkajs from 'kafkajs';
import type { Random } from '../../../test/support/random.ts';
import { drawPoison } from './poison.ts';

export interface WrittenPoison {
  readonly what: string;
  readonly partition: number;
  readonly offset: number;
}

export class PoisonWriter {
  readonly written: WrittenPoison[] = [];
  readonly #producer: kafkajs.Producer;
  readonly #topic: string;
  readonly #partitions: number;

  private constructor(producer: kafkajs.Producer, topic: string, partitions: number) {
    this.#producer = producer;
    this.#topic = topic;
    this.#partitions = partitions;
  }

  /** @param prefix of the topics */
  static async open(brokers: readonly string[], prefix: string, partitions: number): Promise<PoisonWriter> {
    const kafka = new kafkajs.Kafka({ brokers: [...brokers], clientId: 'poison', logLevel: kafkajs.logLevel.NOTHING });
    // Idempotent, so that a piece that was written stands there once.
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 50 } });
    await producer.connect();
    return new PoisonWriter(producer, prefix + feedTopic.name, partitions);
  }

  /** One piece of each kind, each into a drawn partition. */
  async write(random: Random): Promise<void> {
    for (const { what, value } of drawPoison(random)) {
      const partition = random.whole(0, this.#partitions - 1);
      const message = { partition, value: value === undefined ? null : Buffer.from(value) };
      const [at] = await this.#producer.send({ topic: this.#topic, acks: -1, messages: [message] });
      this.written.push({ what, partition, offset: Number(at?.baseOffset) });
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}
