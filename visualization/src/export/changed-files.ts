/**
 * Tells an exported file that the store knows more of by now: history was loaded, a gap filled, a bar compared or corrected. A file remembers
 * how many rows it has and how often they were changed, so no row is read for it.
 */
import { setImmediate } from 'node:timers/promises';
import type { MarketStore } from '@tapeline/database/market-store';
import type { FoundFile } from './export-destination.ts';
import { dayLengthMs, type ExportFile, type ExportSource } from './export-files.ts';
import { fileTotals } from './parquet-file.ts';
import { gapsOf, pagesOf } from './store-pages.ts';

/** Symbols that are asked for at once: a store far away answers them together. */
const atOnce = 8;

/**
 * True for a file to be written again. One that has more than the store is left alone: what the store has lost is nowhere else.
 * @throws PipelineError of the store and of the destination.
 */
export async function hasChanged(found: FoundFile, file: ExportFile, source: ExportSource): Promise<boolean> {
  if (file.table === 'ticks' || file.table === 'alerts') return false;
  const written = await fileTotals(found);
  if (written === undefined) return true;
  const stored = file.table === 'bars' ? await barTotals(file, source) : await gapTotals(file, source.store);
  if (stored.rows < written.rows) return false;
  return stored.rows > written.rows || stored.changes > (written.changes ?? -1);
}

/** As the file's writing counts them. */
interface StoredTotals {
  readonly rows: number;
  readonly changes: number;
}

async function barTotals({ interval = '1m', dayMs }: ExportFile, { store, symbols, signal }: ExportSource): Promise<StoredTotals> {
  let [rows, changes] = [0, 0];
  for (let next = 0; next < symbols.length; next += atOnce) {
    signal.throwIfAborted();
    const group = symbols.slice(next, next + atOnce);
    const range = { fromMs: dayMs, toMs: dayMs + dayLengthMs };
    for (const totals of await Promise.all(group.map(symbol => store.barTotals({ symbol, interval, ...range })))) {
      rows += totals.bars;
      changes += totals.revisions;
    }
    // The embedded store answers without a pause, and the flow runs in the same process.
    await setImmediate();
  }
  return { rows, changes };
}

/** A gap changes once: when it is filled. */
async function gapTotals({ dayMs }: ExportFile, store: MarketStore): Promise<StoredTotals> {
  let [rows, changes] = [0, 0];
  for await (const gaps of pagesOf(gapsOf(store), { fromMs: dayMs, toMs: dayMs + dayLengthMs })) {
    rows += gaps.length;
    changes += gaps.filter(gap => gap.filled).length;
  }
  return { rows, changes };
}
