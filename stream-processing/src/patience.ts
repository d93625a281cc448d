/** Tries until it succeeds or nobody needs it any more: a store or a log that is away is waited for, and nothing is dropped. */
import { isPassing } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { PartitionClaim } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Outages } from './outages.ts';
import type { ProcessorMetrics } from './processor-metrics.ts';

export interface PatienceOptions {
  readonly claim: PartitionClaim;
  /** Aborts when the process stops: from then on one failure is enough. */
  readonly stopping: AbortSignal;
  readonly metrics: ProcessorMetrics;
  /** Tells people what waits. */
  readonly outages: Outages;
  readonly logger: Logger;
}

/** Thrown to leave a partition that was lost: its unfinished work is its successor's. */
export class PartitionLost extends Error {}

const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** @throws PartitionLost; what no repetition helps against; the last failure when the process stops. */
export async function untilDurable<T>(doing: string, attempt: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { claim, metrics, outages, stopping } = options;
  const work = { doing, partition: claim.partition };
  let isDone = false;
  try {
    for (let tries = 0; ; tries += 1) {
      if (claim.lost.aborted) throw new PartitionLost();
      try {
        const result = await attempt();
        isDone = true;
        return result;
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (stopping.aborted && tries > 0) throw error;
        metrics.sinkRetries.inc();
        outages.failed(work, error);
        const over = AbortSignal.any([claim.lost, stopping]);
        await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** tries), over);
      }
    }
  } finally {
    outages.over(work, isDone);
  }
}
