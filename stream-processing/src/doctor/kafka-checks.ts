/** What Kafka says of topics and of the processors' group, judged. Pure. */
import { counted } from '@tapeline/core/counted';
import type { Topic } from '@tapeline/core/topics';
import type { GroupFacts, TopicFacts } from '@tapeline/log/kafka-inspection';
import { type Finding, fault, foundOr, ok, spanText, warning } from './finding.ts';

export interface TopicExpectation {
  readonly topic: Topic;
  /** `KAFKA_FEED_PARTITIONS`, for topics that have no number of their own. */
  readonly feedPartitions: number;
  readonly brokers: number;
}

/** @param facts `undefined` for a topic that is not there. */
export function topicFindings(name: string, facts: TopicFacts | undefined, expected: TopicExpectation): readonly Finding[] {
  const check = `topic ${name}`;
  if (facts === undefined) {
    return [
      fault(check, 'it is not there', 'start the ingester or a processor, which make it, or apply the chart kafka; see KAFKA_TOPIC_PREFIX'),
    ];
  }
  const wrong = [...partitionFindings(check, facts, expected), ...replicaFindings(check, facts, expected.brokers)];
  wrong.push(...settingFindings(check, facts, expected.topic));
  const { partitions, replicas, settings } = facts;
  const kept = settings === undefined ? 'how long it is kept may not be seen' : `kept ${retentionText(settings.retentionMs)}`;
  return foundOr(ok(check, `${counted(partitions, 'partition')}, ${counted(replicas, 'replica')}, ${kept}`), wrong);
}

export function groupFindings(group: string, { state, members }: GroupFacts): readonly Finding[] {
  const check = `group ${group}`;
  if (members === 0) {
    return [
      fault(
        check,
        `no processor is in it (${state})`,
        'start the stream processors, or correct KAFKA_GROUP; those that run join once their store answers, and has tables of their fold (tapeline rebuild): /readyz says what one waits for',
      ),
    ];
  }
  if (state !== 'Stable') {
    return [
      warning(
        check,
        `${counted(members, 'member')}, and it is ${state}`,
        "look again in some seconds; when it stays so, look into the processors' logs",
      ),
    ];
  }
  return [ok(check, counted(members, 'member'))];
}

function partitionFindings(check: string, { partitions }: TopicFacts, { topic, feedPartitions }: TopicExpectation): Finding[] {
  const expected = topic.partitions ?? feedPartitions;
  if (partitions === expected) return [];
  const what = `it has ${counted(partitions, 'partition')}, expected ${expected}`;
  if (topic.partitions !== undefined) {
    return [
      fault(
        check,
        `${what}: more than one reader at a time would be given its records`,
        'delete it while no process runs (its records are lost): it is made anew',
      ),
    ];
  }
  const remedy = `set KAFKA_FEED_PARTITIONS=${partitions} where it was made so; for ${expected} run tapeline repartition, never add partitions to it`;
  return [warning(check, `${what} by KAFKA_FEED_PARTITIONS`, remedy)];
}

function replicaFindings(check: string, { replicas, behind, settings }: TopicFacts, brokers: number): Finding[] {
  const found: Finding[] = [];
  if (behind.length > 0) {
    const remedy = 'check that all brokers run and have room on their disks';
    found.push(warning(check, `a replica of ${counted(behind.length, 'partition')} (${listed(behind)}) is behind or away`, remedy));
  }
  if (replicas < Math.min(3, brokers)) {
    const what = `${counted(replicas, 'replica')} on ${brokers} brokers: the loss of one can lose records`;
    found.push(warning(check, what, 'raise it to 3 with kafka-reassign-partitions.sh'));
  }
  if (settings !== undefined && settings.minInsyncReplicas > replicas) {
    const what = `min.insync.replicas is ${settings.minInsyncReplicas} with ${counted(replicas, 'replica')}: nothing can be written`;
    found.push(fault(check, what, 'lower it with kafka-configs.sh, or add replicas'));
  }
  if (settings !== undefined && replicas >= 3 && settings.minInsyncReplicas < 2) {
    found.push(
      warning(
        check,
        `min.insync.replicas is ${settings.minInsyncReplicas}: a write can be on one broker alone`,
        'set it to 2 with kafka-configs.sh',
      ),
    );
  }
  return found;
}

function settingFindings(check: string, { settings }: TopicFacts, topic: Topic): Finding[] {
  if (settings === undefined) return [];
  const found: Finding[] = [];
  if (settings.cleanupPolicy.includes('compact')) {
    found.push(
      fault(
        check,
        `cleanup.policy is ${settings.cleanupPolicy}: records vanish from the middle of the log`,
        'set cleanup.policy=delete with kafka-configs.sh',
      ),
    );
  }
  if (settings.retentionMs >= 0 && settings.retentionMs < topic.retentionMs) {
    const what = `it is kept ${retentionText(settings.retentionMs)}, expected ${retentionText(topic.retentionMs)}`;
    found.push(warning(check, what, `set retention.ms=${topic.retentionMs} with kafka-configs.sh`));
  }
  return found;
}

function retentionText(retentionMs: number): string {
  return retentionMs < 0 ? 'for ever' : spanText(retentionMs);
}

function listed(partitions: readonly number[]): string {
  return partitions.length <= 8 ? partitions.join(', ') : `${partitions.slice(0, 8).join(', ')} …`;
}
