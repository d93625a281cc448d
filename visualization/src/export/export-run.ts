/** Writes files of an export, one after the other; those that are done stay, so one that was stopped or failed goes on with what is missing. */
import { performance } from 'node:perf_hooks';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { Registry } from 'prom-client';
import { hasChanged } from './changed-files.ts';
import type { ExportDestination } from './export-destination.ts';
import { type ExportFile, pathOf, writeExportFile } from './export-files.ts';
import type { WrittenFile } from './parquet-file.ts';
import { knownSymbols } from './store-pages.ts';

export interface ExportRunOptions {
  readonly store: MarketStore;
  readonly destination: ExportDestination;
  readonly files: readonly ExportFile[];
  /** All that the store knows when absent. */
  readonly symbols?: readonly string[] | undefined;
  /** Leaves out what is there. */
  readonly onlyMissing: boolean;
  /** Asked for each file that is there, where only what is missing is written: true for one that is written again if the store has more of it. @default none is */
  readonly again?: (file: ExportFile) => boolean;
  /** Asked for each file that is to be written: one that the store does not have whole yet waits for a later run. @default all are */
  readonly isStored?: (file: ExportFile) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** Called before each file with how many are left, and at the end with how many wait. */
  readonly left?: (files: number) => void;
  /** Called after each file that was written. */
  readonly written?: (path: string, file: WrittenFile & { readonly seconds: number; readonly isAgain: boolean }) => void;
}

export interface ExportResult extends WrittenFile {
  readonly written: number;
  readonly present: number;
  readonly waiting: number;
}

/** @throws PipelineError of the store and of the destination. Resolves when the signal aborts; what was begun is then not there. */
export async function runExport(options: ExportRunOptions): Promise<ExportResult> {
  const result = { written: 0, present: 0, waiting: 0, rows: 0, bytes: 0 };
  try {
    await writeAll(options, result);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
  return result;
}

async function writeAll(options: ExportRunOptions, result: { -readonly [Name in keyof ExportResult]: number }): Promise<void> {
  const { store, destination, signal } = options;
  let symbols = options.symbols;
  for (const [index, file] of options.files.entries()) {
    if (signal.aborted) return;
    options.left?.(options.files.length - index);
    const path = pathOf(file);
    const found = options.onlyMissing ? await destination.find(path, signal) : undefined;
    const isOutdated = async () => {
      if (found === undefined || options.again?.(file) !== true) return false;
      symbols ??= await knownSymbols(store);
      return hasChanged(found, file, { store, symbols, signal });
    };
    const isAgain = await isOutdated();
    if (found !== undefined && !isAgain) {
      result.present += 1;
      continue;
    }
    if ((await options.isStored?.(file)) === false) {
      result.waiting += 1;
      continue;
    }
    symbols ??= await knownSymbols(store);
    const source = { store, symbols, only: options.symbols === undefined ? undefined : new Set(options.symbols), signal };
    const startedMs = performance.now();
    const { rows, bytes } = await destination.put(path, temporary => writeExportFile(temporary, file, source), signal);
    result.written += 1;
    result.rows += rows;
    result.bytes += bytes;
    options.written?.(path, { rows, bytes, isAgain, seconds: (performance.now() - startedMs) / 1_000 });
  }
  options.left?.(result.waiting);
}

export type ExportMetrics = ReturnType<typeof exportMetrics>;

export function exportMetrics(registry: Registry) {
  return {
    files: metricOf(registry, 'tapeline_export_job_files_total'),
    rows: metricOf(registry, 'tapeline_export_job_rows_total'),
    bytes: metricOf(registry, 'tapeline_export_job_bytes_total'),
    failures: metricOf(registry, 'tapeline_export_job_failures_total'),
    fileSeconds: metricOf(registry, 'tapeline_export_job_file_duration_seconds'),
    filesLeft: metricOf(registry, 'tapeline_export_job_files_left'),
  };
}
