/** Sticky assignment in the protocol of a Kafka group: members say what they own, the leader leaves it with them where it can. */
import { type Cluster, decodeMember, encodeAssignment, encodeMember, type PartitionAssigner } from './kafka-client.ts';
import type { Peer } from './peer-listener.ts';
import { assignSticky } from './sticky-assignment.ts';

export interface StickyAssignerOptions {
  readonly topic: string;
  /** Partitions that this member owns now. */
  readonly owned: () => readonly number[];
  /** Called at each attempt to join. */
  readonly joining: () => void;
  /** Where the others can watch this member. */
  readonly peer?: () => Peer | undefined;
  /** Called with the connections of the consumer. */
  readonly connected?: (cluster: Cluster) => void;
}

const name = 'tapeline-sticky';

/** An assigner for kafkajs' consumer; every member of a group must use it. */
export function stickyAssigner({ topic, owned, joining, peer, connected }: StickyAssignerOptions): PartitionAssigner {
  return ({ cluster }) => ({
    name,
    version: 0,
    protocol: ({ topics }) => {
      joining();
      connected?.(cluster);
      return { name, metadata: encodeMember(topics, JSON.stringify({ owned: owned(), peer: peer?.() })) };
    },
    assign: async ({ members }) => {
      // Pipelines that have one group by mistake, with topics of different prefixes: what a member does not read would be read by nobody.
      const sharing = Map.groupBy(members, ({ memberMetadata }) => topicOf(memberMetadata) ?? topic);
      const assignments = [...sharing].map(async ([name, readers]) => {
        const states = readers.map(({ memberId, memberMetadata }) => ({ memberId, owned: ownedOf(memberMetadata) }));
        const assigned = assignSticky(states, await partitionCount(cluster, name));
        return [...assigned].map(([memberId, partitions]) => ({ memberId, memberAssignment: encodeAssignment(name, partitions) }));
      });
      return (await Promise.all(assignments)).flat();
    },
  });
}

/** 0 of another pipeline's topic that this member may not see. */
async function partitionCount(cluster: Cluster, topic: string): Promise<number> {
  await cluster.addTargetTopic(topic).catch(() => undefined);
  return cluster.findTopicPartitionMetadata(topic).length;
}

function topicOf(metadata: Buffer): string | undefined {
  try {
    return decodeMember(metadata).topics[0];
  } catch {
    return undefined;
  }
}

function ownedOf(metadata: Buffer): readonly number[] {
  try {
    const said: unknown = JSON.parse(decodeMember(metadata).userData);
    // Members of the version before this one say nothing but what they own.
    const owned = typeof said === 'object' && said !== null && 'owned' in said ? said.owned : said;
    return Array.isArray(owned) ? owned.filter(partition => Number.isInteger(partition)) : [];
  } catch {
    return [];
  }
}
