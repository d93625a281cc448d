/** Runs the export again and again in one process: what is over and not there yet, every hour, and sooner while something waits or changes. */
import type { Configuration } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { type ExportJobParts, runConfiguredExport } from './configured-export.ts';
import { type ExportResult, exportMetrics } from './export-run.ts';

const roundMs = 3_600_000;
const soonMs = 60_000;
const changingMs = 600_000;

/** Until the signal aborts. An export that fails is tried again after a minute when that may help, and after an hour otherwise. */
export async function runExportSchedule(configuration: Configuration, parts: ExportJobParts): Promise<void> {
  const { logger, signal, registry } = parts;
  const metrics = exportMetrics(registry);
  while (!signal.aborted) {
    let waitMs = roundMs;
    try {
      waitMs = waitAfterMs(await runConfiguredExport(configuration, parts, metrics));
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      if (signal.aborted) return;
      metrics.failures.inc({ code: error.code });
      waitMs = error.retriable ? soonMs : roundMs;
      logger.warn({ code: error.code, waitMs }, `the export failed and is tried again later: ${error.message}`);
    }
    await pause(waitMs, signal);
  }
}

/** Until the next run: not for long while a day waits, nor after one that wrote some, for history may be on its way into them. */
export function waitAfterMs({ waiting, written }: Pick<ExportResult, 'waiting' | 'written'>): number {
  return waiting > 0 || written > 0 ? changingMs : roundMs;
}
