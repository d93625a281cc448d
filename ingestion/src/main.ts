/**
 * The ingester as a process of its own: the feeds of the settings into the log, with probes and metrics beside it; with a Lease, one of several
 * that stand by for each other.
 */
import { randomUUID } from 'node:crypto';
import { runCommandLine } from '@tapeline/core/command-line';
import { type Configuration, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { metricOf, processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { warnOfMisspeltSettings } from '@tapeline/core/misspelt-settings';
import { pause } from '@tapeline/core/pause';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { type Part, runService, stopSignal } from '@tapeline/core/service';
import { openConfiguredTracing } from '@tapeline/core/tracing/configured-tracing';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { type ConfiguredFeed, openConfiguredFeeds } from './configured-feed.ts';
import { type ElectedIngester, runElectedIngester } from './elected-ingester.ts';
import { type Ingesters, runIngesters } from './ingesters.ts';
import { traceAppends } from './trace-appends.ts';

const help = `ingester: writes all that a feed says, its silence included, into market-data.feed.

Usage: npm run ingester [-- --help]

Settings come from the environment; the README lists them. It reads: FEEDS, TWELVE_DATA_API_KEY (or TWELVE_DATA_URL of a simulator), SYMBOLS,
FINNHUB_*, YAHOO_*, REPLAY_*, FEED_*, KAFKA_* (or DATA_DIR), HTTP_HOST, HTTP_PORT and LOG_LEVEL. SIGTERM writes out what is buffered; a refused key ends it with exit status 1.
`;

/** The process's parts, in the order in which they start. */
class IngesterProcess {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  readonly #registry = processRegistry('ingester');
  /** Aborts when the process is asked to end. */
  readonly #stopping: AbortSignal;
  readonly #stop = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  readonly #feeds: readonly ConfiguredFeed[];
  #tracing: Awaited<ReturnType<typeof openConfiguredTracing>>;
  #log: MarketLog | undefined;
  #probes: ProbeServer | undefined;
  #ingester: Ingesters | ElectedIngester | undefined;

  /** @throws PipelineError `configuration.invalid`, before anything connects. */
  constructor(configuration: Configuration, logger: Logger, stopping: AbortSignal) {
    this.#stopping = stopping;
    this.#configuration = configuration;
    this.#logger = logger;
    this.#feeds = openConfiguredFeeds(configuration, { logger, registry: this.#registry });
    this.#failed.promise.catch(() => undefined);
  }

  parts(): readonly Part[] {
    return [
      { name: 'probes', start: () => this.#startProbes(), stop: async () => this.#probes?.close() },
      { name: 'traces', start: () => this.#openTracing(), stop: async () => this.#tracing?.close() },
      { name: 'log', start: () => this.#openLog(), stop: async () => this.#log?.close() },
      { name: 'ingester', start: () => this.#startIngester(), stop: () => this.#stopIngester(), failed: this.#failed.promise },
    ];
  }

  async #startProbes(): Promise<void> {
    const { HTTP_HOST: host, HTTP_PORT: port } = this.#configuration;
    const check = () => (this.#ingester === undefined ? 'the log is not open yet' : this.#ingester.check());
    const probes = createProbes({ registry: this.#registry, checks: [{ name: 'feed', check }], remark: () => this.#remark() });
    this.#probes = await serveProbes({ probes, host, port });
    this.#logger.info({ url: this.#probes.url }, `probes and metrics at ${this.#probes.url}`);
  }

  async #openTracing(): Promise<void> {
    const shell = { logger: this.#logger, registry: this.#registry };
    this.#tracing = await openConfiguredTracing(this.#configuration, { service: 'ingester', ...shell });
  }

  async #openLog(): Promise<void> {
    const shell = { logger: this.#logger, registry: this.#registry };
    const appended = this.#tracing && traceAppends(this.#tracing);
    const options = { clientId: 'ingester', ...shell, appended, signal: this.#stopping };
    this.#log = await openConfiguredLog(this.#configuration, options);
  }

  async #startIngester(): Promise<void> {
    if (this.#log === undefined) return;
    const shell = { logger: this.#logger, registry: this.#registry };
    const options = { feeds: this.#feeds, ...shell, log: this.#log, signal: this.#stop.signal };
    const { INGESTER_LEASE: name, POD_NAME: pod, POD_NAMESPACE: namespace, KUBECONFIG: kubeconfig } = this.#configuration;
    if (name === undefined || pod === undefined || namespace === undefined) {
      metricOf(this.#registry, 'tapeline_ingester_leader').set(1);
      this.#ingester = runIngesters(options);
    } else {
      // The Kubernetes client takes 90 MB: only who needs it loads it.
      const { kubernetesLease } = await import('./kubernetes-lease.ts');
      const store = kubernetesLease({ name, namespace, kubeconfig });
      // A pod's name is not enough: its container may be restarted while a request of the one before is still under way.
      const identity = `${pod}_${randomUUID()}`;
      const time = { clock: () => performance.now(), wallClock: Date.now, pause };
      this.#ingester = runElectedIngester({ ...options, ...time, store, identity });
    }
    const finished: Promise<unknown> = this.#ingester.finished;
    finished.catch((error: unknown) => this.#failed.reject(error));
  }

  /** The role, where there are two. */
  #remark(): string | undefined {
    return this.#ingester !== undefined && 'role' in this.#ingester ? `role: ${this.#ingester.role()}` : undefined;
  }

  async #stopIngester(): Promise<void> {
    this.#stop.abort();
    const finished: Promise<unknown> | undefined = this.#ingester?.finished;
    await finished?.catch((error: unknown) => this.#logger.debug({ err: error }, 'the ingester had failed'));
  }
}

async function main(): Promise<number> {
  const configuration = readConfiguration(process.env);
  const { FEEDS: feeds, TWELVE_DATA_API_KEY: key, TWELVE_DATA_URL: url } = configuration;
  if (feeds.includes('twelve-data') && key === undefined && url === undefined) {
    throw new PipelineError(
      'configuration.invalid',
      'the configuration has a fault:\n  - TWELVE_DATA_API_KEY is absent, expected the key of an account: set it, or TWELVE_DATA_URL to a simulator',
      { retriable: false },
    );
  }
  const logger = createLogger({ name: 'ingester', level: configuration.LOG_LEVEL, secrets: secretsOf(configuration) });
  warnOfMisspeltSettings(process.env, logger);
  const signal = stopSignal(logger);
  return runService({ parts: new IngesterProcess(configuration, logger, signal).parts(), logger, signal });
}

process.exitCode = await runCommandLine({ help }, main);
