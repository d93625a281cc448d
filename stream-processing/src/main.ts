/** The stream processor as a process of its own: market-data.feed → the fold → the store and market-data.bars. */
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { exitStatusOf, type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openConfiguredStore } from '@tapeline/database/configured-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import { Registry } from 'prom-client';
import { runStreamProcessor } from './stream-processor.ts';

const help = `stream-processor: folds market-data.feed into bars and makes them durable.

Settings come from the environment (the README lists them); it needs KAFKA_BROKERS and CASSANDRA_CONTACT_POINTS, or works on DATA_DIR.
Start as many as there are partitions at most: they share them as one consumer group (KAFKA_GROUP).
Probes and metrics: http://HTTP_HOST:HTTP_PORT/livez, /readyz, /metrics. SIGTERM finishes what was read, saves and leaves the group.
`;

if (process.argv.includes('--help')) process.stdout.write(help);
else process.exit(await main().catch((error: unknown) => exitStatusOf(error, line => process.stderr.write(line))));

async function main(): Promise<number> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger({ name: 'stream-processor', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  const signal = stopSignal(logger);
  const registry = new Registry();
  let owned: readonly number[] | undefined;
  const probes = createProbes({
    registry,
    checks: [{ name: 'group', check: () => (owned === undefined ? 'the group was not joined yet' : undefined) }],
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
    const store = openConfiguredStore(configuration, { logger, registry });
    try {
      await store.ready().catch((error: unknown) => {
        if (!(error instanceof PipelineError && error.retriable)) throw error;
        logger.warn({ code: error.code }, `${error.message}; partitions wait for it`);
      });
      const { PROCESSOR_PEER_HOST: host, PROCESSOR_PEER_PORT: port } = configuration;
      const peer = host === undefined ? {} : { peer: { host, port } };
      const log = await openConfiguredLog(configuration, { clientId: 'stream-processor', logger, ...peer });
      try {
        await runStreamProcessor({
          log,
          store,
          group: configuration.KAFKA_GROUP,
          intervals: configuration.BAR_INTERVALS,
          allowedLatenessMs: configuration.ALLOWED_LATENESS_MS,
          correctionHorizonMs: configuration.CORRECTION_HORIZON_MS,
          snapshotIntervalMs: configuration.SNAPSHOT_INTERVAL_MS,
          storeTicks: configuration.STORE_TICKS,
          signal: stopping,
          registry,
          logger,
          onPartitions: partitions => {
            owned = partitions;
          },
        });
      } finally {
        await log.close();
      }
    } finally {
      await store.close();
    }
  });
  return runService({ parts: [http, processor], logger, signal, stopDeadlineMs: 15_000 });
}
