/** The errors of a reader whose offset the log does not have, or has lost and got again. */
import { PipelineError } from '@tapeline/core/errors';
import type { PartitionOffsets } from './market-log.ts';

/** `log.out-of-range`, naming what the log has: with an offset among it, which a broker did not have a moment ago. */
export function outOfRange(topic: string, fromOffset: number, { partition, lowOffset, highWatermark }: PartitionOffsets): PipelineError {
  const place = `offset ${fromOffset} of ${topic}/${partition}`;
  const is = (why: string) => `${place} is out of range, expected ${lowOffset} to ${highWatermark}: ${why}`;
  const message =
    fromOffset < lowOffset
      ? is('retention has deleted it')
      : fromOffset > highWatermark
        ? is('the log ends before it')
        : `${place} was out of range a moment ago, and the log has ${lowOffset} to ${highWatermark} now: it has lost records and grown again, or is another one`;
  return new PipelineError('log.out-of-range', message, {
    retriable: false,
    fields: { topic, partition, fromOffset, lowOffset, highWatermark },
  });
}

interface LostEnd {
  readonly topic: string;
  readonly partition: number;
  /** What is read next. */
  readonly fromOffset: number;
  /** Up to here the log has what was read; −1 when nobody knows. */
  readonly endOffset: number;
}

/** `log.out-of-range` for a log that has the offset, but not the records that were read before it. */
export function lostEnd({ topic, partition, fromOffset, endOffset }: LostEnd): PipelineError {
  const what = endOffset < 0 ? 'records before it' : `its records from offset ${endOffset} on`;
  const message = `offset ${fromOffset} of ${topic}/${partition} is out of range: the log has lost ${what} and grown again, or is another one`;
  return new PipelineError('log.out-of-range', message, { retriable: false, fields: { topic, partition, fromOffset, endOffset } });
}
