/** `tapeline export --format parquet`: days of a store as files for pandas, DuckDB and Power BI. */

import type { Configuration } from '@tapeline/core/configuration';
import { counted } from '@tapeline/core/counted';
import { usageError } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import type { ExportTable } from '@tapeline/core/settings/export-settings';
import type { MarketStore } from '@tapeline/database/market-store';
import { openConfiguredDestination } from '@tapeline/visualization/export/configured-export';
import type { ExportDestination } from '@tapeline/visualization/export/export-destination';
import { dayLengthMs, filesOf, overMs, pathOf } from '@tapeline/visualization/export/export-files';
import { runExport } from '@tapeline/visualization/export/export-run';
import { FolderDestination } from '@tapeline/visualization/export/folder-destination';
import { isStored, reachOf, storedDays } from '@tapeline/visualization/export/stored-days';

export interface ParquetOptions {
  readonly configuration: Configuration;
  readonly store: MarketStore;
  /** A folder; what the settings name when absent. */
  readonly output: string | undefined;
  readonly tables: readonly ExportTable[];
  readonly intervals: readonly Interval[];
  /** All that the store knows when absent. */
  readonly symbols: readonly string[] | undefined;
  /** Half-open, of whole days (UTC). */
  readonly fromMs: number;
  readonly toMs: number;
  /** Leaves out files that are there. */
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** @returns the exit status: 0, or 130 when it was stopped. @throws PipelineError `usage`, and of the store and the destination. */
export async function exportParquet(options: ParquetOptions): Promise<number> {
  const { store, symbols, signal, resume, nowMs } = options;
  const files = filesOf(options.tables, options.intervals, rangeOf(options));
  const over = files.filter(file => overMs(file) <= nowMs);
  for (const file of files) {
    if (!over.includes(file)) tell(`${pathOf(file)} is left out: its day counts as over from ${new Date(overMs(file)).toISOString()} on`);
  }
  const destination = await destinationOf(options);
  try {
    const stored = await storedDays(store, { group: options.configuration.KAFKA_GROUP, fromMs: options.fromMs, nowMs });
    const result = await runExport({
      ...{ store, destination, files: over, symbols, onlyMissing: resume, signal },
      isStored: async file => {
        if (!isStored(stored, file)) tell(`${pathOf(file)} is written as it is: ${reachOf(stored)}`);
        return true;
      },
      written: (path, { rows, bytes, seconds }) => tell(`${path}  ${counted(rows, 'row')}  ${bytes} bytes  ${seconds.toFixed(1)} s`),
    });
    const present = resume ? `, ${result.present} were there` : '';
    tell(
      `${counted(result.written, 'file')} with ${counted(result.rows, 'row')} and ${result.bytes} bytes in ${destination.name}${present}`,
    );
    if (signal.aborted) tell('stopped: the same command with --resume goes on');
    return signal.aborted ? 130 : 0;
  } finally {
    await destination.close();
  }
}

function rangeOf({ fromMs, toMs }: ParquetOptions): { readonly fromMs: number; readonly toMs: number } {
  for (const timeMs of [fromMs, toMs]) {
    if (timeMs % dayLengthMs === 0) continue;
    const time = new Date(timeMs).toISOString();
    throw usageError(`--from and --to must be whole days in UTC for Parquet, was ${time}: give dates, as 2026-11-20, or --day`);
  }
  return { fromMs, toMs };
}

async function destinationOf({ configuration, output }: ParquetOptions): Promise<ExportDestination> {
  const destination = output === undefined ? await openConfiguredDestination(configuration) : new FolderDestination(output);
  if (destination !== undefined) return destination;
  throw usageError('--format parquet needs a place for its files: give --output <folder>, or set EXPORT_FOLDER or EXPORT_BUCKET');
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
