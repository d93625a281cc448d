/** The history job that the settings ask for. */
import type { Configuration } from '@tapeline/core/configuration';
import { openConfiguredItems } from '../backfill/configured-backfiller.ts';
import type { DailyJobParts } from '../daily/daily-jobs.ts';
import { type HistoryResult, runHistoryJob } from './history-job.ts';

/** At most 10 credits a symbol: the smallest plan loads 60 symbols in a day. */
export const defaultDays = 30;

/** Runs it once; see {@link runHistoryJob}. Its queue is in Cassandra, or in `DATA_DIR`, beside that of the backfiller. */
export async function runConfiguredHistory(configuration: Configuration, parts: DailyJobParts, days = defaultDays): Promise<HistoryResult> {
  const { ALLOWED_LATENESS_MS: latenessMs, CORRECTION_HORIZON_MS: horizonMs, BACKFILL_SETTLE_MS: settleMs } = configuration;
  const items = openConfiguredItems(configuration, parts.work);
  return runHistoryJob({
    ...parts,
    jobs: items('history-jobs'),
    ranges: items('history-ranges'),
    intervals: configuration.BAR_INTERVALS,
    symbols: parts.symbolsNow(),
    extendedHours: configuration.MARKET_HOURS === 'extended',
    days,
    settleMs: latenessMs + horizonMs + settleMs,
  });
}
