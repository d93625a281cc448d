/** A daily job as a process: probes and metrics while it runs, exit status 0 when all was done, and 1 when it was stopped before. */
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { runService, stopSignal } from '@tapeline/core/service';
import { refuseFaults, vendorParts } from '../backfill/vendor-process.ts';
import { symbolsOfTwelveData } from '../configured-symbols.ts';
import { type DailyJob, runConfiguredJob } from './daily-jobs.ts';

/**
 * Runs it once, by the settings of the environment.
 * @returns the exit status.
 * @throws PipelineError `configuration.invalid` with all faults.
 */
export async function runDailyJob(job: DailyJob): Promise<number> {
  const configuration = readConfiguration(process.env);
  refuseFaults(configuration, 'does this');
  const logger = createLogger({ name: job.name, level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  const symbolsNow = symbolsOfTwelveData(configuration, logger);
  const done = new AbortController();
  const parts = vendorParts(job.name, configuration, { logger }, async work => {
    await runConfiguredJob(configuration, { ...work, symbolsNow }, job);
    if (!work.signal.aborted) done.abort();
  });
  const signal = AbortSignal.any([stopSignal(logger), done.signal]);
  const status = await runService({ parts, logger, signal });
  return done.signal.aborted ? status : 1;
}
