/**
 * The whole flow as it stands before anything goes wrong: vendors, ingesters, three brokers, processors, Cassandra, each a process of its own,
 * and relays in between. The harness itself asks the servers past the relays.
 */
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { feedTopic, topics } from '@tapeline/core/topics';
import { type StartedCassandra, startCassandra } from '@tapeline/services/cassandra';
import { freePorts } from '@tapeline/services/free-ports';
import { type StartedKafka, startKafka } from '@tapeline/services/kafka';
import kafkajs from 'kafkajs';
import type { Logger } from 'pino';
import { type TestCluster, testCluster } from '../support/cluster.ts';
import { startProgram } from '../support/processes.ts';
import { ResultTimes } from '../support/result-times.ts';
import { Disk } from './disk.ts';
import { Member } from './member.ts';
import { PoisonWriter } from './poison-writer.ts';
import { Relays } from './relays.ts';
import { brokers, ingesters, processors } from './schedule.ts';
import { Vendors } from './vendors.ts';

export interface SceneOptions {
  readonly seed: number;
  /** Of the run: logs of the processes, notes of the ingesters. */
  readonly folder: string;
  /** For the servers' data. */
  readonly scratch: string;
  readonly ticksPerSecond: number;
  /** Folder of the former program. */
  readonly former: string | undefined;
  readonly logger: Logger;
  readonly ended: (name: string, status: number | string) => void;
  readonly signal: AbortSignal;
}

export const partitions = 4;
export const group = 'chaos';

const jumpingClock = new URL('./jumping-clock.ts', import.meta.url).href;
const closeDeadlineMs = 10_000;
const brokerMegabytes = 1_024;
const cassandraMegabytes = 2_048;

export class Scene {
  readonly options: SceneOptions;
  readonly relays = new Relays();
  readonly ingesters: Member[] = [];
  /** The one in each place; a rolling restart puts others there. */
  readonly processors: Member[] = [];
  /** Those that come and go. */
  readonly extras = new Set<Member>();
  readonly brokerDisks: (Disk | undefined)[] = [];
  cassandraDisk: Disk | undefined;
  readonly #closing: (() => Promise<unknown>)[] = [];
  #kafka: StartedKafka | undefined;
  #cassandra: StartedCassandra | undefined;
  #vendors: Vendors | undefined;
  #cluster: TestCluster | undefined;
  #poison: PoisonWriter | undefined;
  #results: ResultTimes | undefined;
  #admin: kafkajs.Admin | undefined;
  #processorEnv: Readonly<Record<string, string>> = {};
  #extras = 0;

  private constructor(options: SceneOptions) {
    this.options = options;
  }

  /** Returns when all of it runs; what was started ends again when something fails. */
  static async start(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(options);
    try {
      await scene.#start();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  get kafka(): StartedKafka {
    return started(this.#kafka);
  }

  get cassandra(): StartedCassandra {
    return started(this.#cassandra);
  }

  get vendors(): Vendors {
    return started(this.#vendors);
  }

  get cluster(): TestCluster {
    return started(this.#cluster);
  }

  get poison(): PoisonWriter {
    return started(this.#poison);
  }

  get results(): ResultTimes {
    return started(this.#results);
  }

  get notesFile(): string {
    return join(this.options.folder, 'acknowledged.txt');
  }

  /** The file by which a member's clock is set: `ingester 1`. */
  clockFile(name: string): string {
    return join(this.options.scratch, `${name.replace(' ', '-')}.clock`);
  }

  /** Another processor, which is not started yet. */
  async newProcessor(name: string, program?: string): Promise<Member> {
    const [port = 0] = await freePorts(1);
    const env = { ...this.#processorEnv, ...this.#clockOf(name), HTTP_PORT: String(port) };
    const path = program ?? 'stream-processing/src/main.ts';
    const spawn = () => startProgram(path, { env, logFile: this.#logFile(name) });
    return new Member({ name, port, spawn, ended: this.options.ended });
  }

  async newExtra(program?: string): Promise<Member> {
    this.#extras += 1;
    const extra = await this.newProcessor(program === undefined ? `extra ${this.#extras}` : `former ${this.#extras}`, program);
    this.extras.add(extra);
    return extra;
  }

  /** True when every partition of the feed has all its replicas in step. */
  async hasAllReplicas(): Promise<boolean> {
    const topic = this.cluster.env.KAFKA_TOPIC_PREFIX + feedTopic.name;
    const metadata = await started(this.#admin)
      .fetchTopicMetadata({ topics: [topic] })
      .catch(() => undefined);
    const states = metadata?.topics[0]?.partitions ?? [];
    return states.length === partitions && states.every(({ isr, leader }) => isr.length === brokers && leader >= 0);
  }

  /** Ends everything, whatever state it is in. */
  async close(): Promise<void> {
    await Promise.all([...this.ingesters, ...this.processors, ...this.extras].map(member => member.destroy()));
    for (const node of [...(this.#kafka?.nodes ?? []), ...(this.#cassandra?.nodes ?? [])]) await node.kill('SIGCONT');
    for (const close of this.#closing.reverse()) {
      const closed = close().catch((error: unknown) => this.options.logger.warn({ err: error }, 'while closing'));
      // A client whose server hangs may wait for ever.
      await Promise.race([closed, sleep(closeDeadlineMs)]);
    }
  }

  async #start(): Promise<void> {
    const { options, relays } = this;
    const { scratch, seed, ticksPerSecond, logger, signal } = options;
    mkdirSync(join(options.folder, 'logs'), { recursive: true });
    closeSync(openSync(this.notesFile, 'w'));
    this.#closing.push(() => relays.close());
    await this.#mountDisks();
    const proxyPorts: number[] = [];
    for (let broker = 1; broker <= brokers; broker += 1) proxyPorts.push(await relays.open(`broker ${broker}`));
    const settled = await Promise.allSettled([
      startKafka({ brokers, proxyPorts, directory: join(scratch, 'kafka'), heapMb: 384, logger, signal }),
      startCassandra({ directory: join(scratch, 'cassandra'), durability: 'synced', logger, signal }),
    ]);
    const [kafka, cassandra] = settled;
    if (kafka.status === 'fulfilled') this.#kafka = kafka.value;
    if (cassandra.status === 'fulfilled') this.#cassandra = cassandra.value;
    this.#closing.push(async () => this.#keepServerLogs());
    // Their data goes with the run: nothing has to be written out.
    this.#closing.push(() =>
      Promise.all([...(this.#kafka?.nodes ?? []), ...(this.#cassandra?.nodes ?? [])].map(node => node.kill('SIGKILL'))),
    );
    const failed = settled.find(result => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    for (const [index, target] of this.kafka.behindProxies.entries()) await relays.lead(`broker ${index + 1}`, target);
    this.#vendors = await Vendors.start({ seed, partitions, ticksPerSecond, logger });
    this.#closing.push(() => this.vendors.close());
    await this.#openCluster();
    await this.#startMembers(proxyPorts);
  }

  async #mountDisks(): Promise<void> {
    const { scratch } = this.options;
    for (let broker = 1; broker <= brokers; broker += 1) {
      const disk = await Disk.mount(join(scratch, 'kafka', String(broker)), brokerMegabytes);
      this.brokerDisks.push(disk);
    }
    this.cassandraDisk = await Disk.mount(join(scratch, 'cassandra', '1'), cassandraMegabytes);
    this.#closing.push(async () => {
      for (const disk of [...this.brokerDisks, this.cassandraDisk]) await disk?.unmount();
    });
  }

  async #openCluster(): Promise<void> {
    this.#cluster = await testCluster({ kafka: this.kafka, cassandra: this.cassandra });
    this.#closing.push(() => this.cluster.disconnect());
    await this.cluster.log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
    this.#poison = await PoisonWriter.open(this.kafka.brokers, this.cluster.env.KAFKA_TOPIC_PREFIX, partitions);
    this.#closing.push(() => this.poison.close());
    this.#admin = new kafkajs.Kafka({ brokers: [...this.kafka.brokers], clientId: 'chaos', logLevel: kafkajs.logLevel.NOTHING }).admin();
    await this.#admin.connect();
    this.#closing.push(() => started(this.#admin).disconnect());
    this.#results = new ResultTimes(this.cluster.store, this.vendors.symbols.slice(0, partitions));
    this.#closing.push(() => this.results.close());
  }

  async #startMembers(proxyPorts: readonly number[]): Promise<void> {
    const { relays, vendors, cluster } = this;
    const cassandraPort = await relays.open('cassandra');
    await relays.lead('cassandra', this.cassandra.contactPoints[0] ?? '');
    const twelveDataPort = await relays.open('vendor 1');
    await relays.lead('vendor 1', vendors.addresses.twelveData);
    const finnhubPort = await relays.open('vendor 2');
    await relays.lead('vendor 2', vendors.addresses.finnhub);
    const env = {
      ...cluster.env,
      KAFKA_BROKERS: proxyPorts.map(port => `127.0.0.1:${port}`).join(','),
      CASSANDRA_CONTACT_POINTS: `127.0.0.1:${cassandraPort}`,
    };
    this.#processorEnv = {
      ...env,
      KAFKA_GROUP: cluster.groupName(group),
      SNAPSHOT_INTERVAL_MS: '3000',
      PROCESSOR_PEER_HOST: '127.0.0.1',
      PROCESSOR_PEER_PORT: '0',
    };
    const feeds: readonly Readonly<Record<string, string>>[] = [
      {
        FEEDS: 'twelve-data',
        TWELVE_DATA_URL: `ws://127.0.0.1:${twelveDataPort}/v1/quotes/price`,
        TWELVE_DATA_SHARDS: '2',
        SYMBOLS: vendors.twelveDataSymbols.join(','),
      },
      {
        FEEDS: 'finnhub',
        FINNHUB_URL: `ws://127.0.0.1:${finnhubPort}`,
        FINNHUB_API_KEY: 'of-the-run',
        FINNHUB_SYMBOLS: vendors.finnhubSymbols.join(','),
      },
    ];
    for (let number = 1; number <= ingesters; number += 1) {
      this.ingesters.push(await this.#newIngester(`ingester ${number}`, { ...env, FEED_MUTE_TIMEOUT_MS: '5000', ...feeds[number - 1] }));
    }
    for (let number = 1; number <= processors; number += 1) this.processors.push(await this.newProcessor(`processor ${number}`));
    for (const member of [...this.ingesters, ...this.processors]) member.start();
  }

  async #newIngester(name: string, settings: Readonly<Record<string, string>>): Promise<Member> {
    const [port = 0] = await freePorts(1);
    const env = { ...settings, ...this.#clockOf(name), HTTP_PORT: String(port), CHAOS_NOTES_FILE: this.notesFile };
    const spawn = () => startProgram('standalone/test/chaos/noting-ingester.ts', { env, logFile: this.#logFile(name) });
    return new Member({ name, port, spawn, ended: this.options.ended });
  }

  #clockOf(name: string): Readonly<Record<string, string>> {
    writeFileSync(this.clockFile(name), '0');
    return { CHAOS_CLOCK_FILE: this.clockFile(name), NODE_OPTIONS: `--import=${jumpingClock} --disable-warning=TimeoutNegativeWarning` };
  }

  #keepServerLogs(): void {
    const { scratch, folder } = this.options;
    for (const node of ['kafka/1', 'kafka/2', 'kafka/3', 'cassandra/1']) {
      const log = join(scratch, node, 'server.log');
      if (existsSync(log)) copyFileSync(log, join(folder, 'logs', `${node.replace('/', '-')}.log`));
    }
  }

  #logFile(name: string): string {
    return join(this.options.folder, 'logs', `${name.replace(' ', '-')}.log`);
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('the scene has not been started');
  return part;
}
