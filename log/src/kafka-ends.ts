/**
 * First and next offsets of partitions, asked of their leaders. kafkajs' admin client has the same question, but learns the leaders anew
 * only when the wall clock says that it is time: a clock that was ahead and is set right again makes it ask the former ones for hours.
 */
import { type Cluster, leaderOf, type TopicOffsets } from './kafka-client.ts';
import { missingTopic } from './kafka-failure.ts';
import type { PartitionOffsets } from './market-log.ts';

/** Asks a connected cluster that knows the topic; throws kafkajs' error, or `log.unavailable` for a partition that nobody has heard of. */
export async function endsOf(cluster: Cluster, topic: string, partitions: readonly number[]): Promise<readonly PartitionOffsets[]> {
  for (const partition of partitions) if (leaderOf(cluster, topic, partition) === undefined) throw missingTopic(topic, partition);
  const wanted = partitions.map(partition => ({ partition }));
  const [low] = await cluster.fetchTopicsOffset([{ topic, partitions: wanted, fromBeginning: true }]);
  const [high] = await cluster.fetchTopicsOffset([{ topic, partitions: wanted, fromBeginning: false }]);
  return partitions.map(partition => ({ partition, lowOffset: offsetIn(low, partition), highWatermark: offsetIn(high, partition) }));
}

function offsetIn(offsets: TopicOffsets | undefined, partition: number): number {
  const found = offsets?.partitions.find(each => each.partition === partition);
  if (found === undefined) throw missingTopic(offsets?.topic ?? 'that was asked for', partition);
  return Number(found.offset);
}

export class KafkaEnds {
  readonly #cluster: Cluster;
  #isConnected = false;

  /** @param cluster of its own; connected by the first question */
  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Of all partitions of a topic. Throws kafkajs' error; after one the leaders are learnt anew, so it can be asked again. */
  async of(topic: string): Promise<readonly PartitionOffsets[]> {
    if (!this.#isConnected) await this.#cluster.connect();
    this.#isConnected = true;
    try {
      await this.#cluster.addTargetTopic(topic);
      await this.#cluster.refreshMetadataIfNecessary();
      const partitions = this.#cluster
        .findTopicPartitionMetadata(topic)
        .map(({ partitionId }) => partitionId)
        .sort((a, b) => a - b);
      return await endsOf(this.#cluster, topic, partitions);
    } catch (error) {
      await this.#cluster.refreshMetadata().catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#isConnected) await this.#cluster.disconnect();
  }
}
