/** What an export consists of: a file for each table, interval and day, in folders that readers understand as partitions (`date=2026-11-20`). */
import type { Interval } from '@tapeline/core/intervals';
import type { ExportTable } from '@tapeline/core/settings/export-settings';
import { dateText } from '@tapeline/core/time-text';
import type { MarketStore } from '@tapeline/database/market-store';
import { alertColumns, barColumns, gapColumns, tickColumns } from './export-columns.ts';
import { type WrittenFile, writeParquet } from './parquet-file.ts';
import { alertsOf, barsOf, gapsOf, pagesOf, pagesOfAll, ticksOf, untilAborted, wantedOf } from './store-pages.ts';

export interface ExportFile {
  readonly table: ExportTable;
  /** Of bars. */
  readonly interval?: Interval;
  /** Start of the day (UTC), by which rows belong to a file; of `1d` bars the trading day. */
  readonly dayMs: number;
}

export const dayLengthMs = 86_400_000;
/** Gaps are filled and bars compared with the vendor's in the hour after a day; what comes later is in no file that was written before. */
export const settleMs = 2 * 3_600_000;
/** A trading day may end so long after the midnight (UTC) that follows its label. */
const latestDayEndMs = dayLengthMs / 2;

/** The file of each table, interval and day of a half-open range; older days first. */
export function filesOf(
  tables: readonly ExportTable[],
  intervals: readonly Interval[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly ExportFile[] {
  const files: ExportFile[] = [];
  for (let dayMs = fromMs; dayMs < toMs; dayMs += dayLengthMs) {
    for (const table of tables) {
      if (table === 'bars') files.push(...intervals.map(interval => ({ table, interval, dayMs })));
      else files.push({ table, dayMs });
    }
  }
  return files;
}

/** Where a file stands, relative to the destination: `bars/interval=1m/date=2026-11-20/bars.parquet`. */
export function pathOf({ table, interval, dayMs }: ExportFile): string {
  const partition = interval === undefined ? '' : `interval=${interval}/`;
  return `${table}/${partition}date=${dateText(dayMs)}/${table}.parquet`;
}

/** When nothing is expected to change any more in what a file holds. */
export function overMs({ interval, dayMs }: ExportFile): number {
  return dayMs + dayLengthMs + settleMs + (interval === '1d' ? latestDayEndMs : 0);
}

export interface ExportSource {
  readonly store: MarketStore;
  /** Whose bars and ticks are read. */
  readonly symbols: readonly string[];
  /** Only gaps and alerts of these symbols, and of whole feeds; all when absent. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Ends the writing with its reason. */
  readonly signal: AbortSignal;
}

/** Writes what the store holds of a file: bars and ticks by symbol and time, gaps and alerts by time. */
export function writeExportFile(path: string, file: ExportFile, { store, symbols, only, signal }: ExportSource): Promise<WrittenFile> {
  const range = { fromMs: file.dayMs, toMs: file.dayMs + dayLengthMs };
  const isWanted = ({ symbol }: { readonly symbol?: string | undefined }) => symbol === undefined || only === undefined || only.has(symbol);
  switch (file.table) {
    case 'bars': {
      const interval = file.interval ?? '1m';
      return writeParquet(
        path,
        barColumns,
        untilAborted(
          pagesOfAll(
            symbols.map(symbol => barsOf(store, symbol, interval)),
            range,
          ),
          signal,
        ),
        bar => bar.revision,
      );
    }
    case 'ticks':
      return writeParquet(
        path,
        tickColumns,
        untilAborted(
          pagesOfAll(
            symbols.map(symbol => ticksOf(store, symbol)),
            range,
          ),
          signal,
        ),
      );
    case 'gaps':
      return writeParquet(path, gapColumns, untilAborted(wantedOf(pagesOf(gapsOf(store), range), isWanted), signal), gap =>
        Number(gap.filled),
      );
    case 'alerts':
      return writeParquet(path, alertColumns, untilAborted(wantedOf(pagesOf(alertsOf(store), range), isWanted), signal));
  }
}
