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
      const states = members.map(({ memberId, memberMetadata }) => ({ memberId, owned: ownedOf(memberMetadata) }));
      const assigned = assignSticky(states, cluster.findTopicPartitionMetadata(topic).length);
      return [...assigned].map(([memberId, partitions]) => ({ memberId, memberAssignment: encodeAssignment(topic, partitions) }));
    },
  });
}

function ownedOf(metadata: Buffer): readonly number[] {
  try {
    const said: unknown = JSON.parse(decodeMember(metadata));
    // Members of the version before this one say nothing but what they own.
    const owned = typeof said === 'object' && said !== null && 'owned' in said ? said.owned : said;
    return Array.isArray(owned) ? owned.filter(partition => Number.isInteger(partition)) : [];
  } catch {
    return [];
  }
}
