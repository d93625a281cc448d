/**
 * The whole chain as processes of their own on real servers: price server → ingester → Kafka → stream processor → Cassandra, and the live
 * board with a client that watches 50 symbols. Nothing else in it is told how fast prices come.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapeline/core/errors';
import { feedTopic } from '@tapeline/core/topics';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { BenchContext } from './bench-context.ts';
import { ensureBenchTopics } from './bench-topics.ts';
import { IngesterRun } from './ingester-run.ts';
import { LiveProcess } from './live-process.ts';
import { loadDefaults } from './load.ts';
import { removeKeyspace, removeTopics } from './load-leftovers.ts';
import { machineMs } from './machine-clock.ts';
import { metricsOf, type SampledProcess, sumOfMetric } from './process-sample.ts';
import { newGroup, nodeCommand } from './subjects.ts';

export interface LoadChainOptions {
  readonly symbols: number;
  /** Of the feed topic. @default it is kept until the chain is removed */
  readonly feedRetentionMs?: number;
  /** Takes the times at which bars were durable, as lines of JSON. */
  readonly durableFile?: string;
}

/** How far the chain is, in ticks since its start. */
export interface ChainProgress {
  /** On the machine's monotonic clock. */
  readonly atMs: number;
  /** Given to the price server's socket. */
  readonly sent: number;
  /** Durable in the log. */
  readonly acked: number;
  /** In results that are durable in the store. */
  readonly processed: number;
}

interface ServersOfChain {
  readonly brokers: readonly string[];
  readonly contactPoints: readonly string[];
}

const boardMain = '../../visualization/src/main.ts';
const watchedByClient = 50;
/** Nothing may stand still for so long while something is left to do. */
const patienceMs = 120_000;
const lookMs = 50;
/** Windows close 2 s after their end, by heartbeats 4 times a second. */
const lastWindowsMs = 3_500;

let chains = 0;

export class LoadChain {
  /** Called about ten times a second. */
  onProgress: ((progress: ChainProgress) => void) | undefined;
  readonly run: IngesterRun;
  readonly keyspace: string;
  readonly prefix: string;
  readonly #context: BenchContext;
  readonly #options: LoadChainOptions;
  readonly #servers: ServersOfChain;
  readonly #owned = Promise.withResolvers<void>();
  readonly #processorProbes = Promise.withResolvers<string>();
  readonly #boardUrl = Promise.withResolvers<string>();
  readonly #clientReady = Promise.withResolvers<void>();
  readonly #killAll = (): void => this.kill();
  #counted = Promise.withResolvers<{ readonly updates: number }>();
  #connection: MarketLog | undefined;
  #log: MarketLog | undefined;
  #processor: LiveProcess | undefined;
  #board: LiveProcess | undefined;
  #client: LiveProcess | undefined;
  #processed = 0;

  private constructor(context: BenchContext, options: LoadChainOptions, servers: ServersOfChain) {
    chains += 1;
    const own = `${process.pid}-${Date.now()}-${chains}`;
    this.#context = context;
    this.#options = options;
    this.#servers = servers;
    this.prefix = `bench-load-${own}.`;
    this.keyspace = `bench_load_${own.replaceAll('-', '_')}`;
    const { brokers } = servers;
    this.run = new IngesterRun({ brokers, prefix: this.prefix, symbols: options.symbols, probes: true, signal: context.signal });
    context.signal.addEventListener('abort', this.#killAll, { once: true });
  }

  /** Returns when the client of the board has its first rows: of a short trickle that is part of the account. */
  static async started(context: BenchContext, options: LoadChainOptions): Promise<LoadChain> {
    const servers = { brokers: await context.servers.brokers(), contactPoints: await context.servers.contactPoints() };
    context.signal.throwIfAborted();
    const chain = new LoadChain(context, options, servers);
    try {
      await chain.#start();
    } catch (error) {
      await chain.remove();
      throw error;
    }
    return chain;
  }

  get progress(): ChainProgress {
    const { sent, acked } = this.run;
    return { atMs: machineMs(), sent, acked, processed: this.#processed };
  }

  /** The log of the chain. */
  get log(): MarketLog {
    if (this.#log === undefined) throw new TypeError('the chain was not started');
    return this.#log;
  }

  /** All of them that run, with their metrics where they serve them. */
  async processes(): Promise<readonly SampledProcess[]> {
    const { server, ingester } = this.run.pids;
    return [
      { name: 'price server', pid: server },
      { name: 'ingester', pid: ingester, probes: await this.run.probes },
      { name: 'stream processor', pid: this.#processor?.pid ?? 0, probes: await this.#processorProbes.promise },
      { name: 'live board', pid: this.#board?.pid ?? 0, probes: await this.#boardUrl.promise },
      { name: "board's client", pid: this.#client?.pid ?? 0 },
    ];
  }

  /** Rejects when one of the processes ends by itself. */
  get failed(): Promise<never> {
    const running = [this.#processor, this.#board, this.#client].filter(process => process !== undefined);
    return Promise.race([this.run.failed, ...running.map(process => process.ended().then(gone))]);
  }

  /** The client begins to count its rows. */
  beginCounting(): void {
    this.#counted = Promise.withResolvers();
    this.#client?.tell('begin');
  }

  /** Rows that the client got since. */
  async rowsCounted(): Promise<number> {
    this.#client?.tell('end');
    return (await Promise.race([this.#counted.promise, this.failed])).updates;
  }

  /** Returns when every tick that was acknowledged is in results that are durable, with the seconds that it took. */
  async drained(): Promise<number> {
    const beganMs = machineMs();
    await this.#patiently('results', () => ({ isDone: this.#processed >= this.run.acked, at: this.#processed }));
    return (machineMs() - beganMs) / 1_000;
  }

  /**
   * Ends the ingester as people do, has the processor come to the end of the log, and ends it and the board.
   * @returns what the ingester says of where each price went
   */
  async finish(): Promise<Readonly<Record<string, number>>> {
    await sleep(lastWindowsMs);
    const totals = await this.run.end();
    const offsets = await this.log.offsets(feedTopic.name);
    const records = offsets.reduce((sum, { highWatermark }) => sum + highWatermark, 0);
    const probes = await this.#processorProbes.promise;
    await this.#patiently('records', async () => {
      const at = sumOfMetric(await metricsOf(probes), 'tapeline_stream_processor_records_total') ?? 0;
      return { isDone: at >= records, at };
    });
    this.#client?.kill();
    await Promise.all([this.#processor?.end(), this.#board?.end()]);
    return totals;
  }

  kill(): void {
    this.run.kill();
    for (const process of [this.#client, this.#board, this.#processor]) process?.kill();
  }

  /** Ends what still runs, and takes its topics and tables away. */
  async remove(): Promise<void> {
    this.#context.signal.removeEventListener('abort', this.#killAll);
    this.kill();
    await this.#connection?.close();
    const { brokers, contactPoints } = this.#servers;
    const removed = await Promise.allSettled([removeTopics(brokers, this.prefix), removeKeyspace(contactPoints, this.keyspace)]);
    for (const result of removed) {
      if (result.status === 'rejected') this.#context.logger.warn({ err: result.reason }, 'what a run left could not be removed');
    }
  }

  async #start(): Promise<void> {
    const { symbols, feedRetentionMs } = this.#options;
    const { logger } = this.#context;
    // Of its own: a client that has seen a topic goes on asking for it when it is deleted, and then fails at everything.
    this.#connection = await openKafkaLog({ brokers: this.#servers.brokers, clientId: 'bench', logger });
    this.#log = await ensureBenchTopics(this.#connection, this.prefix, feedRetentionMs);
    const group = newGroup('load');
    this.#processor = this.#startProcessor(group);
    await Promise.race([this.#owned.promise, this.#processor.ended().then(gone)]);
    await this.run.start();
    this.#board = this.#startBoard(group);
    const url = await Promise.race([this.#boardUrl.promise, this.failed]);
    const flags = ['--clients', '1', '--symbols', String(symbols), '--watched', String(Math.min(watchedByClient, symbols))];
    const command = nodeCommand('fan-out-clients.ts', ['--url', `${url.replace(/^http/, 'ws')}/ws`, ...flags]);
    this.#client = new LiveProcess("the board's client", command, line => {
      if (line === 'ready') this.#clientReady.resolve();
      else if (line.startsWith('counted ')) this.#counted.resolve(JSON.parse(line.slice(8)));
    });
    // Symbols are shown once they have a price.
    await this.run.sendAt(symbols * 4, 2);
    await Promise.race([this.#clientReady.promise, this.failed]);
  }

  #startProcessor(group: string): LiveProcess {
    const { brokers, contactPoints } = this.#servers;
    const { durableFile } = this.#options;
    const flags = ['--brokers', brokers.join(','), '--prefix', this.prefix, '--group', group, '--publish', '--probes'];
    flags.push('--cassandra', contactPoints.join(','), '--keyspace', this.keyspace);
    if (durableFile !== undefined) flags.push('--durable', durableFile);
    return new LiveProcess('the stream processor', nodeCommand('our-processor.ts', flags), line => {
      const [word, rest = ''] = line.split(' ');
      if (word === 'probes') this.#processorProbes.resolve(rest);
      if (line === `owned ${loadDefaults.partitions}`) this.#owned.resolve();
      if (word !== 'progress') return;
      this.#processed = Number(rest);
      this.onProgress?.(this.progress);
    });
  }

  #startBoard(group: string): LiveProcess {
    const { brokers, contactPoints } = this.#servers;
    const environment = {
      ...{ KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: this.prefix, KAFKA_GROUP: group },
      ...{ CASSANDRA_CONTACT_POINTS: contactPoints.join(','), CASSANDRA_KEYSPACE: this.keyspace },
      ...{ HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', LOG_LEVEL: 'warn', DATA_DIR: join(this.#context.scratch, 'board') },
    };
    return new LiveProcess('the live board', { ...nodeCommand(boardMain, []), environment }, line => {
      if (line.startsWith('http')) this.#boardUrl.resolve(line.trim());
    });
  }

  async #patiently(what: string, look: () => Waited | Promise<Waited>): Promise<void> {
    let [before, sinceMs] = [-1, performance.now()];
    for (;;) {
      const { isDone, at } = await look();
      if (isDone) return;
      this.#context.signal.throwIfAborted();
      if (at > before) [before, sinceMs] = [at, performance.now()];
      if (performance.now() > sinceMs + patienceMs) {
        throw new PipelineError('services.unavailable', `the stream processor came to ${at} ${what} and then no further`, {
          retriable: false,
        });
      }
      await sleep(lookMs);
    }
  }
}

interface Waited {
  readonly isDone: boolean;
  readonly at: number;
}

function gone(): never {
  throw new PipelineError('services.unavailable', 'a process of the chain ended while prices still came', { retriable: false });
}
