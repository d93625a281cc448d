/**
 * Ticks that came too late to correct a bar: the fold writes them to the dead-letter topic, and each asks for a comparison with the
 * vendor. All of one symbol in one hour ask for the same one, so a flood of them costs no flood of credits.
 */
import { deadLetterIn } from '@tapeline/core/dead-letters';
import { intervalMs } from '@tapeline/core/intervals';
import { parseJson } from '@tapeline/core/json-text';
import { deadLetterTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { z } from 'zod';
import type { VendorInterval } from '../twelve-data/rest-client.ts';
import type { BackfillRequest } from './backfill-job.ts';

/** What of a dead letter's value is needed. */
const lateTickSchema = z.object({ symbol: z.string(), timeMs: z.number() });

export type LateTick = Readonly<z.infer<typeof lateTickSchema>>;

export interface LateTicks {
  readonly ticks: readonly LateTick[];
  /** Where to read on. */
  readonly nextOffset: number;
}

const hourMs = 3_600_000;
/** Of one look: the rest is for the next one. */
const mostLetters = 10_000;

/**
 * Reads the dead letters from `fromOffset` on that there are, at most 10,000; from the topic's start where that is later.
 * @throws PipelineError `log.unavailable` (retriable).
 */
export async function readLateTicks(log: MarketLog, fromOffset: number, signal: AbortSignal): Promise<LateTicks> {
  const place = { topic: deadLetterTopic.name, partition: 0 };
  const [range] = await log.offsets(place.topic);
  // A topic that was made anew begins with 0 again.
  const isOfThisTopic = range !== undefined && fromOffset <= range.highWatermark;
  const from = Math.max(isOfThisTopic ? fromOffset : 0, range?.lowOffset ?? 0);
  const toOffset = Math.min(range?.highWatermark ?? 0, from + mostLetters);
  const ticks: LateTick[] = [];
  if (from >= toOffset) return { ticks, nextOffset: from };
  for await (const batch of log.read({ ...place, fromOffset: from, toOffset, signal })) {
    for (const { value } of batch.records) ticks.push(...lateTicksIn(value));
  }
  return { ticks, nextOffset: signal.aborted ? from : toOffset };
}

/** The comparisons that they ask for: of the hour that each fell into, or of its window where that is longer. */
export function comparisonsOf(ticks: readonly LateTick[], intervals: readonly VendorInterval[]): readonly BackfillRequest[] {
  const requests = new Map<string, BackfillRequest>();
  for (const { symbol, timeMs } of ticks) {
    for (const interval of intervals) {
      const lengthMs = Math.max(hourMs, intervalMs(interval));
      const fromMs = Math.floor(timeMs / lengthMs) * lengthMs;
      requests.set(JSON.stringify([symbol, interval, fromMs]), {
        ...{ kind: 'compare', symbol, interval, fromMs, toMs: fromMs + lengthMs },
        reason: 'a tick came too late to correct its bar',
      });
    }
  }
  return [...requests.values()];
}

function lateTicksIn(value: Uint8Array | undefined): readonly LateTick[] {
  const letter = deadLetterIn(value);
  const tick = lateTickSchema.safeParse(letter?.reason === 'late' ? parsed(letter.value) : undefined);
  return tick.success ? [tick.data] : [];
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
