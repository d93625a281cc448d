/** Sticky assignment in the protocol of a Kafka group: members say what they own, the leader leaves it with them where it can. */
import { decodeMember, encodeAssignment, encodeMember, type PartitionAssigner } from './kafka-client.ts';
import { assignSticky } from './sticky-assignment.ts';

export interface StickyAssignerOptions {
  readonly topic: string;
  /** Partitions that this member owns now. */
  readonly owned: () => readonly number[];
  /** Called at each attempt to join. */
  readonly joining: () => void;
}

const name = 'tapeline-sticky';

/** An assigner for kafkajs' consumer; every member of a group must use it. */
export function stickyAssigner({ topic, owned, joining }: StickyAssignerOptions): PartitionAssigner {
  return ({ cluster }) => ({
    name,
    version: 0,
    protocol: ({ topics }) => {
      joining();
      return { name, metadata: encodeMember(topics, JSON.stringify(owned())) };
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
    const owned: unknown = JSON.parse(decodeMember(metadata));
    return Array.isArray(owned) ? owned.filter(partition => Number.isInteger(partition)) : [];
  } catch {
    return [];
  }
}
