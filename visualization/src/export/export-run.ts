/** Writes files of an export, one after the other; those that are done stay, so one that was stopped or failed goes on with what is missing. */
import { performance } from 'node:perf_hooks';
import type { MarketStore } from '@tapeline/database/market-store';
import { Counter, type Registry } from 'prom-client';
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
  readonly signal: AbortSignal;
  /** Called after each file that was written. */
  readonly written?: (path: string, file: WrittenFile & { readonly seconds: number }) => void;
}

export interface ExportResult extends WrittenFile {
  readonly written: number;
  readonly present: number;
}

/** @throws PipelineError of the store and of the destination. Resolves when the signal aborts; what was begun is then not there. */
export async function runExport(options: ExportRunOptions): Promise<ExportResult> {
  const result = { written: 0, present: 0, rows: 0, bytes: 0 };
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
  for (const file of options.files) {
    if (signal.aborted) return;
    const path = pathOf(file);
    if (options.onlyMissing && (await destination.has(path))) {
      result.present += 1;
      continue;
    }
    symbols ??= await knownSymbols(store);
    const source = { store, symbols, only: options.symbols === undefined ? undefined : new Set(options.symbols), signal };
    const startedMs = performance.now();
    const { rows, bytes } = await destination.put(path, temporary => writeExportFile(temporary, file, source), signal);
    result.written += 1;
    result.rows += rows;
    result.bytes += bytes;
    options.written?.(path, { rows, bytes, seconds: (performance.now() - startedMs) / 1_000 });
  }
}

export interface ExportMetrics {
  readonly files: Counter;
  readonly rows: Counter;
  readonly bytes: Counter;
  readonly failures: Counter<'code'>;
}

export function exportMetrics(registry: Registry): ExportMetrics {
  const registers = [registry];
  return {
    files: new Counter({ name: 'export_job_files_total', help: 'Files written', registers }),
    rows: new Counter({ name: 'export_job_rows_total', help: 'Rows in them', registers }),
    bytes: new Counter({ name: 'export_job_bytes_total', help: 'Their size', registers }),
    failures: new Counter({ name: 'export_job_failures_total', help: 'Runs that failed', labelNames: ['code'], registers }),
  };
}
