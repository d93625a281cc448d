/** `tapeline start`: simulator (without a key) → ingester → log → fold → store → live board, and the notifier, in one process. */
import { shownAddress } from '@tapeline/core/addresses';
import { type Configuration, isSimulated } from '@tapeline/core/configuration';
import { hasCode } from '@tapeline/core/errors';
import { processes } from '@tapeline/core/metrics/metric-kinds';
import { processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { createProbes } from '@tapeline/core/probes';
import { type Part, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { openConfiguredTracing } from '@tapeline/core/tracing/configured-tracing';
import { untilThere } from '@tapeline/core/waiting-start';
import { openConfiguredGenerations, openConfiguredStore, openServingStore } from '@tapeline/database/configured-store';
import { firstGeneration } from '@tapeline/database/generations';
import type { MarketStore } from '@tapeline/database/market-store';
import { migrateGenerations } from '@tapeline/database/migrate-generations';
import type { ServingStore } from '@tapeline/database/serving-store';
import { sqliteFileOf } from '@tapeline/database/sqlite/sqlite-generations';
import { restUrlOf, runConfiguredBackfiller } from '@tapeline/ingestion/backfill/configured-backfiller';
import { type ConfiguredFeed, openConfiguredFeeds, vendorUrl } from '@tapeline/ingestion/configured-feed';
import { runDailyJobs } from '@tapeline/ingestion/daily/daily-jobs';
import { runConfiguredHistory } from '@tapeline/ingestion/history/configured-history';
import { type Ingesters, runIngesters } from '@tapeline/ingestion/ingesters';
import { runConfiguredInstruments } from '@tapeline/ingestion/instruments/configured-instruments';
import { traceAppends } from '@tapeline/ingestion/trace-appends';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { seededMarket } from '@tapeline/simulator/market/market';
import { wellKnownInstruments } from '@tapeline/simulator/market/well-known-instruments';
import { marketBars } from '@tapeline/simulator/rest/market-bars';
import { type RestSimulator, startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { defaultTicksPerSecond, type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { followAlertRules } from '@tapeline/stream-processing/alerts/follow-alert-rules';
import { configuredDestinations, runConfiguredNotifier } from '@tapeline/stream-processing/notifier/configured-notifier';
import { processingSettings } from '@tapeline/stream-processing/processing-settings';
import { runServingProcessor } from '@tapeline/stream-processing/serving-processor';
import { BoardTrace } from '@tapeline/visualization/board-trace';
import { hasExport } from '@tapeline/visualization/export/configured-export';
import { runExportSchedule } from '@tapeline/visualization/export/export-schedule';
import { type LiveBoard, startLiveBoard } from '@tapeline/visualization/live-board';
import { type LiveMarket, openLiveMarket } from '@tapeline/visualization/live-market';
import type { Logger } from 'pino';

export interface StartOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
}

/** Of the simulated market. */
const seed = 1;

/** @returns the exit status. */
export async function startCommand(options: StartOptions): Promise<number> {
  const signal = stopSignal(options.logger);
  const flow = new StandaloneFlow({ ...options, signal });
  return runService({ parts: flow.parts(), logger: options.logger, signal, started: () => process.stdout.write(flow.greeting()) });
}

/** What the parts of the process hand to each other, in the order in which they start. */
class StandaloneFlow {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  /** Aborts when the process is asked to end. */
  readonly #stopping: AbortSignal;
  readonly #registry = processRegistry(...processes);
  readonly #feeds: readonly ConfiguredFeed[];
  #tracing: Awaited<ReturnType<typeof openConfiguredTracing>>;
  #trace: BoardTrace | undefined;
  #log: MarketLog | undefined;
  #store: ServingStore | undefined;
  #market: LiveMarket | undefined;
  #board: LiveBoard | undefined;
  #simulator: Simulator | undefined;
  #history: RestSimulator | undefined;
  #ingester: Ingesters | undefined;

  /** @throws PipelineError `configuration.invalid`, before anything connects. */
  constructor({ configuration, logger, signal }: StartOptions & { readonly signal: AbortSignal }) {
    this.#configuration = configuration;
    this.#logger = logger;
    this.#stopping = signal;
    this.#feeds = openConfiguredFeeds(configuration, { logger, registry: this.#registry, url: () => this.#simulator?.url });
  }

  parts(): readonly Part[] {
    const simulated = this.#isSimulated ? [this.#simulatorPart(), this.#historyPart()] : [];
    const backfiller = this.#isSimulated || restUrlOf(this.#configuration) !== undefined ? [this.#backfillerPart()] : [];
    const stages = [this.#tracePart(), this.#logPart(), this.#storePart(), this.#processorPart(), this.#boardPart()];
    const rules = this.#configuration.ALERT_RULES_FILE === undefined ? [] : [this.#alertRulesPart(this.#configuration.ALERT_RULES_FILE)];
    const dailyJobs = restUrlOf(this.#configuration) === undefined ? [] : [this.#dailyJobsPart()];
    const exports = hasExport(this.#configuration) ? [this.#exportPart()] : [];
    const notifier = configuredDestinations(this.#configuration).length === 0 ? [] : [this.#notifierPart()];
    return [...stages, ...rules, ...notifier, ...simulated, this.#ingesterPart(), ...backfiller, ...dailyJobs, ...exports];
  }

  greeting(): string {
    const { KAFKA_BROKERS, CASSANDRA_CONTACT_POINTS, DATA_DIR } = this.#configuration;
    const twelveData = this.#isSimulated
      ? 'SIMULATED data: set TWELVE_DATA_API_KEY for the real feed'
      : shownAddress(this.#configuration.TWELVE_DATA_URL ?? vendorUrl);
    const source = this.#configuration.FEEDS.map(name => (name === 'twelve-data' ? twelveData : name)).join('; ');
    const log = KAFKA_BROKERS === undefined ? `${DATA_DIR}/log.sqlite` : `Kafka at ${KAFKA_BROKERS.join(', ')}`;
    const tables = `${DATA_DIR}/${sqliteFileOf(this.#store?.generation ?? firstGeneration)}`;
    const store = CASSANDRA_CONTACT_POINTS === undefined ? tables : `Cassandra at ${CASSANDRA_CONTACT_POINTS.join(', ')}`;
    return `\n  Tapeline is at ${this.#board?.url}\n\n  feed   ${source}\n  log    ${log}\n  store  ${store}\n\n  Ctrl-C stops it; nothing is lost.\n\n`;
  }

  get #isSimulated(): boolean {
    return isSimulated(this.#configuration);
  }

  #tracePart(): Part {
    const options = { service: 'tapeline', logger: this.#logger, registry: this.#registry };
    return {
      name: 'traces',
      start: async () => {
        this.#tracing = await openConfiguredTracing(this.#configuration, options);
        this.#trace = this.#tracing && new BoardTrace(this.#tracing);
      },
      stop: async () => this.#tracing?.close(),
    };
  }

  #logPart(): Part {
    const options = { clientId: 'tapeline', logger: this.#logger, registry: this.#registry, signal: this.#stopping };
    return {
      name: 'log',
      start: async () => {
        this.#log = await openConfiguredLog(this.#configuration, { ...options, appended: this.#tracing && traceAppends(this.#tracing) });
      },
      stop: async () => this.#log?.close(),
    };
  }

  #storePart(): Part {
    return {
      name: 'store',
      start: async () => {
        const waiting = { logger: this.#logger, signal: this.#stopping };
        await untilThere('the store', () => migrateGenerations(this.#configuration, this.#logger), waiting);
        this.#store = openServingStore(this.#configuration, { logger: this.#logger, registry: this.#registry });
        await this.#store.ready();
      },
      stop: async () => this.#store?.close(),
    };
  }

  #processorPart(): Part {
    return runningPart('stream processor', async signal => {
      const generations = openConfiguredGenerations(this.#configuration, this.#logger);
      const processing = runServingProcessor({
        log: existing(this.#log),
        tracing: this.#tracing,
        generations,
        openStore: generation => this.#openStore(generation),
        ...processingSettings(this.#configuration),
        signal,
        registry: this.#registry,
        logger: this.#logger,
      });
      await processing.finally(() => generations.close());
    });
  }

  /** Of the processor's own: what it writes goes to one generation until it has finished there. */
  async #openStore(generation: number): Promise<MarketStore> {
    const store = openConfiguredStore(this.#configuration, { logger: this.#logger, registry: this.#registry, generation });
    await store.migrate().catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    return store;
  }

  #boardPart(): Part {
    const stop = new AbortController();
    const { BAR_INTERVALS: intervals, ALLOWED_LATENESS_MS, CORRECTION_HORIZON_MS } = this.#configuration;
    const { HTTP_HOST: host, HTTP_PORT: port, HTTP_TOKEN: token } = this.#configuration;
    const shell = { logger: this.#logger, registry: this.#registry };
    return {
      name: 'live board',
      start: async () => {
        const store = existing(this.#store);
        const foldOptions = { intervals, allowedLatenessMs: ALLOWED_LATENESS_MS, correctionHorizonMs: CORRECTION_HORIZON_MS };
        const group = this.#configuration.KAFKA_GROUP;
        const trace = this.#trace;
        const market = openLiveMarket({ ...shell, trace, log: existing(this.#log), store, group, foldOptions, signal: stop.signal });
        this.#market = market;
        store.onSwitch(() => market.restore());
        const probes = createProbes({ registry: this.#registry, checks: [{ name: 'feed', check: () => this.#feedMissing() }] });
        this.#board = await startLiveBoard({ ...shell, trace, host, port, token, market: this.#market, store, probes });
      },
      stop: async () => {
        stop.abort();
        await this.#board?.close();
        await this.#market?.closed;
      },
    };
  }

  #alertRulesPart(file: string): Part {
    const { BAR_INTERVALS: intervals } = this.#configuration;
    const shell = { logger: this.#logger, registry: this.#registry };
    return runningPart('alert rules', signal => followAlertRules({ ...shell, log: existing(this.#log), file, intervals, signal }));
  }

  #notifierPart(): Part {
    const shell = { logger: this.#logger, registry: this.#registry };
    return runningPart('notifier', signal =>
      runConfiguredNotifier(this.#configuration, { ...shell, log: existing(this.#log), isSimulated: this.#isSimulated, signal }),
    );
  }

  #simulatorPart(): Part {
    return {
      name: 'simulator',
      start: async () => {
        this.#simulator = await startSimulator({ seed, logger: this.#logger });
      },
      stop: async () => this.#simulator?.close(),
    };
  }

  /** The history of the simulated market: what its ticks made, told to the ingester or not. */
  #historyPart(): Part {
    const { TWELVE_DATA_CREDITS_PER_MINUTE: creditsPerMinute, TWELVE_DATA_CREDITS_PER_DAY: perDay } = this.#configuration;
    const credits = { creditsPerMinute, creditsPerDay: perDay === 0 ? Number.POSITIVE_INFINITY : perDay };
    const market = seededMarket({ seed, instruments: wellKnownInstruments, ticksPerSecond: defaultTicksPerSecond, alwaysOpen: true });
    return {
      name: 'history of the simulator',
      start: async () => {
        this.#history = await startRestSimulator({ seed, ...credits, bars: marketBars(market) });
      },
      stop: async () => this.#history?.close(),
    };
  }

  #ingesterPart(): Part {
    return runningPart('ingester', async signal => {
      const shell = { logger: this.#logger, registry: this.#registry };
      this.#ingester = runIngesters({ ...shell, feeds: this.#feeds, log: existing(this.#log), signal });
      await this.#ingester.finished;
    });
  }

  /** A key that is good for prices alone must not end the flow: gaps stay, then, and the log says why. */
  #backfillerPart(): Part {
    return runningPart('backfiller', async signal => {
      const parts = { log: existing(this.#log), store: existing(this.#store), logger: this.#logger, registry: this.#registry };
      await runConfiguredBackfiller(this.#configuration, {
        ...parts,
        url: restUrlOf(this.#configuration) ?? this.#history?.url,
        signal,
      }).catch((error: unknown) => {
        if (!hasCode(error, 'feed.key-refused')) throw error;
        this.#logger.error({ code: error.code }, `gaps are no longer filled until the next start: ${error.message}`);
      });
    });
  }

  /** Not in the simulated market, which has no history of a month. */
  #dailyJobsPart(): Part {
    return runningPart('daily jobs', async signal => {
      const shell = { log: existing(this.#log), store: existing(this.#store), logger: this.#logger, registry: this.#registry, signal };
      const jobs = [
        { name: 'instruments', run: runConfiguredInstruments },
        { name: 'history', run: runConfiguredHistory },
      ] as const;
      await runDailyJobs(this.#configuration, shell, jobs).catch((error: unknown) => {
        if (!hasCode(error, 'feed.key-refused')) throw error;
        this.#logger.error({ code: error.code }, `history and instruments stay as they are until the next start: ${error.message}`);
      });
    });
  }

  #exportPart(): Part {
    return runningPart('export', signal =>
      runExportSchedule(this.#configuration, { store: existing(this.#store), logger: this.#logger, registry: this.#registry, signal }),
    );
  }

  #feedMissing(): string | undefined {
    return this.#ingester === undefined ? 'the ingester has not started yet' : this.#ingester.check();
  }
}

/** A part that was started before; that it is there is the order of `parts`. */
function existing<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('a part was used before it was started');
  return part;
}
