/** This file finds what a partition goes on from, and refuses a snapshot, a log and tables that do not belong together. */
import { counted } from '@tapeline/core/counted';
import { PipelineError } from '@tapeline/core/errors';
import { partitionOf } from '@tapeline/core/partitioner';
import type { MarketStore, SnapshotKey } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { type FoldOptions, HotFold } from './hot/hot-fold.ts';
import { type LastRecord, snapshotHeader } from './hot/hot-snapshot.ts';
import { type PatienceOptions, untilDurable } from './patience.ts';

export interface RestoringOptions extends PatienceOptions {
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly group: string;
  readonly fold: FoldOptions;
}

/** A fold, and where it goes on. */
export interface RestoredPartition {
  readonly fold: HotFold;
  readonly nextOffset: number;
  /** By which the log is known again when it is read on; `undefined` where retention has taken it. */
  readonly lastRecord: LastRecord | undefined;
  /** It comes from a snapshot. */
  readonly isSaved: boolean;
}

/** What the snapshot of a claim's partition is kept by. */
export function snapshotKeyOf({ group, claim }: Pick<RestoringOptions, 'group' | 'claim'>): SnapshotKey {
  return { consumerGroup: group, topic: claim.topic, partition: claim.partition };
}

/**
 * Goes on where the snapshot ends; without one, where the log begins.
 * @throws PipelineError `snapshot.too-old`, `snapshot.invalid` with the remedy. PartitionLost.
 */
export async function restoredPartition(options: RestoringOptions): Promise<RestoredPartition> {
  const { log, store, claim, logger } = options;
  const { partition } = claim;
  refuseAdded(options);
  const key = snapshotKeyOf(options);
  const snapshot = await untilDurable('loading the snapshot', () => store.loadSnapshot(key), options);
  const offsets = await untilDurable('asking for offsets', () => log.offsets(claim.topic), options);
  const { lowOffset = 0, highWatermark = 0 } = offsets.find(candidate => candidate.partition === partition) ?? {};
  if (snapshot === undefined) {
    if (lowOffset > 0) await refuseForeignResults(options, lowOffset);
    logger.info({ partition, nextOffset: lowOffset, restored: false }, 'partition assigned');
    return { fold: new HotFold(options.fold), nextOffset: lowOffset, lastRecord: undefined, isSaved: false };
  }
  const { nextOffset, state } = snapshot;
  refuseUnreadable(key, nextOffset, lowOffset, highWatermark);
  const fold = HotFold.decode(state, options.fold);
  const { lastRecord } = snapshotHeader(state);
  logger.info({ partition, nextOffset, restored: true }, 'partition assigned');
  const isKept = lastRecord !== undefined && lastRecord.offset >= lowOffset;
  return { fold, nextOffset, lastRecord: isKept ? lastRecord : undefined, isSaved: true };
}

/** The symbols of all partitions are others from then on: nothing of it may be folded, neither with the former number nor with the new one. */
function refuseAdded({ claim: { topic, partition }, fold: { partitions } }: RestoringOptions): void {
  if (partition < partitions) return;
  throw new PipelineError(
    'snapshot.invalid',
    `${topic} has got a partition ${partition}, but it had ${counted(partitions, 'partition')} when this process began: symbols change their partition with that number; go back to a log of ${partitions}, or run tapeline repartition, which copies it into another number, and then tapeline rebuild --whole`,
    { retriable: false },
  );
}

function refuseUnreadable(key: SnapshotKey, nextOffset: number, low: number, high: number): void {
  if (nextOffset < low) {
    throw new PipelineError(
      'snapshot.too-old',
      `the snapshot of ${placeOf(key)} goes on at offset ${nextOffset}, but the log begins at ${low}: records in between are lost to it; ${shorter}`,
      { retriable: false },
    );
  }
  if (nextOffset > high) throw otherLog(key, nextOffset, `the log ends at ${high}`);
}

/** Folded from the middle of the log on, bars would have versions that they had before, and other values. */
async function refuseForeignResults(options: RestoringOptions, low: number): Promise<void> {
  const { store, group, fold } = options;
  const latest = await untilDurable('looking for former results', () => store.latest(), options);
  if (!latest.some(({ symbol }) => partitionOf(symbol, fold.partitions) === fold.partition)) return;
  throw new PipelineError(
    'snapshot.too-old',
    `there is no snapshot of ${placeOf(snapshotKeyOf(options))} for group ${group}, but there are results of it, and the log begins at ${low}: go back to the former KAFKA_GROUP if it was another one; otherwise ${shorter}`,
    { retriable: false },
  );
}

const shorter =
  'run tapeline rebuild --shorter, which makes a new generation of what the log still has and leaves the old bars as they are';

/** For a topic that was made anew, or lost its end in a power cut, and has grown as long again. */
export function otherRecord(key: SnapshotKey, nextOffset: number, { offset }: LastRecord): PipelineError {
  return otherLog(key, nextOffset, `at offset ${offset} stands another record than the one that it was made with`);
}

function otherLog(key: SnapshotKey, nextOffset: number, what: string): PipelineError {
  return new PipelineError(
    'snapshot.invalid',
    `the snapshot of ${placeOf(key)} goes on at offset ${nextOffset}, but ${what}: this store belongs to another log; name the right log; where it was made anew, run tapeline rebuild --whole, which makes a new generation of it, or start from an empty store`,
    { retriable: false },
  );
}

function placeOf({ topic, partition }: SnapshotKey): string {
  return `${topic}/${partition}`;
}
