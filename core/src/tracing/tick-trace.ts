/**
 * Which ticks are followed on their way, and under what name. Nothing is added to a record: a tick is sampled by where it stands in the log, and every
 * stage makes the same trace id from that place and the tick itself. So no header is needed, and a replay of the log adds to the same traces.
 */
import { createHash } from 'node:crypto';
import { PipelineError } from '../errors.ts';
import { decodeRecord } from '../record-codec.ts';
import type { Tick } from '../records.ts';

/** Where a record stands. */
export interface RecordPlace {
  /** The whole name, with the prefix of the pipeline. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A tick that is followed. */
export interface SampledTick {
  readonly place: RecordPlace;
  readonly tick: Tick;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the span `receive`, the parent of what each stage says first. */
  readonly rootSpanId: string;
}

/** The first offset from `fromOffset` on that is sampled, of one in `every`. */
export function firstSampled(fromOffset: number, every: number): number {
  return Math.ceil(fromOffset / every) * every;
}

/** The tick in the bytes of a record at that place; `undefined` for a record of another kind, and for what is no record. */
export function sampledTick(place: RecordPlace, value: Uint8Array | undefined): SampledTick | undefined {
  const tick = tickIn(value);
  if (tick === undefined) return undefined;
  const { topic, partition, offset } = place;
  // Logs begin at 0 again and again: the receipt tells one from another.
  const digest = createHash('sha256').update(`${topic}/${partition}@${offset}\n${tick.symbol}\n${tick.receivedTimeMs}`).digest('hex');
  return { place, tick, traceId: digest.slice(0, 32), rootSpanId: digest.slice(32, 48) };
}

function tickIn(value: Uint8Array | undefined): Tick | undefined {
  try {
    const record = decodeRecord(value);
    return record.kind === 'tick' ? record : undefined;
  } catch (error) {
    // Whoever reads it says what becomes of it.
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}
