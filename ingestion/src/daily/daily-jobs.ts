/** Jobs that the day needs once, run again and again in one process; what was done costs nothing again. */
import type { Configuration } from '@tapeline/core/configuration';
import { isPassing } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { openConfiguredWork } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import type { WorkStore } from '@tapeline/database/work-store';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { restClient, restUrlOf } from '../backfill/configured-backfiller.ts';
import { type SymbolsNow, symbolsOfTwelveData } from '../configured-symbols.ts';
import type { RestClient } from '../twelve-data/rest-client.ts';

export interface DailyJobParts {
  readonly store: Pick<MarketStore, 'bars' | 'instruments'>;
  readonly log: MarketLog;
  readonly client: RestClient;
  /** On Cassandra; jobs keep their queues in `DATA_DIR` without it. */
  readonly work: WorkStore | undefined;
  readonly symbolsNow: SymbolsNow;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

export interface DailyJob {
  readonly name: 'history' | 'instruments';
  /** Resolves when all is done, or when the signal aborts. */
  readonly run: (configuration: Configuration, parts: DailyJobParts) => Promise<unknown>;
}

/** What one job is run with. */
export type DailyJobShell = Omit<DailyJobParts, 'client' | 'work'>;

const roundMs = 6 * 3_600_000;

/** Runs one job, with what it shares with whoever else asks the vendor; it takes only the credits that they leave. */
export async function runConfiguredJob(configuration: Configuration, shell: DailyJobShell, job: DailyJob): Promise<void> {
  const { logger, registry, signal } = shell;
  const url = restUrlOf(configuration);
  if (url === undefined) throw new TypeError(`the job ${job.name} was started without anybody to ask`);
  const work = openConfiguredWork(configuration, logger);
  try {
    const client = restClient(configuration, { url, work, patience: { signal, logger }, registry, leftoversOnly: true });
    await job.run(configuration, { ...shell, client, work });
  } finally {
    await work?.close();
  }
}

/**
 * Runs them one after the other, every 6 h, until the signal aborts. A job that fails for a passing reason is run again in the next round; a list of
 * symbols that cannot be used any more leaves the last good one in force.
 * @throws PipelineError `feed.key-refused`, `configuration.invalid` for a list that cannot be used at the start, and what no waiting helps against.
 */
export async function runDailyJobs(
  configuration: Configuration,
  parts: Omit<DailyJobShell, 'symbolsNow'>,
  jobs: readonly DailyJob[],
): Promise<void> {
  const { logger, signal } = parts;
  const shell = { ...parts, symbolsNow: symbolsOfTwelveData(configuration, logger) };
  while (!signal.aborted) {
    for (const job of jobs) {
      try {
        if (!signal.aborted) await runConfiguredJob(configuration, shell, job);
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) throw error;
        logger.warn({ code: error.code, job: job.name }, `the job ${job.name} failed and is run again later: ${error.message}`);
      }
    }
    await pause(roundMs, signal);
  }
}
