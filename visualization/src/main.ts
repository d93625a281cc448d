/** The live board as a process of its own: follows the log, reads the store, serves the page. Only this file reads the environment. */
import { runCommandLine } from '@tapeline/core/command-line';
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { isPassing } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { warnOfMisspeltSettings } from '@tapeline/core/misspelt-settings';
import { createProbes } from '@tapeline/core/probes';
import { type Part, runService, stopSignal } from '@tapeline/core/service';
import { openConfiguredTracing } from '@tapeline/core/tracing/configured-tracing';
import { openServingStore } from '@tapeline/database/configured-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import { BoardTrace } from './board-trace.ts';
import { type LiveBoard, startLiveBoard } from './live-board.ts';
import { openLiveMarket } from './live-market.ts';

const help = `The live board: serves the page, its WebSocket and the HTTP interface of a market that other processes write.

Usage: npm run live-board [-- --help]

Settings come from the environment; the README lists them. It reads: KAFKA_* and CASSANDRA_* (or DATA_DIR), KAFKA_GROUP, BAR_INTERVALS,
ALLOWED_LATENESS_MS and CORRECTION_HORIZON_MS as the stream processors have them, HTTP_HOST, HTTP_PORT, HTTP_TOKEN and LOG_LEVEL.
`;

process.exitCode = await runCommandLine({ help }, serve);

async function serve(): Promise<number> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger({ name: 'live-board', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  warnOfMisspeltSettings(process.env, logger);
  const signal = stopSignal(logger);
  const registry = processRegistry('live-board');
  const tracing = await openConfiguredTracing(configuration, { service: 'live-board', registry, logger });
  const trace = tracing && new BoardTrace(tracing);
  const following = new AbortController();
  const stopping = AbortSignal.any([signal, following.signal]);
  const options = { clientId: 'live-board', logger, readOnly: true, signal: stopping };
  // Waited for behind the probes: without an answer from them a pod is restarted, and Kafka is no sooner there.
  const log = openConfiguredLog(configuration, options).catch((error: unknown) => {
    if (stopping.aborted && isPassing(error)) return undefined;
    throw error;
  });
  // What is wrong with files of this machine no waiting mends.
  if (configuration.KAFKA_BROKERS === undefined) await log;
  const store = openServingStore(configuration, { logger, registry, readOnly: true });
  const market = openLiveMarket({
    log,
    store,
    group: configuration.KAFKA_GROUP,
    foldOptions: {
      intervals: configuration.BAR_INTERVALS,
      allowedLatenessMs: configuration.ALLOWED_LATENESS_MS,
      correctionHorizonMs: configuration.CORRECTION_HORIZON_MS,
    },
    logger,
    registry,
    trace,
    signal: following.signal,
  });
  store.onSwitch(() => market.restore());
  const probes = createProbes({
    registry,
    checks: [{ name: 'live market', check: () => market.unready() }],
    // A board whose log went away shows what it has, as any other could.
    remark: () => market.outage(),
  });
  let board: LiveBoard | undefined;
  const parts: readonly Part[] = [
    { name: 'traces', start: async () => undefined, stop: async () => tracing?.close() },
    { name: 'log', start: async () => undefined, stop: async () => (await log.catch(() => undefined))?.close() },
    { name: 'store', start: async () => undefined, stop: () => store.close() },
    {
      name: 'live market',
      start: async () => undefined,
      stop: async () => {
        following.abort();
        await market.closed.catch((error: unknown) => logger.debug({ err: error }, 'the live market had failed'));
      },
      failed: market.closed.then(() => new Promise<never>(() => undefined)),
    },
    {
      name: 'live board',
      start: async () => {
        board = await startLiveBoard({
          host: configuration.HTTP_HOST,
          port: configuration.HTTP_PORT,
          token: configuration.HTTP_TOKEN,
          market,
          store,
          probes,
          logger,
          registry,
          trace,
        });
        process.stdout.write(`${board.url}\n`);
      },
      stop: async () => board?.close(),
    },
  ];
  return runService({ parts, logger, signal });
}
