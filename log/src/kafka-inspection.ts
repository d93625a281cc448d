/** Looks at Kafka for whoever checks a deployment: it asks each thing once, and changes nothing. */
import { type Admin, type KafkaConnection, type KafkaConnectionOptions, kafkaClient, topicResource } from './kafka-client.ts';
import { isLasting, isUnknownTopic, kafkaFailure } from './kafka-failure.ts';

export interface TopicSettings {
  /** −1: for ever. */
  readonly retentionMs: number;
  readonly minInsyncReplicas: number;
  /** `delete`, `compact` or both. */
  readonly cleanupPolicy: string;
}

export interface TopicFacts {
  readonly name: string;
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  /** Partitions of which a replica is behind or away. */
  readonly behind: readonly number[];
  /** `undefined` where this user may not see them. */
  readonly settings: TopicSettings | undefined;
}

export interface GroupFacts {
  /** `Stable`, `Empty`, `PreparingRebalance` …; `Dead` for one that nobody ever joined. */
  readonly state: string;
  readonly members: number;
  /** Next offset by partition, of those that have one. */
  readonly committed: ReadonlyMap<number, number>;
}

const wantedSettings = ['retention.ms', 'min.insync.replicas', 'cleanup.policy'];

export class KafkaInspection {
  readonly #connection: KafkaConnection;
  readonly #admin: Admin;

  constructor(options: KafkaConnectionOptions) {
    this.#connection = kafkaClient(options);
    this.#admin = this.#connection.kafka.admin({ retry: { retries: 1, initialRetryTime: 200 } });
  }

  /** @returns the number of brokers. @throws PipelineError `log.unavailable` when none answers, or the credentials are refused. */
  brokers(): Promise<number> {
    return asked('connecting to Kafka', async () => {
      await this.#admin.connect();
      return (await this.#admin.describeCluster()).brokers.length;
    });
  }

  /** @returns `undefined` for a topic that is not there. @throws PipelineError `log.unavailable`. */
  async topic(name: string): Promise<TopicFacts | undefined> {
    const partitions = await asked(`asking for topic ${name}`, () => this.#partitions(name));
    if (partitions === undefined) return undefined;
    return {
      name,
      partitions: partitions.length,
      replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      behind: partitions.filter(({ replicas, isr }) => isr.length < replicas.length).map(({ partitionId }) => partitionId),
      settings: await asked(`asking for the settings of topic ${name}`, () => this.#settings(name)),
    };
  }

  /** @throws PipelineError `log.unavailable`. */
  group(group: string, topic: string): Promise<GroupFacts> {
    return asked(`asking for group ${group}`, async () => {
      const { groups } = await this.#admin.describeGroups([group]);
      const offsets = await this.#admin.fetchOffsets({ groupId: group, topics: [topic] });
      const committed = offsets.flatMap(({ partitions }) =>
        partitions.map(({ partition, offset }) => [partition, Number(offset)] as const),
      );
      return {
        state: groups[0]?.state ?? 'Unknown',
        members: groups[0]?.members.length ?? 0,
        committed: new Map(committed.filter(([, offset]) => offset >= 0)),
      };
    });
  }

  async close(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
    this.#connection.cut();
  }

  async #partitions(name: string) {
    try {
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [name] });
      return topics.find(topic => topic.name === name)?.partitions;
    } catch (error) {
      if (isUnknownTopic(error)) return undefined;
      throw error;
    }
  }

  async #settings(name: string): Promise<TopicSettings | undefined> {
    const query = { type: topicResource, name, configNames: wantedSettings };
    try {
      const { resources } = await this.#admin.describeConfigs({ includeSynonyms: false, resources: [query] });
      const values = new Map(resources.flatMap(({ configEntries }) => configEntries.map(entry => [entry.configName, entry.configValue])));
      return {
        retentionMs: Number(values.get('retention.ms')),
        minInsyncReplicas: Number(values.get('min.insync.replicas')),
        cleanupPolicy: String(values.get('cleanup.policy')),
      };
    } catch (error) {
      // The right to describe settings is one of its own, which no process of ours needs.
      if (isLasting(error)) return undefined;
      throw error;
    }
  }
}

async function asked<T>(attempted: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw kafkaFailure(error, attempted);
  }
}
