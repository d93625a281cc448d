/** The instruments job that the settings ask for. */
import type { Configuration } from '@tapeline/core/configuration';
import type { DailyJobParts } from '../daily/daily-jobs.ts';
import { type InstrumentsResult, runInstrumentsJob } from './instruments-job.ts';

/** Runs it once; see {@link runInstrumentsJob}. */
export async function runConfiguredInstruments(configuration: Configuration, parts: DailyJobParts): Promise<InstrumentsResult> {
  const { TWELVE_DATA_CREDITS_PER_MINUTE: creditsPerMinute } = configuration;
  return runInstrumentsJob({ ...parts, symbols: parts.symbolsNow(), creditsPerMinute });
}
