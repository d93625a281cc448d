/** The command line `tapeline`. Only this file reads the environment and constructs; each command is a file of its own. */
import { endAsRefused } from '@tapeline/core/command-line';
import { readConfiguration, secretsOf, simulatedDataDir } from '@tapeline/core/configuration';
import { type Interval, intervals } from '@tapeline/core/intervals';
import { createLogger, scrubber } from '@tapeline/core/logging';
import { warnOfMisspeltSettings } from '@tapeline/core/misspelt-settings';
import { mindNoReaderThatLeaves } from '@tapeline/core/readers-that-leave';
import { exitStatusOf, stopSignal } from '@tapeline/core/service';
import { exportTables } from '@tapeline/core/settings/export-settings';
import { openServingStore } from '@tapeline/database/configured-store';
import { addServicesCommand } from '@tapeline/services/command';
import { defaultTimeoutSeconds, doctorCommand } from '@tapeline/stream-processing/doctor/doctor-command';
import { exitStatuses } from '@tapeline/stream-processing/doctor/report';
import { generationsCommand } from '@tapeline/stream-processing/generations-command';
import { configuredDestinations } from '@tapeline/stream-processing/notifier/configured-notifier';
import { notifyTest } from '@tapeline/stream-processing/notifier/notify-test';
import { rebuildCommand } from '@tapeline/stream-processing/rebuild-command';
import { repartitionCommand } from '@tapeline/stream-processing/repartition-command';
import { Command, Option } from 'commander';
import pretty from 'pino-pretty';
import { Registry } from 'prom-client';
import { alertsCheckCommand } from './alerts-command.ts';
import { parseCount, parseDay, parseInterval, parseIntervals, parseList, parseTables, parseTime } from './argument-values.ts';
import { type BarFormat, barFormats } from './bar-lines.ts';
import { type ExportGiven, exportCommand } from './export-command.ts';
import { endProcess } from './output.ts';
import { mismatchStatus, reconcileCommand } from './reconcile-command.ts';
import { replayCommand } from './replay-command.ts';
import { securing } from './secured-services.ts';
import { startCommand } from './start-command.ts';

const program = new Command('tapeline')
  .exitOverride(endAsRefused)
  .description('Market data you can trust: feed → log → fold → store → screen.')
  .helpCommand(true)
  .showHelpAfterError('(add --help for what is possible)')
  .addHelpText('after', '\nSettings come from the environment; the README lists them. Example: HTTP_PORT=9000 npm start\n');

const format = new Option('--format <format>', 'how bars are printed').choices(barFormats).default('csv');

program
  .command('start')
  .description(
    'run the whole flow in one process; simulated without TWELVE_DATA_API_KEY; on Kafka and Cassandra once their addresses are set',
  )
  .action(() => finish(configured().then(startCommand)));

program
  .command('replay')
  .description('print the closed bars that a recording gives, by the same mapping and fold as the live flow; export prints the same ones')
  .argument('<file>', 'a recording: JSON lines as the ingester writes them (FEED_RECORDING_FILE)')
  .option('--interval <interval>', `interval of the bars: ${intervals.join(', ')}`, parseInterval, '1m')
  .option('--open', 'print bars that were still open at its end, too, with a column state: final or forming')
  .option('--rules <file>', 'print the alerts that these rules give in place of bars (as ALERT_RULES_FILE)')
  .addOption(format)
  .action((path: string, options: { interval: Interval; format: BarFormat; open?: boolean; rules?: string }) =>
    finish(configured().then(({ configuration }) => replayCommand({ ...options, path, configuration, signal: stopSignal() }))),
  );

const exportHelp = `
csv and jsonl print bars of one interval on standard output. parquet writes a file for each table, interval and day (UTC) into --output, or where EXPORT_FOLDER or
EXPORT_BUCKET say: bars/interval=1m/date=2026-11-20/bars.parquet. A day's file is written as a whole and takes the place of the one before, 2 hours after
the day at the earliest (1d: 14); equal rows give equal bytes. Without a range: yesterday, and for csv and jsonl the last 24 hours.
What a stream processor (KAFKA_GROUP) has not stored yet cannot be in it: how far the store has come is then said. A symbol without stored bars is named; the exit status is 2
when no symbol has any.`;

program
  .command('export')
  .description(
    'print stored bars, or write days of the store as Parquet files; the store is in DATA_DIR, or Cassandra when CASSANDRA_CONTACT_POINTS is set',
  )
  .option('--symbol <symbols>', 'symbols, separated by commas; all when absent', parseList)
  .addOption(
    new Option('--interval <intervals>', `of the bars: ${intervals.join(', ')}; parquet takes several, separated by commas`)
      .argParser(parseIntervals)
      .default(['1m'], '1m'),
  )
  .addOption(
    new Option('--table <tables>', `for parquet: of ${exportTables.join(', ')}, separated by commas`)
      .argParser(parseTables)
      .default(['bars'], 'bars'),
  )
  .option(
    '--from <time>',
    'start: ISO 8601 (UTC without an offset) or milliseconds since the Unix epoch; a day before --to when absent',
    parseTime,
  )
  .option('--to <time>', 'end, exclusive; now when absent, for parquet the last midnight', parseTime)
  .addOption(new Option('--day <date>', 'the same for one day in UTC, as 2024-11-03').argParser(parseDay).conflicts(['from', 'to']))
  .addOption(new Option('--format <format>', 'how rows are given').choices([...barFormats, 'parquet']).default('csv'))
  .option('--output <folder>', 'for parquet: where files go')
  .option('--resume', 'for parquet: leave out files that are there')
  .addHelpText('after', exportHelp)
  .action((options: ExportGiven) =>
    finish(
      configuredForData().then(async ({ configuration, logger }) => {
        const store = openServingStore(configuration, { logger, registry: new Registry(), readOnly: true });
        try {
          return await exportCommand(options, { configuration, store, signal: stopSignal() });
        } finally {
          await store.close();
        }
      }),
    ),
  );

const reconcileHelp = `
Exit status: 0 when all whole bars are the vendor's within RECONCILE_PRICE_TOLERANCE and RECONCILE_VOLUME_TOLERANCE, ${mismatchStatus} when some are not, 1 when the
vendor or the store does not answer, 130 after Ctrl-C. Bars that a gap touched are not compared. Each symbol and interval costs a credit, of the account that the
backfiller has; with few left the command waits for the next minute or day. It writes nothing: the backfiller flags bars (reconciled, mismatch) once
a day.`;

program
  .command('reconcile')
  .description("compare a day of stored bars with the vendor's")
  .option('--day <date>', 'the day in UTC, as 2024-11-03; yesterday when absent', parseDay)
  .option('--symbol <symbols>', 'symbols, separated by commas; those of SYMBOLS or SYMBOLS_FILE when absent', parseList)
  .addOption(
    new Option('--interval <intervals>', 'of 1m, 5m, 15m, 1h, 1d, separated by commas').argParser(parseIntervals).default(['1m'], '1m'),
  )
  .option('--json', 'print JSON, with all differences')
  .addHelpText('after', reconcileHelp)
  .action(({ day, symbol: symbols, interval, json = false }: { day?: number; symbol?: string[]; interval: Interval[]; json?: boolean }) =>
    finish(
      configuredForData().then(({ configuration, logger }) => {
        const dayStartMs = day ?? (Math.floor(Date.now() / 86_400_000) - 1) * 86_400_000;
        return reconcileCommand({ configuration, logger, dayStartMs, symbols, intervals: interval, json, signal: stopSignal() });
      }),
    ),
  );

const rebuildHelp = `
For another fold, BAR_INTERVALS, ALLOWED_LATENESS_MS or CORRECTION_HORIZON_MS, for a snapshot that is broken or older than the log's start.
Reads the log's first record up to where the processors that serve have saved their state, shows how far it is on standard error, and
lets the new tables serve; processors, board and exports go over within seconds. After Ctrl-C or a crash the same command goes on
where it was. The old tables stay: tapeline generations lists them, --switch goes back, --drop deletes.
Settings are those of the processors (KAFKA_BROKERS, CASSANDRA_CONTACT_POINTS, or DATA_DIR).`;

program
  .command('rebuild')
  .description(
    'make all bars anew from the log, in tables of their own while the old ones serve, and switch readers and processors to them',
  )
  .option('--generation <number>', 'number of the new tables; the unfinished ones or the next number when absent', parseCount)
  .option('--no-switch', 'leave the old ones serving; a later run without it, or `generations --switch`, switches')
  .option('--shorter', 'go on although the log no longer has its first records: older bars stay in the old tables alone')
  .option('--whole', 'read all of the log: for a copy by repartition, or a log that was made anew, whose offsets are others')
  .addHelpText('after', rebuildHelp)
  .action((options: { generation?: number; switch: boolean; shorter?: boolean; whole?: boolean }) =>
    finish(
      configuredForData().then(({ configuration, logger }) => rebuildCommand({ ...options, configuration, logger, signal: stopSignal() })),
    ),
  );

program
  .command('repartition')
  .description('copy the feed in Kafka into topics with another prefix and number of partitions, until no more records come')
  .requiredOption('--partitions <number>', 'of the copy', parseCount)
  .requiredOption('--to <prefix>', "what the copy's topics begin with: KAFKA_TOPIC_PREFIX from then on")
  .option('--shorter', 'go on although the log no longer has its first records: the copy lacks them, and a rebuild from it their bars')
  .addHelpText(
    'after',
    '\nAfter Ctrl-C or a crash the same command goes on where it was, unless the log has forgotten records since. Next: tapeline rebuild --whole, with the new prefix.',
  )
  .action((options: { partitions: number; to: string; shorter?: boolean }) =>
    finish(
      configured().then(({ configuration, logger }) => repartitionCommand({ ...options, configuration, logger, signal: stopSignal() })),
    ),
  );

program
  .command('generations')
  .description('list the generations of the tables, or change which one serves')
  .addOption(
    new Option('--switch <number>', 'let this generation serve: one that is ready, or an older one')
      .argParser(parseCount)
      .conflicts('drop'),
  )
  .option('--drop <number>', 'delete the tables of a generation that does not serve', parseCount)
  .action((options: { switch?: number; drop?: number }) =>
    finish(configuredForData().then(({ configuration, logger }) => generationsCommand({ ...options, configuration, logger }))),
  );

const doctorHelp = `
Looks at the settings (all faults at once), Node, folders and disks, Kafka (topics, replicas, the processors' group and its lag), Cassandra (schema, copies, clock,
role) or the files in DATA_DIR, the generation that serves, snapshots against the log's start, heartbeats of the feeds, dead letters of the last hour, open gaps,
the backfiller's queue and the alert rules. It changes nothing. A line is a check: ok, warning, fault, or skipped with the reason.
${exitStatuses}.`;

program
  .command('doctor')
  .description('check a deployment with the settings of the environment, and say what is wrong and how to fix it')
  .option('--json', 'print JSON: {"status", "checks": [{"check", "status", "what", "remedy"}]}')
  .option('--timeout <seconds>', 'how long each check may take', parseCount, defaultTimeoutSeconds)
  .addHelpText('after', doctorHelp)
  .action(({ json = false, timeout: timeoutSeconds }: { json?: boolean; timeout: number }) =>
    finish(doctorCommand({ environment: process.env, json, timeoutSeconds, print: text => process.stdout.write(text) })),
  );

program
  .command('alerts')
  .description('alert rules: check a file of them')
  .command('check')
  .description('tell whether a file of rules can be used, and what each rule means; all faults at once')
  .argument('<file>', 'YAML or JSON, as for ALERT_RULES_FILE')
  .action((path: string) => finish(configured().then(({ configuration }) => alertsCheckCommand({ path, configuration }))));

program
  .command('notify-test')
  .description('send a test message to each receiver of alerts (ALERT_MAIL_TO, ALERT_WEBHOOK_URL), and say what failed and what helps')
  .action(() =>
    finish(
      configured().then(({ configuration }) => {
        const destinations = configuredDestinations(configuration);
        return notifyTest({ destinations, nowMs: Date.now(), print: line => process.stdout.write(scrub(line)), signal: stopSignal() });
      }),
    ),
  );

addServicesCommand(program, securing(process.env));

mindNoReaderThatLeaves();

/** Cuts the secrets out of what is printed past the logger; there are none before the configuration was read. */
let scrub = scrubber([]);

// The servers' commands take no settings, and throw what the others give to `finish`.
await program.parseAsync().catch((error: unknown) => {
  scrub = scrubber(secretsThere());
  return finish(Promise.reject(error));
});

async function configured() {
  const configuration = readConfiguration(process.env);
  scrub = scrubber(secretsOf(configuration));
  // People at a terminal read lines, programs read JSON.
  const destination = process.stderr.isTTY ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname,name' }) : undefined;
  const logger = createLogger({
    name: 'tapeline',
    level: configuration.LOG_LEVEL,
    secrets: secretsOf(configuration),
    ...(destination && { destination }),
  });
  warnOfMisspeltSettings(process.env, logger);
  return { configuration, logger };
}

/** Of the environment, as far as it can be read. */
function secretsThere(): readonly string[] {
  try {
    return secretsOf(readConfiguration(process.env));
  } catch {
    return [];
  }
}

/** For what works on stored data: says where, if the settings leave it to us. */
async function configuredForData() {
  const given = await configured();
  const { DATA_DIR: folder, KAFKA_BROKERS: brokers, CASSANDRA_CONTACT_POINTS: points } = given.configuration;
  if (process.env.DATA_DIR || (brokers && points)) return given;
  const simulated = 'of the simulated market; for real data set TWELVE_DATA_API_KEY, as it was set for npm start, or DATA_DIR';
  given.logger.info({ folder }, `working on ${folder}${folder === simulatedDataDir ? `, ${simulated}` : ''}`);
  return given;
}

async function finish(command: Promise<number>): Promise<void> {
  const status = await command.catch((error: unknown) => exitStatusOf(error, line => process.stderr.write(scrub(line))));
  // Whatever is still open has been asked to close; a socket that lingers must not keep a finished command alive.
  await endProcess(status);
}
