/** `tapeline export`: what a running or stopped store holds, as text on standard output or as files. */

import { usageFault } from '@tapeline/core/command-line';
import type { Configuration } from '@tapeline/core/configuration';
import { counted } from '@tapeline/core/counted';
import type { Interval } from '@tapeline/core/intervals';
import type { ExportTable } from '@tapeline/core/settings/export-settings';
import type { MarketStore } from '@tapeline/database/market-store';
import { storedUntilMs } from '@tapeline/visualization/export/stored-days';
import { checkAsked } from './asked-symbols.ts';
import { type BarFormat, headOf, lineOf } from './bar-lines.ts';
import { storedBars } from './merged-bars.ts';
import { everySecond, interrupted, print } from './output.ts';
import { exportParquet } from './parquet-command.ts';

/** What stands on the command line. */
export interface ExportGiven {
  readonly symbol?: readonly string[];
  readonly interval: readonly Interval[];
  readonly table: readonly ExportTable[];
  /** Start of a day. */
  readonly day?: number;
  readonly from?: number;
  readonly to?: number;
  readonly format: BarFormat | 'parquet';
  readonly output?: string;
  readonly resume?: boolean;
}

interface ExportParts {
  readonly configuration: Configuration;
  readonly store: MarketStore;
  readonly signal: AbortSignal;
}

/** @returns the exit status. @throws PipelineError `usage`, and of the store. */
export async function exportCommand(given: ExportGiven, parts: ExportParts): Promise<number> {
  const { format, symbol: symbols, interval: intervals, table: tables } = given;
  const nowMs = Date.now();
  const endMs = format === 'parquet' ? Math.floor(nowMs / dayMs) * dayMs : nowMs;
  const toMs = given.day === undefined ? (given.to ?? endMs) : given.day + dayMs;
  const range = { fromMs: given.day ?? given.from ?? toMs - dayMs, toMs };
  if (range.fromMs >= toMs) {
    throw usageFault(`--from must be before --to, was ${new Date(range.fromMs).toISOString()} to ${new Date(toMs).toISOString()}`);
  }
  await checkAsked(symbols, parts.store, line => process.stderr.write(`${line}\n`));
  if (format === 'parquet') {
    return exportParquet({ ...parts, ...range, output: given.output, tables, intervals, symbols, resume: given.resume === true, nowMs });
  }
  const [interval, ...others] = intervals;
  if (interval === undefined || others.length > 0 || tables.join() !== 'bars' || given.output !== undefined || given.resume === true) {
    throw usageFault(
      `${format} gives bars of one interval on standard output: give one --interval, and --table, --output and --resume with --format parquet`,
    );
  }
  const status = await exportBars({ ...parts, ...range, symbols, interval, format });
  if (status === 0) await tellReach(parts, Math.min(toMs, nowMs));
  return status;
}

export interface ExportOptions {
  readonly store: MarketStore;
  /** All that the store knows when absent. */
  readonly symbols: readonly string[] | undefined;
  readonly interval: Interval;
  readonly fromMs: number;
  readonly toMs: number;
  readonly format: BarFormat;
  readonly signal: AbortSignal;
}

const dayMs = 86_400_000;
/** A running flow is never further behind than this and its last snapshot. */
const usualLagMs = 60_000;

/** Prints bars by `startMs`, then `symbol`. */
async function exportBars(options: ExportOptions): Promise<number> {
  const { store, format, signal, fromMs, toMs } = options;
  const symbols = options.symbols ?? (await store.latest()).map(row => row.symbol);
  const tell = everySecond();
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    yield headOf(format);
    for await (const bar of storedBars(store, symbols, options, signal)) {
      yield lineOf(bar, format);
      count += 1;
      tell(() => `${counted(count, 'bar')} so far, at ${new Date(bar.startMs).toISOString()}`);
    }
  }
  if (!(await print(lines(), signal))) return interrupted;
  process.stderr.write(
    `${counted(count, 'bar')} of ${counted(symbols.length, 'symbol')}, ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}\n`,
  );
  return 0;
}

/** Bars that a store does not have yet would look like a market without trades. */
async function tellReach({ store, configuration }: ExportParts, endMs: number): Promise<void> {
  const untilMs = await storedUntilMs(store, configuration.KAFKA_GROUP);
  if (untilMs === undefined || untilMs >= endMs - configuration.SNAPSHOT_INTERVAL_MS - usualLagMs) return;
  process.stderr.write(`what is stored has come to ${new Date(untilMs).toISOString()}: what was received later is not in it yet\n`);
}
