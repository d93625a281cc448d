/** The error of a reader whose offset the log does not have. */
import { PipelineError } from '@tapeline/core/errors';
import type { PartitionOffsets } from './market-log.ts';

/** `log.out-of-range`, naming what the log has. */
export function outOfRange(topic: string, fromOffset: number, { partition, lowOffset, highWatermark }: PartitionOffsets): PipelineError {
  return new PipelineError(
    'log.out-of-range',
    `offset ${fromOffset} of ${topic}/${partition} is out of range, expected ${lowOffset} to ${highWatermark}: ${
      fromOffset < lowOffset ? 'retention has deleted it' : 'the log ends before it'
    }`,
    { retriable: false, fields: { topic, partition, fromOffset, lowOffset, highWatermark } },
  );
}
