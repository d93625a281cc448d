/** The history job as a process of its own: loads the bars of the last days and ends. */
import { type GivenOptions, runCommandLine } from '@tapeline/core/command-line';
import { usageError } from '@tapeline/core/errors';
import { runDailyJob } from '../daily/daily-job-process.ts';
import { defaultDays, runConfiguredHistory } from './configured-history.ts';

const help = `history: loads the bars of the last days (1d and 1m, of those that BAR_INTERVALS has) of each symbol, where none are stored, and ends.

Usage: npm run history [-- --days N | --help]

  --days N  this many past days (UTC), from 1 to 1000; ${defaultDays} by default

It takes only credits that filling gaps leaves over. A day is asked for once; a run that was stopped is resumed by the next. Settings come from the
environment; the README lists them. It reads: TWELVE_DATA_API_KEY, TWELVE_DATA_REST_URL, TWELVE_DATA_CREDITS_*, SYMBOLS, SYMBOLS_FILE,
MARKET_HOURS, BAR_INTERVALS, ALLOWED_LATENESS_MS and CORRECTION_HORIZON_MS as the processors have them, BACKFILL_SETTLE_MS, KAFKA_*, CASSANDRA_*,
HTTP_HOST, HTTP_PORT and LOG_LEVEL. One runs at a time. A refused key ends it with exit status 1.
`;
const mostDays = 1_000;

function daysOf(text: GivenOptions['days']): number {
  const days = text === undefined ? defaultDays : Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= mostDays) return days;
  throw usageError(`--days must be a whole number from 1 to ${mostDays}, was "${text}"`);
}

process.exitCode = await runCommandLine({ help, options: { days: { type: 'string' } } }, async given => {
  const days = daysOf(given.days);
  return runDailyJob({ name: 'history', run: (configuration, parts) => runConfiguredHistory(configuration, parts, days) });
});
