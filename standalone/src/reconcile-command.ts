/** `tapeline reconcile`: a day of stored bars against the vendor's, as a table or JSON; the exit status says whether they agree. */
import type { Configuration } from '@tapeline/core/configuration';
import { counted } from '@tapeline/core/counted';
import { PipelineError, usageError } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { dateText } from '@tapeline/core/time-text';
import { openConfiguredWork, openServingStore } from '@tapeline/database/configured-store';
import { percentText } from '@tapeline/ingestion/backfill/comparison';
import { restClient, restUrlOf, toleranceOf } from '@tapeline/ingestion/backfill/configured-backfiller';
import { type DayReport, dayReport } from '@tapeline/ingestion/backfill/day-report';
import { symbolsOfTwelveData } from '@tapeline/ingestion/configured-symbols';
import { isVendorInterval, type VendorInterval } from '@tapeline/ingestion/twelve-data/rest-client';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';

export interface ReconcileOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** The date at 00:00 UTC. */
  readonly dayStartMs: number;
  /** @default the configured ones */
  readonly symbols?: readonly string[] | undefined;
  readonly intervals: readonly Interval[];
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Told from a failure (1) and a wrong command line (2). */
export const mismatchStatus = 3;

const shownDifferences = 10;

/** @returns the exit status: 0 when all whole bars are the vendor's, 3 when some are not, 130 when it was interrupted before its end. */
export async function reconcileCommand(options: ReconcileOptions): Promise<number> {
  const { configuration, logger, signal, dayStartMs, json } = options;
  const url = restUrlOf(configuration);
  if (url === undefined) throw nobodyToAsk();
  const intervals = options.intervals.map(asked);
  const symbols = options.symbols ?? symbolsOfTwelveData(configuration, logger)();
  const registry = new Registry();
  const work = openConfiguredWork(configuration, logger);
  const store = openServingStore(configuration, { logger, registry, readOnly: true });
  const tolerance = toleranceOf(configuration);
  try {
    // Credits in a folder have nobody to wait for: a command says what is wrong and ends.
    const patience = { signal: work === undefined ? AbortSignal.abort() : signal, logger };
    const client = restClient(configuration, { url, work, patience, registry });
    const reports: DayReport[] = [];
    for (const symbol of symbols) {
      for (const interval of intervals) {
        reports.push(await dayReport({ symbol, interval, dayStartMs }, { client, store, tolerance, logger, signal }));
      }
    }
    const day = dateText(dayStartMs);
    process.stdout.write(json ? `${JSON.stringify({ day, tolerance, reports })}\n` : tableOf(day, reports));
    return reports.some(({ mismatches }) => mismatches.length > 0) ? mismatchStatus : 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write('interrupted: nothing is printed, because a part of a report would look like the whole\n');
    return 130;
  } finally {
    await store.close();
    await work?.close();
  }
}

function asked(interval: Interval): VendorInterval {
  if (isVendorInterval(interval)) return interval;
  throw usageError(`--interval must be one that the vendor has (1m, 5m, 15m, 1h, 1d), was ${interval}`);
}

function nobodyToAsk(): PipelineError {
  const message = 'there is no vendor to ask: set TWELVE_DATA_API_KEY (and FEEDS to twelve-data among others), or TWELVE_DATA_REST_URL';
  return new PipelineError('configuration.invalid', message, { retriable: false });
}

function tableOf(day: string, reports: readonly DayReport[]): string {
  const head = ['symbol', 'interval', 'bars', 'equal', 'mismatch', 'split', 'filled', 'not whole', 'missing', 'unknown to vendor'];
  const rows = reports.map(report => [
    ...[report.symbol, report.interval, report.bars, report.equal, report.mismatches.length, report.splits.length],
    ...[report.filled, report.notWhole, report.missing, report.unknownToVendor],
  ]);
  const lines = aligned([head, ...rows.map(row => row.map(String))]);
  return `${[`${day} (UTC), stored bars against the vendor's`, '', ...lines, ...reports.flatMap(differencesOf)].join('\n')}\n`;
}

function differencesOf({ symbol, interval, mismatches, splits }: DayReport): readonly string[] {
  const [split] = splits;
  const told =
    split === undefined
      ? []
      : [`${symbol} ${interval}: the vendor restated ${counted(splits.length, 'bar')} for a split of ${split.split}`];
  const shown = mismatches.slice(0, shownDifferences).map(({ startMs, price, volume, ours, vendors }) => {
    const deviation = `prices ${percentText(price)}${volume === undefined ? '' : `, volume ${percentText(volume)}`}`;
    return `  ${new Date(startMs).toISOString()}  ours ${JSON.stringify(ours)}  vendor's ${JSON.stringify(vendors)}  ${deviation}`;
  });
  const rest = mismatches.length - shown.length;
  const more = rest > 0 ? [`  and ${rest} more (--json has all)`] : [];
  const heading = mismatches.length === 0 ? [] : [`${symbol} ${interval}: ${counted(mismatches.length, 'bar differs', 'bars differ')}`];
  const all = [...told, ...heading, ...shown, ...more];
  return all.length === 0 ? [] : ['', ...all];
}

/** Columns as wide as their widest cell: texts to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  return rows.map(row =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
