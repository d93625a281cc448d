/** A daily job as a process: probes and metrics while it runs, exit status 0 when all was done, and 1 when it was stopped before. */
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openServingStore } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { restUrlOf } from '../backfill/configured-backfiller.ts';
import { type DailyJob, runConfiguredJob } from './daily-jobs.ts';

/**
 * Runs it once, by the settings of the environment.
 * @returns the exit status.
 * @throws PipelineError `configuration.invalid` with all faults.
 */
export async function runDailyJob(job: DailyJob): Promise<number> {
  const configuration = readConfiguration(process.env);
  refuseFaults(configuration);
  const logger = createLogger({ name: job.name, level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  const done = new AbortController();
  const signal = AbortSignal.any([stopSignal(logger), done.signal]);
  const status = await runService({ parts: partsOf(configuration, { job, logger, done }), logger, signal });
  return done.signal.aborted ? status : 1;
}

function refuseFaults(configuration: Configuration): void {
  const { KAFKA_BROKERS: brokers, CASSANDRA_CONTACT_POINTS: contactPoints } = configuration;
  const faults = [
    ...(restUrlOf(configuration) === undefined
      ? ['TWELVE_DATA_API_KEY is absent, expected the key of an account: set it, or TWELVE_DATA_REST_URL to a simulator']
      : []),
    ...(brokers === undefined ? ['KAFKA_BROKERS is absent: set it; on one machine, npm start does this in its own process'] : []),
    ...(contactPoints === undefined ? ['CASSANDRA_CONTACT_POINTS is absent: set it'] : []),
  ];
  if (faults.length === 0) return;
  const message = ['the configuration has faults:', ...faults.map(fault => `  - ${fault}`)].join('\n');
  throw new PipelineError('configuration.invalid', message, { retriable: false });
}

interface Shell {
  readonly job: DailyJob;
  readonly logger: Logger;
  /** Aborted when the job is done. */
  readonly done: AbortController;
}

/** The process's parts, in the order in which they start. */
function partsOf(configuration: Configuration, { job, logger, done }: Shell): readonly Part[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let probes: ProbeServer | undefined;
  let log: MarketLog | undefined;
  let store: MarketStore | undefined;
  const startProbes = async () => {
    const { HTTP_HOST: host, HTTP_PORT: port } = configuration;
    const check = () => (store === undefined ? 'log and store are not open yet' : undefined);
    probes = await serveProbes({ probes: createProbes({ registry, checks: [{ name: job.name, check }] }), host, port });
    logger.info({ url: probes.url }, `probes and metrics at ${probes.url}`);
  };
  const openLog = async () => {
    log = await openConfiguredLog(configuration, { clientId: job.name, logger });
  };
  const openStore = async () => {
    store = openServingStore(configuration, { logger, registry, readOnly: true });
  };
  return [
    { name: 'probes', start: startProbes, stop: async () => probes?.close() },
    { name: 'log', start: openLog, stop: async () => log?.close() },
    { name: 'store', start: openStore, stop: async () => store?.close() },
    runningPart(job.name, async signal => {
      if (log === undefined || store === undefined) return;
      await runConfiguredJob(configuration, { log, store, logger, registry, signal }, job);
      if (!signal.aborted) done.abort();
    }),
  ];
}
