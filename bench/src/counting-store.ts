/** A store that only counts what it is given, so that a measurement shows what the processor costs and not what a database does. */
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore, Snapshot, SnapshotKey, StoreBatch } from '@tapeline/database/market-store';

export interface StoreCounts {
  bars: number;
  latest: number;
  ticks: number;
  gaps: number;
  snapshots: number;
  snapshotBytes: number;
}

export interface CountingStore {
  readonly store: MarketStore;
  readonly counts: StoreCounts;
}

/** @param onBar is told each bar; without it no bar is looked at. */
export function countingStore(onBar?: (bar: Bar) => void): CountingStore {
  const counts: StoreCounts = { bars: 0, latest: 0, ticks: 0, gaps: 0, snapshots: 0, snapshotBytes: 0 };
  const snapshots = new Map<string, Snapshot>();
  const nameOf = ({ consumerGroup, topic, partition }: SnapshotKey): string => `${consumerGroup}/${topic}/${partition}`;
  const store: MarketStore = {
    migrate: async () => {},
    ready: async () => {},
    write: async (batch: StoreBatch) => {
      counts.bars += batch.bars.length;
      counts.latest += batch.latest.length;
      counts.ticks += batch.ticks.length;
      counts.gaps += batch.gaps.length;
      if (onBar !== undefined) for (const bar of batch.bars) onBar(bar);
    },
    saveSnapshot: async (key, snapshot) => {
      counts.snapshots += 1;
      counts.snapshotBytes += snapshot.state.length;
      snapshots.set(nameOf(key), snapshot);
    },
    loadSnapshot: async key => snapshots.get(nameOf(key)),
    bars: async () => [],
    ticks: async () => [],
    latest: async () => [],
    gaps: async () => [],
    instruments: async () => [],
    alerts: async () => [],
    close: async () => {},
  };
  return { store, counts };
}
