/** The backfiller as a process of its own: fills gaps and compares bars, with probes and metrics beside it. One at a time for a store. */
import { runCommandLine } from '@tapeline/core/command-line';
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { warnOfMisspeltSettings } from '@tapeline/core/misspelt-settings';
import { runService, stopSignal } from '@tapeline/core/service';
import { runConfiguredBackfiller } from './configured-backfiller.ts';
import { refuseFaults, vendorParts } from './vendor-process.ts';

const help = `backfiller: asks TwelveData's REST API for the bars that gaps cost, and compares our bars with the vendor's, as far as the credits go.

Usage: npm run backfiller [-- --help]

Settings come from the environment; the README lists them. It reads: TWELVE_DATA_API_KEY, TWELVE_DATA_REST_URL, TWELVE_DATA_CREDITS_*, SYMBOLS,
BAR_INTERVALS, ALLOWED_LATENESS_MS and CORRECTION_HORIZON_MS as the processors have them, BACKFILL_*, RECONCILE_*, KAFKA_*, CASSANDRA_*, HTTP_HOST,
HTTP_PORT and LOG_LEVEL. One runs at a time; a killed one is resumed. A refused key ends it with exit status 1.
`;

async function main(): Promise<number> {
  const configuration = readConfiguration(process.env);
  refuseFaults(configuration, 'fills gaps');
  const logger = createLogger({ name: 'backfiller', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  warnOfMisspeltSettings(process.env, logger);
  const signal = stopSignal(logger);
  const parts = vendorParts('backfiller', configuration, { logger, waiting: signal }, work => runConfiguredBackfiller(configuration, work));
  return runService({ parts, logger, signal });
}

process.exitCode = await runCommandLine({ help }, main);
