/** Topics of Kafka: creates them, counts their partitions, reads their offsets. */
import { PipelineError } from '@tapeline/core/errors';
import type { Admin } from './kafka-client.ts';
import type { KafkaEnds } from './kafka-ends.ts';
import { isUnknownTopic, missingTopic } from './kafka-failure.ts';
import { askKafka, type Patience } from './kafka-question.ts';
import type { PartitionOffsets } from './market-log.ts';

export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly retentionMs?: number;
}

export interface KafkaTopicsOptions extends Patience {
  readonly admin: Admin;
  readonly ends: KafkaEnds;
}

export class KafkaTopics {
  readonly #options: KafkaTopicsOptions;
  readonly #counts = new Map<string, number>();
  /** Questions without an answer yet. */
  readonly #asking = new Set<Promise<unknown>>();

  constructor(options: KafkaTopicsOptions) {
    this.#options = options;
  }

  /** Creates what is missing, on three brokers or on as many as there are. */
  async ensure(wanted: readonly WantedTopic[]): Promise<void> {
    const missing: WantedTopic[] = [];
    for (const topic of wanted) {
      if ((await this.#count(topic.name)) === undefined) missing.push(topic);
    }
    if (missing.length === 0) return;
    await this.#ask('creating topics', () => this.#create(missing));
    for (const { name, partitions } of missing) await this.#waitForLeaders(name, partitions);
  }

  /** Partitions of a topic; what is known is not asked again, for partitions are never taken away. */
  async partitionCount(topic: string): Promise<number> {
    const count = this.#counts.get(topic) ?? (await this.#count(topic));
    if (count === undefined) throw missingTopic(topic);
    return count;
  }

  /** The count if it is known already: no question, no waiting. */
  knownPartitionCount(topic: string): number | undefined {
    return this.#counts.get(topic);
  }

  /** Asks again, for a partition beyond those that are known. */
  async refreshPartitionCount(topic: string): Promise<number> {
    this.#counts.delete(topic);
    return this.partitionCount(topic);
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    await this.partitionCount(topic);
    return this.#ask(`reading the offsets of ${topic}`, () => this.#options.ends.of(topic));
  }

  /** A group's committed offset in each partition that has one. */
  async committedOffsets(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    const topics = await this.#ask(`reading the offsets of group ${group}`, () =>
      this.#options.admin.fetchOffsets({ groupId: group, topics: [topic] }),
    );
    const partitions = topics.flatMap(({ partitions: all }) => all.map(({ partition, offset }) => [partition, Number(offset)] as const));
    return new Map(partitions.filter(([, offset]) => offset >= 0));
  }

  /** Resolves when no question is open: an admin client that is disconnected under a question connects again. */
  async settled(): Promise<void> {
    while (this.#asking.size > 0) await Promise.allSettled(this.#asking);
  }

  async #count(topic: string): Promise<number | undefined> {
    const count = await this.#ask(`asking for topic ${topic}`, async () => {
      try {
        const { topics } = await this.#options.admin.fetchTopicMetadata({ topics: [topic] });
        return topics.find(({ name }) => name === topic)?.partitions.length;
      } catch (error) {
        if (isUnknownTopic(error)) return undefined;
        throw error;
      }
    });
    if (count !== undefined) this.#counts.set(topic, count);
    return count;
  }

  async #create(missing: readonly WantedTopic[]): Promise<void> {
    const { brokers } = await this.#options.admin.describeCluster();
    const replicationFactor = Math.max(1, Math.min(3, brokers.length));
    const durable = replicationFactor === 3 ? [{ name: 'min.insync.replicas', value: '2' }] : [];
    await this.#options.admin.createTopics({
      waitForLeaders: false,
      timeout: 10_000,
      topics: missing.map(({ name, partitions, retentionMs }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: [...durable, ...(retentionMs === undefined ? [] : [{ name: 'retention.ms', value: String(retentionMs) }])],
      })),
    });
    this.#options.logger.info({ topics: missing.map(({ name }) => name), replicationFactor }, 'topics were created');
  }

  /** A broker may not have heard of a new topic yet. */
  async #waitForLeaders(topic: string, partitions: number): Promise<void> {
    await this.#ask(`waiting for topic ${topic}`, async () => {
      const { topics } = await this.#options.admin.fetchTopicMetadata({ topics: [topic] });
      const led = topics.find(({ name }) => name === topic)?.partitions.filter(({ leader }) => leader >= 0).length ?? 0;
      if (led < partitions)
        throw new PipelineError('log.unavailable', `${led} of ${partitions} partitions of ${topic} have a leader`, { retriable: true });
      this.#counts.set(topic, led);
    });
  }

  async #ask<T>(question: string, work: () => Promise<T>): Promise<T> {
    const asking = askKafka(question, work, this.#options);
    this.#asking.add(asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(asking);
    }
  }
}
