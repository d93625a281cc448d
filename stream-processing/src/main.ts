/** The stream processor as a process of its own: market-data.feed → the fold → the store and market-data.bars. */
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { isPassing } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { warnOfMisspeltSettings } from '@tapeline/core/misspelt-settings';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { mindNoReaderThatLeaves } from '@tapeline/core/readers-that-leave';
import { exitStatusOf, type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openConfiguredTracing } from '@tapeline/core/tracing/configured-tracing';
import { openConfiguredGenerations, openConfiguredStore } from '@tapeline/database/configured-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { Logger } from 'pino';
import { doctorCommand } from './doctor/doctor-command.ts';
import { generationsCommand } from './generations-command.ts';
import { operatorCommandOf } from './operator-arguments.ts';
import { Outages } from './outages.ts';
import { processingSettings } from './processing-settings.ts';
import { rebuildCommand } from './rebuild-command.ts';
import { repartitionCommand } from './repartition-command.ts';
import { runServingProcessor } from './serving-processor.ts';

const help = `stream-processor: folds market-data.feed into bars and makes them durable.

Settings come from the environment (the README lists them); it needs KAFKA_BROKERS and CASSANDRA_CONTACT_POINTS, or works on DATA_DIR.
Start as many as there are partitions at most: they share them as one consumer group (KAFKA_GROUP).

  rebuild      makes all bars anew from the log, in tables of their own while the old ones serve, and switches to them; after Ctrl-C or
               a crash the same command goes on. --generation N, --no-switch, --shorter (the log has lost its first records), --whole (a copy, a log made anew)
  repartition  copies the feed into topics with another prefix and number of partitions, until no more records come: --partitions N --to PREFIX,
               --shorter (the log has lost its first records, the copy lacks them too)
  generations  lists the generations of the tables; --switch N lets another one serve, --drop N deletes one that does not
  doctor       checks the deployment with these settings, changes nothing, and says what is wrong and how to fix it: --json, --timeout SECONDS
               of each check (10); exit status 0 when all is well, 1 when something warns, 2 when something is at fault

Probes and metrics: http://HTTP_HOST:HTTP_PORT/livez, /readyz, /metrics. SIGTERM finishes what was read, saves and leaves the group.
`;

mindNoReaderThatLeaves();
process.exitCode = await main().catch((error: unknown) => exitStatusOf(error, line => process.stderr.write(line)));
// What lingers has been asked to close.
process.exit();

async function main(): Promise<number> {
  const command = operatorCommandOf(process.argv.slice(2));
  if (command.kind === 'help') {
    process.stdout.write(help);
    return 0;
  }
  if (command.kind === 'doctor') {
    return doctorCommand({ ...command, environment: process.env, print: text => process.stdout.write(text) });
  }
  const configuration = readConfiguration(process.env);
  const logger = createLogger({ name: 'stream-processor', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  warnOfMisspeltSettings(process.env, logger);
  if (command.kind === 'generations') return generationsCommand({ ...command, configuration, logger });
  if (command.kind === 'rebuild') return rebuildCommand({ ...command, configuration, logger, signal: stopSignal(logger) });
  if (command.kind === 'repartition') return repartitionCommand({ ...command, configuration, logger, signal: stopSignal(logger) });
  return processUntilStopped(configuration, logger);
}

async function processUntilStopped(configuration: Configuration, logger: Logger): Promise<number> {
  const signal = stopSignal(logger);
  const registry = processRegistry('stream-processor');
  const outages = new Outages({ logger });
  let owned: readonly number[] | undefined;
  let awaited = 'Kafka';
  const probes = createProbes({
    registry,
    checks: [{ name: 'group', check: () => (owned === undefined ? `not joined, waits for ${awaited}` : undefined) }],
    // Not in its place is one thing, waiting there another: a pod that waits for a store does as much as any other could.
    remark: () => outages.problem,
  });
  let server: ProbeServer | undefined;
  const http: Part = {
    name: 'probes',
    start: async () => {
      server = await serveProbes({ probes, host: configuration.HTTP_HOST, port: configuration.HTTP_PORT });
      logger.info({ url: server.url }, `probes and metrics are at ${server.url}`);
    },
    stop: async () => server?.close(),
  };
  const processor = runningPart('stream processor', async stopping => {
    const generations = openConfiguredGenerations(configuration, logger);
    try {
      const { PROCESSOR_PEER_HOST: host, PROCESSOR_PEER_PORT: port } = configuration;
      const peer = host === undefined ? {} : { peer: { host, port } };
      const tracing = await openConfiguredTracing(configuration, { service: 'stream-processor', registry, logger });
      const shell = { clientId: 'stream-processor', logger, registry, signal: stopping };
      const log = await openConfiguredLog(configuration, { ...shell, ...peer }).catch((error: unknown) => {
        // Asked to end while it waited.
        if (stopping.aborted && isPassing(error)) return undefined;
        throw error;
      });
      if (log === undefined) return;
      awaited = 'the store, which says which generation serves';
      try {
        await runServingProcessor({
          log,
          tracing,
          generations,
          openStore,
          ...processingSettings(configuration),
          signal: stopping,
          registry,
          logger,
          outages,
          onPartitions: partitions => {
            owned = partitions;
          },
        });
      } finally {
        await log.close();
        await tracing?.close();
      }
    } finally {
      await generations.close();
    }
  });
  const openStore = async (generation: number) => {
    const store = openConfiguredStore(configuration, { logger, registry, generation });
    await store.ready().catch(async (error: unknown) => {
      if (!isPassing(error)) {
        await store.close();
        throw error;
      }
      logger.warn({ code: error.code }, `${error.message}; partitions wait for it`);
    });
    awaited = 'Kafka';
    return store;
  };
  return runService({ parts: [http, processor], logger, signal, stopDeadlineMs: 15_000 });
}
