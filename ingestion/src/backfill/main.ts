/** The backfiller as a process of its own: fills gaps and compares bars, with probes and metrics beside it. One at a time for a store. */
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { exitStatusOf, type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openServingStore } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { restUrlOf, runConfiguredBackfiller } from './configured-backfiller.ts';

const help = `backfiller: asks TwelveData's REST API for what gaps took, and holds our bars against the vendor's, as far as the credits go.

Usage: node ingestion/src/backfill/main.ts [--help]

Settings come from the environment; the README lists them. Here count: TWELVE_DATA_API_KEY, TWELVE_DATA_REST_URL, TWELVE_DATA_CREDITS_*, SYMBOLS,
BAR_INTERVALS, ALLOWED_LATENESS_MS and CORRECTION_HORIZON_MS as the processors have them, BACKFILL_*, RECONCILE_*, KAFKA_*, CASSANDRA_*, HTTP_HOST,
HTTP_PORT and LOG_LEVEL. One runs at a time; a killed one is gone on with. A refused key ends it with exit status 1.
`;

/** The process's parts, in the order in which they start. */
function partsOf(configuration: Configuration, logger: Logger): readonly Part[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let probes: ProbeServer | undefined;
  let log: MarketLog | undefined;
  let store: MarketStore | undefined;
  const startProbes = async () => {
    const { HTTP_HOST: host, HTTP_PORT: port } = configuration;
    const check = () => (store === undefined ? 'log and store are not open yet' : undefined);
    probes = await serveProbes({ probes: createProbes({ registry, checks: [{ name: 'backfiller', check }] }), host, port });
    logger.info({ url: probes.url }, `probes and metrics at ${probes.url}`);
  };
  const openLog = async () => {
    log = await openConfiguredLog(configuration, { clientId: 'backfiller', logger });
  };
  const openStore = async () => {
    store = openServingStore(configuration, { logger, registry, readOnly: true });
  };
  return [
    { name: 'probes', start: startProbes, stop: async () => probes?.close() },
    { name: 'log', start: openLog, stop: async () => log?.close() },
    { name: 'store', start: openStore, stop: async () => store?.close() },
    runningPart('backfiller', async signal => {
      if (log === undefined || store === undefined) return;
      await runConfiguredBackfiller(configuration, { log, store, logger, registry, signal });
    }),
  ];
}

async function main(): Promise<number> {
  const configuration = readConfiguration(process.env);
  const { KAFKA_BROKERS: brokers, CASSANDRA_CONTACT_POINTS: contactPoints } = configuration;
  const faults = [
    ...(restUrlOf(configuration) === undefined
      ? ['TWELVE_DATA_API_KEY is absent, expected the key of an account: set it, or TWELVE_DATA_REST_URL to a simulator']
      : []),
    ...(brokers === undefined ? ['KAFKA_BROKERS is absent: set it; on one machine, npm start fills gaps in its own process'] : []),
    ...(contactPoints === undefined ? ['CASSANDRA_CONTACT_POINTS is absent: set it'] : []),
  ];
  if (faults.length > 0) {
    const message = ['the configuration has faults:', ...faults.map(fault => `  - ${fault}`)].join('\n');
    throw new PipelineError('configuration.invalid', message, { retriable: false });
  }
  const logger = createLogger({ name: 'backfiller', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  return runService({ parts: partsOf(configuration, logger), logger, signal: stopSignal(logger) });
}

try {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') process.stdout.write(help);
  else process.exitCode = await main();
} catch (error) {
  process.exitCode = exitStatusOf(error, line => process.stderr.write(line));
}
