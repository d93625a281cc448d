/** Notes when the bars of a batch became durable, without looking at them while it matters. */
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore } from '@tapeline/database/market-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { machineMs } from './machine-clock.ts';

/** When a bar was durable: `atMs` on the machine's monotonic clock, which all processes share. */
export interface DurableBar {
  readonly symbol: string;
  readonly startMs: number;
  readonly atMs: number;
}

/** @param onDurable is told each first bar of a second, once it is written. */
export function timedStore(store: MarketStore, onDurable: (bar: DurableBar) => void): MarketStore {
  const note = (bar: Bar, atMs: number): void => {
    if (bar.interval === '1s' && bar.revision === 0) onDurable({ symbol: bar.symbol, startMs: bar.startMs, atMs });
  };
  return {
    migrate: () => store.migrate(),
    ready: () => store.ready(),
    write: async batch => {
      // Taken out before: a batch may be used again once it is written.
      const bars = [...batch.bars];
      const writeBars = async (): Promise<void> => {
        await store.write(storeBatch({ bars }));
        const atMs = machineMs();
        for (const bar of bars) note(bar, atMs);
      };
      await Promise.all([writeBars(), store.write({ ...batch, bars: [] })]);
    },
    saveSnapshot: (key, snapshot) => store.saveSnapshot(key, snapshot),
    loadSnapshot: key => store.loadSnapshot(key),
    bars: query => store.bars(query),
    barTotals: query => store.barTotals(query),
    ticks: query => store.ticks(query),
    latest: () => store.latest(),
    gaps: query => store.gaps(query),
    instruments: () => store.instruments(),
    alerts: query => store.alerts(query),
    close: () => store.close(),
  };
}
