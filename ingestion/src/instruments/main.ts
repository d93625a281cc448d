/** The instruments job as a process of its own: asks what each symbol is, and ends. */
import { runCommandLine } from '@tapeline/core/command-line';
import { runDailyJob } from '../daily/daily-job-process.ts';
import { runConfiguredInstruments } from './configured-instruments.ts';

const help = `instruments: asks TwelveData for name, exchange, type, currency, range of 52 weeks and, where the plan gives it, sector of each symbol, and ends.

Usage: npm run instruments [-- --help]

It takes only credits that filling gaps leaves over. A symbol that was asked for in the last 20 h is left out; a run that was stopped is resumed
by the next. Settings come from the environment; the README lists them. It reads: TWELVE_DATA_API_KEY, TWELVE_DATA_REST_URL, TWELVE_DATA_CREDITS_*,
SYMBOLS, SYMBOLS_FILE, KAFKA_*, CASSANDRA_*, HTTP_HOST, HTTP_PORT and LOG_LEVEL. A refused key ends it with exit status 1.
`;

process.exitCode = await runCommandLine({ help }, () => runDailyJob({ name: 'instruments', run: runConfiguredInstruments }));
