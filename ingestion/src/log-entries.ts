/** Which topic, partition and key a feed event goes to. */
import { encodeDeadLetter } from '@tapeline/core/dead-letters';
import { partitionOf } from '@tapeline/core/partitioner';
import { encodeRecord } from '@tapeline/core/record-codec';
import { recordKey } from '@tapeline/core/records';
import { deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import type { Append } from '@tapeline/log/market-log';
import type { PlainEvent } from './feed.ts';

/**
 * The entries of an event: one in its symbol's partition, or one in each partition when it has no symbol.
 * @throws PipelineError `record.invalid` when a field is not what its kind asks for.
 */
export function logEntries(event: PlainEvent, partitions: number): readonly Append[] {
  if (event.kind === 'dead-letter') return [{ topic: deadLetterTopic.name, partition: 0, value: encodeDeadLetter(event) }];
  const value = encodeRecord(event);
  const key = recordKey(event);
  if (key !== undefined) return [{ topic: feedTopic.name, partition: partitionOf(key, partitions), key, value }];
  return Array.from({ length: partitions }, (_, partition) => ({ topic: feedTopic.name, partition, value }));
}
