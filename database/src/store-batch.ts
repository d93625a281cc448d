/** Batches of rows: of rows with one key only the newest version is worth writing, and of bars of history also what they leave as it is. */
import { type Bar, isOfHistory } from '@tapeline/core/bars';
import type { StoreBatch } from './market-store.ts';

/** A batch whose rows are all there. */
export type RowBatch = { readonly [Name in keyof StoreBatch]: readonly (StoreBatch[Name] extends Iterable<infer Row> ? Row : never)[] };

/**
 * The batch with each key once, at its highest `versionUs`; of equal versions the first stays. A bar of history says nothing of
 * indicators, so it does not take the place of one that ticks made: it stands behind it.
 */
export function newestOfEachKey(batch: StoreBatch): RowBatch {
  return {
    ticks: newest(batch.ticks, ({ tick }) => `${tick.timeMs}/${tick.session}/${tick.sequence}/${tick.symbol}`),
    bars: historyLast(newest(batch.bars, bar => `${bar.startMs}/${bar.interval}/${isOfHistory(bar)}/${bar.symbol}`)),
    latest: newest(batch.latest, row => row.symbol),
    gaps: newest(batch.gaps, gap => JSON.stringify([gap.fromMs, gap.symbol, gap.reason])),
    instruments: newest(batch.instruments, row => row.instrument.symbol),
    alerts: newest(batch.alerts, alert => alert.id),
  };
}

/** A batch from the rows that there are. */
export function storeBatch(rows: Partial<StoreBatch>): StoreBatch {
  return { ticks: [], bars: [], latest: [], gaps: [], instruments: [], alerts: [], ...rows };
}

function historyLast(bars: readonly Bar[]): readonly Bar[] {
  const history = bars.filter(isOfHistory);
  return history.length === 0 ? bars : [...bars.filter(bar => !isOfHistory(bar)), ...history];
}

function newest<Row extends { readonly versionUs: number }>(
  rows: Iterable<Row> & { readonly length: number },
  keyOf: (row: Row) => string,
): readonly Row[] {
  if (rows.length < 2) return [...rows];
  const newestByKey = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    const known = newestByKey.get(key);
    if (known === undefined || row.versionUs > known.versionUs) newestByKey.set(key, row);
  }
  return [...newestByKey.values()];
}
