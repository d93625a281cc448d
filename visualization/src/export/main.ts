/** The export job as a process of its own: writes what is over of the last days and ends. Only this file reads the environment. */
import { runCommandLine } from '@tapeline/core/command-line';
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openServingStore } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import type { Logger } from 'pino';
import { hasExport, runConfiguredExport } from './configured-export.ts';

const help = `export-job: writes the bars, gaps and alerts of the last days (UTC) as Parquet files, those that are not there yet or that the store has more of by now, and ends.

Usage: npm run export-job [-- --help]

A day is exported 2 hours after its end, 1d bars 12 hours later, and not before the stream processors have stored all of it. Settings come from the environment; the README lists them. It reads:
EXPORT_*, BAR_INTERVALS, KAFKA_GROUP, CASSANDRA_* (or DATA_DIR), HTTP_HOST, HTTP_PORT and LOG_LEVEL. A file is there as a whole or not at all; a run that
was stopped is resumed by the next. A bucket that refuses ends it with exit status 1.
`;

process.exitCode = await runCommandLine({ help }, main);

async function main(): Promise<number> {
  const configuration = readConfiguration(process.env);
  if (!hasExport(configuration)) {
    const message = 'EXPORT_FOLDER and EXPORT_BUCKET are absent, expected a place to export to: set one of them';
    throw new PipelineError('configuration.invalid', message, { retriable: false });
  }
  const logger = createLogger({ name: 'export-job', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  const done = new AbortController();
  const signal = AbortSignal.any([stopSignal(logger), done.signal]);
  const status = await runService({ parts: partsOf(configuration, logger, done), logger, signal });
  return done.signal.aborted ? status : 1;
}

/** The process's parts, in the order in which they start; `done` is aborted when the job is. */
function partsOf(configuration: Configuration, logger: Logger, done: AbortController): readonly Part[] {
  const registry = processRegistry('export-job');
  let probes: ProbeServer | undefined;
  let store: MarketStore | undefined;
  const startProbes = async () => {
    const { HTTP_HOST: host, HTTP_PORT: port } = configuration;
    const check = () => (store === undefined ? 'the store is not open yet' : undefined);
    probes = await serveProbes({ probes: createProbes({ registry, checks: [{ name: 'export-job', check }] }), host, port });
    logger.info({ url: probes.url }, `probes and metrics at ${probes.url}`);
  };
  const openStore = async () => {
    store = openServingStore(configuration, { logger, registry, readOnly: true });
  };
  return [
    { name: 'probes', start: startProbes, stop: async () => probes?.close() },
    { name: 'store', start: openStore, stop: async () => store?.close() },
    runningPart('export-job', async signal => {
      if (store === undefined) return;
      await runConfiguredExport(configuration, { store, logger, registry, signal });
      if (!signal.aborted) done.abort();
    }),
  ];
}
