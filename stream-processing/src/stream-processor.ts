/** A stream processor: a member of the consumer group that runs the fold over each partition it is given. */
import type { Interval } from '@tapeline/core/intervals';
import { barsTopic, feedTopic } from '@tapeline/core/topics';
import type { Tracing } from '@tapeline/core/tracing/tracing';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog, PartitionClaim } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { Outages } from './outages.ts';
import { processPartition } from './partition-processor.ts';
import { createProcessorMetrics, type ProcessorMetrics } from './processor-metrics.ts';
import { warnOfRefusedFeeds } from './refused-feeds.ts';

export interface StreamProcessorOptions {
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly group: string;
  readonly intervals: readonly Interval[];
  readonly allowedLatenessMs: number;
  readonly correctionHorizonMs: number;
  readonly snapshotIntervalMs: number;
  /** Raw ticks go to the store, too. Without them they never become objects. @default true */
  readonly storeTicks?: boolean;
  /** Sampled ticks are followed. @default none */
  readonly tracing?: Tracing | undefined;
  /** Aborting finishes what is read, saves and leaves the group. */
  readonly signal: AbortSignal;
  readonly registry: Registry;
  /** Those of a former run in this process. @default they are registered */
  readonly metrics?: ProcessorMetrics;
  readonly logger: Logger;
  /** For who asks it what waits. @default one of its own */
  readonly outages?: Outages;
  /**
   * Called when a partition was assigned or left, and when the group has none for this member: it stands by for the others; with `undefined`
   * while it is no member of the group.
   */
  readonly onPartitions?: (owned: readonly number[] | undefined) => void;
}

/**
 * Runs until `signal` aborts.
 * @throws PipelineError what a partition cannot go on with; the others are saved first.
 */
export async function runStreamProcessor(options: StreamProcessorOptions): Promise<void> {
  const { log, logger } = options;
  const { metrics = createProcessorMetrics(options.registry), outages = new Outages({ logger }) } = options;
  const shared = { metrics, outages, logger, notOwner: warnOfRefusedFeeds(logger) };
  const partitions = await log.partitionCount(feedTopic.name);
  const barPartitions = await log.partitionCount(barsTopic.name);
  const failed = new AbortController();
  const stopping = AbortSignal.any([options.signal, failed.signal]);
  const owned = new Map<PartitionClaim, Promise<void>>();
  let isMember = false;

  const run = async (claim: PartitionClaim): Promise<void> => {
    const fold = { ...options, partition: claim.partition, partitions };
    try {
      await processPartition({ ...options, claim, fold, barPartitions, stopping, failed: reason => failed.abort(reason), ...shared });
    } catch (error) {
      failed.abort(error);
    } finally {
      owned.delete(claim);
      told();
    }
  };
  const told = (): void => {
    metrics.partitions.set(owned.size);
    options.onPartitions?.(isMember ? [...owned.keys()].map(claim => claim.partition).sort((a, b) => a - b) : undefined);
  };
  const member = (is: boolean) => () => {
    isMember = is;
    told();
  };
  const changes = { onAssigned: member(true), onLost: member(false) };

  try {
    for await (const claim of log.join({ topic: feedTopic.name, group: options.group, signal: stopping, ...changes })) {
      owned.set(claim, run(claim));
      told();
    }
  } catch (error) {
    failed.abort(error);
  }
  await Promise.all(owned.values());
  if (failed.signal.aborted) throw failed.signal.reason;
  logger.info('every partition is saved and left');
}
