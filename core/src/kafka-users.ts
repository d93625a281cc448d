/** The one catalogue of Kafka's users: the rights of each process, and no more. The Kafka chart and secured servers on loopback take them from here. */
import { alertsTopic, barsTopic, deadLetterTopic, feedTopic } from './topics.ts';

export type KafkaOperation = 'Read' | 'Write' | 'Describe' | 'DescribeConfigs';

/** What may be done with a topic or a group of this very name, with each of them (`*`), or with the cluster itself. */
export interface KafkaRight {
  readonly type: 'topic' | 'group' | 'cluster';
  /** Absent for the cluster. */
  readonly name?: string;
  readonly operations: readonly KafkaOperation[];
}

export interface KafkaUser {
  /** The process's. */
  readonly name: string;
  readonly description: string;
  readonly rights: readonly KafkaRight[];
}

/** Of the stream processors, unless `KAFKA_GROUP` says otherwise. */
const processorsGroup = 'stream-processor';

export const kafkaUsers: readonly KafkaUser[] = [
  {
    name: 'ingester',
    description: "Writes what the feeds say; reads the feed's end at start, to find its last session; asks whether the topics are there.",
    rights: [
      topic(feedTopic.name, 'Read', 'Write'),
      topic(deadLetterTopic.name, 'Write'),
      topic(alertsTopic.name, 'Describe'),
      topic(barsTopic.name, 'Describe'),
    ],
  },
  {
    name: 'stream-processor',
    description: 'Folds the feed into bars as a member of its group. KEDA asks as this user how far the group is behind.',
    rights: [
      topic(feedTopic.name, 'Read'),
      topic(barsTopic.name, 'Write'),
      topic(alertsTopic.name, 'Write'),
      topic(deadLetterTopic.name, 'Write'),
      group(processorsGroup, 'Read'),
    ],
  },
  {
    name: 'backfiller',
    description: 'Writes history records; reads of ticks that came too late; asks whether the topics are there.',
    rights: [
      topic(feedTopic.name, 'Write'),
      topic(deadLetterTopic.name, 'Read'),
      topic(alertsTopic.name, 'Describe'),
      topic(barsTopic.name, 'Describe'),
    ],
  },
  {
    name: 'daily-jobs',
    description: 'Writes history and instrument records; asks whether the topics are there.',
    rights: [
      topic(feedTopic.name, 'Write'),
      topic(deadLetterTopic.name, 'Describe'),
      topic(alertsTopic.name, 'Describe'),
      topic(barsTopic.name, 'Describe'),
    ],
  },
  {
    name: 'live-board',
    description: 'Follows the feed, in no group.',
    rights: [topic(feedTopic.name, 'Read')],
  },
  {
    name: 'notifier',
    description: 'Reads alerts as the one of its group whose turn it is; puts alert rules into the feed, and looks which are there.',
    rights: [
      topic(alertsTopic.name, 'Read'),
      topic(feedTopic.name, 'Read', 'Write'),
      topic(deadLetterTopic.name, 'Describe'),
      topic(barsTopic.name, 'Describe'),
      group('notifier', 'Read'),
    ],
  },
  {
    name: 'kafdrop',
    description: 'Shows topics, records, groups and settings to people; changes nothing.',
    rights: [
      topic('*', 'DescribeConfigs', 'Read'),
      group('*', 'Describe'),
      { type: 'cluster', operations: ['Describe', 'DescribeConfigs'] },
    ],
  },
];

/** What tells one pipeline of a cluster from another. */
export interface PipelineNames {
  /** `KAFKA_TOPIC_PREFIX`. @default none */
  readonly prefix?: string | undefined;
  /** `KAFKA_GROUP`. @default the processors' usual one */
  readonly group?: string | undefined;
}

/** The same users with the rights of that pipeline. */
export function kafkaUsersOf({ prefix = '', group: processors = processorsGroup }: PipelineNames): readonly KafkaUser[] {
  const nameOf = ({ type, name }: KafkaRight) => {
    if (name === undefined || name === '*') return {};
    return { name: type === 'group' && name === processorsGroup ? processors : `${prefix}${name}` };
  };
  return kafkaUsers.map(user => ({ ...user, rights: user.rights.map(right => ({ ...right, ...nameOf(right) })) }));
}

function topic(name: string, ...operations: readonly KafkaOperation[]): KafkaRight {
  return { type: 'topic', name, operations };
}

function group(name: string, ...operations: readonly KafkaOperation[]): KafkaRight {
  return { type: 'group', name, operations };
}
