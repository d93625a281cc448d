/** What a stage needs to follow sampled ticks, and how it finds them: once for each batch of the log, never for each tick. */
import type { TickSpan } from './span.ts';
import { firstSampled, type SampledTick, sampledTick } from './tick-trace.ts';

export interface Tracing {
  /** One record of so many of a partition is looked at. */
  readonly every: number;
  /** What stands before names of topics. */
  readonly topicPrefix: string;
  emit(span: TickSpan): void;
  /** Spans that were begun and will never end. */
  unfinished(count: number): void;
}

/** Records in a row, of one partition. */
export interface RecordRange {
  /** Without the prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  /** A walk over the range's records, in the order of their offsets, from its first one on or from before it. */
  cursor(): RecordWalk;
}

export interface RecordWalk {
  next(): boolean;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

const none: readonly SampledTick[] = [];

/** The sampled ticks of a range. Where none can be in it, it costs a division. */
export function sampledIn(range: RecordRange, { every, topicPrefix }: Tracing): readonly SampledTick[] {
  let wanted = firstSampled(range.fromOffset, every);
  if (wanted > range.lastOffset) return none;
  const found: SampledTick[] = [];
  const walk = range.cursor();
  while (wanted <= range.lastOffset && walk.next()) {
    const { offset, bytes, valueStart, valueEnd } = walk;
    if (offset < wanted) continue;
    // Offsets have holes.
    if (offset === wanted) {
      const place = { topic: topicPrefix + range.topic, partition: range.partition, offset };
      const sampled = sampledTick(place, valueStart < 0 ? undefined : bytes.subarray(valueStart, valueEnd));
      if (sampled !== undefined) found.push(sampled);
    }
    wanted = firstSampled(offset + 1, every);
  }
  return found;
}
