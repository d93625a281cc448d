/** The instruments job that the settings ask for. */
import type { Configuration } from '@tapeline/core/configuration';
import { symbolsOfTwelveData } from '../configured-symbols.ts';
import type { DailyJobParts } from '../daily/daily-jobs.ts';
import { type InstrumentsResult, runInstrumentsJob } from './instruments-job.ts';

/** Runs it once; see {@link runInstrumentsJob}. */
export async function runConfiguredInstruments(configuration: Configuration, parts: DailyJobParts): Promise<InstrumentsResult> {
  const { TWELVE_DATA_CREDITS_PER_MINUTE: creditsPerMinute } = configuration;
  const symbols = symbolsOfTwelveData(configuration, parts.logger)();
  return runInstrumentsJob({ ...parts, symbols, creditsPerMinute });
}
