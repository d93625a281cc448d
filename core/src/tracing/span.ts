/** A span of a tick's way, with names after OpenTelemetry's conventions for messaging and databases. */
import { randomBytes } from 'node:crypto';
import type { SampledTick } from './tick-trace.ts';

/**
 * - `receive`: the vendor's stamp → received by us; the root
 * - `append`: received → the log has it
 * - `fetch`: the log's batch was asked for by a reader → the fold takes it
 * - `fold`: the batch of the tick in the fold
 * - `close`: folded → the bar of the shortest interval that it is in was given out
 * - `write`: that bar given out → durable in the store
 * - `push`: folded by the board → sent to screens
 */
export type SpanName = 'receive' | 'append' | 'fetch' | 'fold' | 'close' | 'write' | 'push';

export interface TickSpan {
  readonly name: SpanName;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Milliseconds since the Unix epoch; the end is never before the start. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface SpanTimes {
  readonly startMs: number;
  readonly endMs: number;
}

/** @param parentSpanId the root when absent; of `receive` there is none */
export function tickSpan(
  name: SpanName,
  sampled: SampledTick,
  { startMs, endMs }: SpanTimes,
  parentSpanId: string = sampled.rootSpanId,
  more: TickSpan['attributes'] = {},
): TickSpan {
  const isRoot = name === 'receive';
  return {
    name,
    traceId: sampled.traceId,
    // A second run of a stage over the same log is a branch of its own, and no other span of the same id.
    spanId: isRoot ? sampled.rootSpanId : newSpanId(),
    parentSpanId: isRoot ? undefined : parentSpanId,
    startMs: Math.min(startMs, endMs),
    endMs,
    attributes: { ...attributesOf(sampled), ...more },
  };
}

/** 16 hexadecimal digits, for a span that others are to name before it ends. */
export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

function attributesOf({ place, tick }: SampledTick): TickSpan['attributes'] {
  return {
    'messaging.destination.name': place.topic,
    'messaging.destination.partition.id': String(place.partition),
    'messaging.kafka.offset': place.offset,
    'tapeline.symbol': tick.symbol,
    'tapeline.feed': tick.feed,
    'tapeline.session': tick.session,
  };
}
