/** How far the store has come, so that a day is exported only when the store has it whole. */

import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore, SnapshotKey } from '@tapeline/database/market-store';
import { snapshotHeader } from '@tapeline/stream-processing/hot/hot-snapshot';
import { dayLengthMs, type ExportFile, overMs, settleMs } from './export-files.ts';
import { gapsOf, pagesOf } from './store-pages.ts';

export interface StoredDays {
  /** Feed time up to which all is stored; `undefined` when no processor of the group saved anything. */
  readonly untilMs: number | undefined;
  /** Begin of the oldest gap that may be filled still: it ended lately, by the time of the store. */
  readonly unsettledFromMs: number;
}

/** A gap that goes on for longer is no longer found. */
const gapLookBackMs = 32 * dayLengthMs;

/**
 * Looks how far the store has come. What the snapshots of the processors end with is stored, so the partition that is the furthest behind says it.
 * @param fromMs start of the oldest day that is asked for
 * @throws PipelineError of the store.
 */
export async function storedDays(
  store: MarketStore,
  { group, fromMs, nowMs }: { readonly group: string; readonly fromMs: number; readonly nowMs: number },
): Promise<StoredDays> {
  const untilMs = await storedUntilMs(store, group);
  const settledMs = Math.min(untilMs ?? nowMs, nowMs) - settleMs;
  for await (const gaps of pagesOf(gapsOf(store), { fromMs: Math.max(0, fromMs - gapLookBackMs), toMs: nowMs })) {
    const unsettled = gaps.find(gap => !gap.filled && gap.toMs > settledMs);
    if (unsettled !== undefined) return { untilMs, unsettledFromMs: unsettled.fromMs };
  }
  return { untilMs, unsettledFromMs: Number.POSITIVE_INFINITY };
}

/** True when nothing of the file is on its way to the store any more. Without a word of the processors the clock has to do. */
export function isStored({ untilMs, unsettledFromMs }: StoredDays, file: ExportFile): boolean {
  return overMs(file) <= (untilMs ?? Number.POSITIVE_INFINITY) && overMs(file) - settleMs <= unsettledFromMs;
}

/** What a day waits for, in words. */
export function reachOf({ untilMs, unsettledFromMs }: StoredDays): string {
  const stored =
    untilMs === undefined ? 'no snapshot says what is stored' : `what is stored has come to ${new Date(untilMs).toISOString()}`;
  if (unsettledFromMs === Number.POSITIVE_INFINITY) return stored;
  return `${stored}, and a gap that began at ${new Date(unsettledFromMs).toISOString()} may be filled still`;
}

/** Feed time up to which all is stored; `undefined` when no processor of the group saved anything. @throws PipelineError of the store. */
export async function storedUntilMs(store: MarketStore, consumerGroup: string): Promise<number | undefined> {
  const key = { consumerGroup, topic: feedTopic.name };
  const first = await savedOf(store, { ...key, partition: 0 });
  if (first === undefined) return undefined;
  let untilMs = first.heardMs;
  for (let partition = 1; partition < first.partitions; partition += 1) {
    const saved = await savedOf(store, { ...key, partition });
    untilMs = Math.min(untilMs, saved?.heardMs ?? 0);
  }
  return untilMs;
}

/** What a partition's snapshot says of its feeds. One feed may be away for good, so the newest that any of them said counts; without a feed nothing is to come. */
async function savedOf(
  store: MarketStore,
  key: SnapshotKey,
): Promise<{ readonly partitions: number; readonly heardMs: number } | undefined> {
  const snapshot = await store.loadSnapshot(key);
  if (snapshot === undefined) return undefined;
  const { partitions, feeds } = snapshotHeader(snapshot.state);
  const heardMs = feeds.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...feeds.map(feed => feed.watermarkMs));
  return { partitions, heardMs };
}
