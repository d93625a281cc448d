/**
 * A store that only counts what it is given, so that a measurement shows what the processor costs and not what a database does. It keeps no
 * snapshots either: they are in no processor's memory where the store is another process.
 */
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore, StoreBatch } from '@tapeline/database/market-store';

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
    saveSnapshot: async (_key, snapshot) => {
      counts.snapshots += 1;
      counts.snapshotBytes += snapshot.state.length;
    },
    loadSnapshot: async () => undefined,
    bars: async () => [],
    barTotals: async () => ({ bars: 0, revisions: 0 }),
    ticks: async () => [],
    latest: async () => [],
    gaps: async () => [],
    instruments: async () => [],
    alerts: async () => [],
    close: async () => {},
  };
  return { store, counts };
}
