/** Reads one partition of the embedded log, and follows it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bell } from './bell.ts';
import type { EmbeddedRecords } from './embedded-records.ts';
import type { LogBatch } from './market-log.ts';
import { outOfRange } from './out-of-range.ts';
import { plainBatch } from './plain-batch.ts';

export interface EmbeddedReading {
  readonly records: EmbeddedRecords;
  readonly topic: string;
  readonly topicId: number;
  readonly partition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Rings when the topic has grown. */
  readonly bell: Bell;
  /** How often to look when another process writes; `undefined` when the bell is enough. */
  readonly pollIntervalMs: number | undefined;
  readonly signal: AbortSignal;
  readonly failure: (error: unknown) => unknown;
}

/** Batches from `fromOffset` to `toOffset`; ends early, and quietly, when `signal` aborts. */
export async function* readEmbedded(reading: EmbeddedReading): AsyncGenerator<LogBatch, void, void> {
  const { bell, toOffset, signal } = reading;
  let position = reading.fromOffset;
  while (!signal.aborted) {
    const batch = nextBatch(reading, position);
    if (position >= toOffset) return;
    if (batch === undefined) {
      await bell.wait(signal, reading.pollIntervalMs);
      continue;
    }
    yield batch;
    position = batch.lastOffset + 1;
    // SQLite answers at once: without a turn of the event loop a long backlog would keep out sockets, timers and signals.
    await nextTurn();
  }
}

function nextBatch(reading: EmbeddedReading, position: number): LogBatch | undefined {
  const { records, topic, topicId, partition, toOffset } = reading;
  try {
    const read = records.read(topicId, partition, position, toOffset);
    const { lowOffset = 0, highWatermark = 0 } = records.offsets(topicId, partition) ?? {};
    if (position < lowOffset || position > highWatermark) throw outOfRange(topic, position, { partition, lowOffset, highWatermark });
    return read.length === 0 ? undefined : plainBatch({ topic, partition, records: read, highWatermark });
  } catch (error) {
    throw reading.failure(error);
  }
}
