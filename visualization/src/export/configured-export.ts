/** The export that the settings ask for: files of the last days that are not there yet, or not as the store has them by now. */
import type { Configuration } from '@tapeline/core/configuration';
import type { MarketStore } from '@tapeline/database/market-store';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ExportDestination } from './export-destination.ts';
import { dayLengthMs, type ExportFile, filesOf, overMs, pathOf } from './export-files.ts';
import { type ExportMetrics, type ExportResult, exportMetrics, runExport } from './export-run.ts';
import { FolderDestination } from './folder-destination.ts';
import { isStored, reachOf, type StoredDays, storedDays } from './stored-days.ts';

export interface ExportJobParts {
  readonly store: MarketStore;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/** So long after a day its gaps are filled and its history is loaded. */
const changingMs = 32 * dayLengthMs;

/** True when the settings name a place for exports. */
export function hasExport({ EXPORT_FOLDER: folder, EXPORT_BUCKET: bucket }: Configuration): boolean {
  return folder !== undefined || bucket !== undefined;
}

/** The place that the settings name; `undefined` when they name none. */
export async function openConfiguredDestination(configuration: Configuration): Promise<ExportDestination | undefined> {
  const { EXPORT_FOLDER: folder, EXPORT_BUCKET: bucket } = configuration;
  if (folder !== undefined) return new FolderDestination(folder);
  if (bucket === undefined) return undefined;
  // The SDK takes memory, which only an export to a bucket needs.
  const { BucketDestination } = await import('./bucket-destination.ts');
  const { EXPORT_ACCESS_KEY: accessKeyId, EXPORT_SECRET_KEY: secretAccessKey } = configuration;
  return new BucketDestination({
    bucket,
    prefix: configuration.EXPORT_PREFIX,
    endpoint: configuration.EXPORT_ENDPOINT,
    region: configuration.EXPORT_REGION,
    credentials: accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
  });
}

/**
 * Exports what is over of the last `EXPORT_DAYS` days, stored whole, and not there yet or changed since, once; what waits or was stopped is for
 * the next run.
 * @throws PipelineError of the store and of the destination.
 */
export async function runConfiguredExport(
  configuration: Configuration,
  parts: ExportJobParts,
  metrics: ExportMetrics = exportMetrics(parts.registry),
): Promise<ExportResult> {
  const { store, logger, signal, now = Date.now } = parts;
  const destination = await openConfiguredDestination(configuration);
  if (destination === undefined) throw new TypeError('the export was started without a place to export to');
  try {
    const toMs = Math.floor(now() / dayLengthMs) * dayLengthMs;
    const range = { fromMs: toMs - configuration.EXPORT_DAYS * dayLengthMs, toMs };
    const intervals = configuration.EXPORT_INTERVALS.filter(interval => configuration.BAR_INTERVALS.includes(interval));
    const files = filesOf(configuration.EXPORT_TABLES, intervals, range).filter(file => overMs(file) <= now());
    const look = looking(parts, { group: configuration.KAFKA_GROUP, fromMs: range.fromMs, nowMs: now() });
    // The next day's run no longer looks so far back: what is there of it is better than no file.
    const isLastChance = (file: ExportFile) => {
      if (file.dayMs > range.fromMs) return false;
      logger.warn({ file: pathOf(file) }, `${pathOf(file)} is written as it is, for it is the last day of EXPORT_DAYS`);
      return true;
    };
    const result = await runExport({
      ...{ store, destination, files, signal },
      isStored: async file => isStored(await look(), file) || isLastChance(file),
      onlyMissing: true,
      again: file => file.dayMs >= toMs - changingMs,
      left: count => metrics.filesLeft.set(count),
      written: (path, { rows, bytes, seconds, isAgain }) => {
        metrics.files.inc();
        metrics.rows.inc(rows);
        metrics.bytes.inc(bytes);
        metrics.fileSeconds.observe(seconds);
        const why = isAgain ? ', again, for the store has changed since' : '';
        logger.info({ path, rows, bytes, seconds: Math.round(seconds * 10) / 10 }, `exported ${path}: ${rows} rows${why}`);
      },
    });
    const end = signal.aborted ? 'the export is stopped and goes on with the next run' : 'the export is done';
    const { written, present, waiting } = result;
    if (waiting > 0) logger.warn({ waiting }, `${waiting} files wait for a later run: ${reachOf(await look())}`);
    logger.info(
      { ...result, destination: destination.name },
      `${end}: ${written} files written to ${destination.name}, ${present} were there`,
    );
    return result;
  } finally {
    await destination.close();
  }
}

/** Looks how far the store has come when that is first asked for, and no more: most runs find every file there. */
function looking({ store, logger }: ExportJobParts, query: Parameters<typeof storedDays>[1]): () => Promise<StoredDays> {
  let looked: Promise<StoredDays> | undefined;
  const look = async () => {
    const stored = await storedDays(store, query);
    if (stored.untilMs === undefined) {
      const { group } = query;
      logger.warn(
        { group },
        `no stream processor of the group ${group} (KAFKA_GROUP) saved anything: the clock alone says which days are over`,
      );
    }
    return stored;
  };
  return () => {
    looked ??= look();
    return looked;
  };
}
