/** The notifier as a process of its own: market-data.alerts → mails and webhooks; and the file of alert rules → the log. */
import { type GivenOptions, runCommandLine } from '@tapeline/core/command-line';
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger, scrubber } from '@tapeline/core/logging';
import { processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { warnOfMisspeltSettings } from '@tapeline/core/misspelt-settings';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { followAlertRules } from '../alerts/follow-alert-rules.ts';
import { configuredDestinations, runConfiguredNotifier } from './configured-notifier.ts';
import { notifyTest } from './notify-test.ts';

const help = `notifier: sends alerts by mail and webhook, each once, and puts the file of alert rules into the log.

Usage: npm run notifier [-- --test | --help]

  --test  sends a test message to each receiver and says what failed and what helps; needs neither Kafka nor Cassandra

Settings come from the environment; the README lists them. It reads: ALERT_*, SMTP_*, BAR_INTERVALS as the processors have it, KAFKA_*, CASSANDRA_*,
HTTP_HOST, HTTP_PORT and LOG_LEVEL. One of several sends, the others stand by; a killed one is resumed. The first start sends what comes from then on.
`;

/** An SMTP conversation that is under way is brought to its end: broken off, nobody knows whether the mail was taken. */
const graceMs = 10_000;

process.exitCode = await runCommandLine({ help, options: { test: { type: 'boolean' } } }, main);
// What lingers has been asked to close.
process.exit();

async function main({ test }: GivenOptions): Promise<number> {
  const configuration = readConfiguration(process.env);
  if (test === true) {
    const destinations = configuredDestinations(configuration);
    const scrub = scrubber(secretsOf(configuration));
    return notifyTest({ destinations, nowMs: Date.now(), print: line => process.stdout.write(scrub(line)), signal: stopSignal() });
  }
  checkThatItCanRun(configuration);
  const logger = createLogger({ name: 'notifier', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  warnOfMisspeltSettings(process.env, logger);
  const signal = stopSignal(logger);
  return runService({ parts: partsOf(configuration, logger, signal), logger, signal, stopDeadlineMs: graceMs + 5_000 });
}

function checkThatItCanRun(configuration: Configuration): void {
  const { KAFKA_BROKERS: brokers, CASSANDRA_CONTACT_POINTS: contactPoints, ALERT_RULES_FILE: rules } = configuration;
  const faults = [
    ...(configuredDestinations(configuration).length === 0 && rules === undefined
      ? ['there is nothing to do: set ALERT_MAIL_TO, ALERT_WEBHOOK_URL or ALERT_RULES_FILE']
      : []),
    ...(brokers === undefined ? ['KAFKA_BROKERS is absent: set it; on one machine, npm start sends alerts in its own process'] : []),
    ...(contactPoints === undefined ? ['CASSANDRA_CONTACT_POINTS is absent: set it'] : []),
  ];
  if (faults.length === 0) return;
  const message = ['the configuration has faults:', ...faults.map(fault => `  - ${fault}`)].join('\n');
  throw new PipelineError('configuration.invalid', message, { retriable: false });
}

/** The process's parts, in the order in which they start. */
function partsOf(configuration: Configuration, logger: Logger, stopping: AbortSignal): readonly Part[] {
  const registry = processRegistry('notifier');
  const { ALERT_RULES_FILE: file, BAR_INTERVALS: intervals } = configuration;
  const sends = configuredDestinations(configuration).length > 0;
  let probes: ProbeServer | undefined;
  let log: MarketLog | undefined;
  let isMember = false;
  const check = () => {
    if (log === undefined) return 'the log is not open yet';
    return isMember || !sends ? undefined : 'no member of its group, waits for Kafka';
  };
  const startProbes = async () => {
    const { HTTP_HOST: host, HTTP_PORT: port } = configuration;
    probes = await serveProbes({ probes: createProbes({ registry, checks: [{ name: 'notifier', check }] }), host, port });
    logger.info({ url: probes.url }, `probes and metrics at ${probes.url}`);
  };
  const openLog = async () => {
    log = await openConfiguredLog(configuration, { clientId: 'notifier', logger, registry, signal: stopping });
  };
  const member = (is: boolean) => () => {
    isMember = is;
  };
  const changes = { onAssigned: member(true), onLost: member(false) };
  const notifier = runningPart('notifier', async signal => {
    if (log !== undefined) await runConfiguredNotifier(configuration, { log, logger, registry, signal, graceMs, ...changes });
  });
  const rules = runningPart('alert rules', async signal => {
    if (log !== undefined && file !== undefined) await followAlertRules({ log, file, intervals, logger, registry, signal });
  });
  return [
    { name: 'probes', start: startProbes, stop: async () => probes?.close() },
    { name: 'log', start: openLog, stop: async () => log?.close() },
    ...(sends ? [notifier] : []),
    ...(file === undefined ? [] : [rules]),
  ];
}
