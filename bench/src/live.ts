/**
 * Figures `latency` and `durability`: how long after the heartbeat that closes it a bar is readable by a consumer of market-data.bars,
 * and durable in Cassandra, while ticks come at their own pace. Beside it, in the same run, a bare kafkajs echo.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapeline/core/errors';
import { barsTopic } from '@tapeline/core/topics';
import type { LogBatch, MarketLog } from '@tapeline/log/market-log';
import type { BenchContext } from './bench-context.ts';
import { ensureBenchTopics } from './bench-topics.ts';
import { distributionOf } from './distribution.ts';
import { type Echo, startEcho } from './echo.ts';
import { LiveProcess } from './live-process.ts';
import { allowedLatenessMs, loadDefaults } from './load.ts';
import { machineMs } from './machine-clock.ts';
import { treeUsage } from './process-tree.ts';
import { newGroup, nodeCommand } from './subjects.ts';

/** Who is measured: the stream processor, or a process that reads and appends as much and computes nothing. */
type LiveSubject = 'tapeline' | 'relay';

export interface LiveOptions {
  readonly figure: 'latency' | 'durability';
  readonly ticksPerSecond: number;
  readonly symbols: number;
  readonly seconds: number;
  readonly rounds: number;
}

/** When a bar was where it was awaited. */
interface Arrival {
  /** Of the heartbeat that closes it. */
  readonly closingMs: number;
  readonly atMs: number;
}

const secondMs = 1_000;
/** Compilation, first connections. */
const warmUpMs = 10_000;
const settleMs = 3_000;

export async function measureLive(context: BenchContext, options: LiveOptions): Promise<void> {
  const { figure, ticksPerSecond, symbols, seconds } = options;
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const subject of subjectsOf(figure)) {
      const parameters = { ticksPerSecond, symbols, seconds };
      const wanted = { figure, subject, round, parameters };
      if (context.resume && context.results.has(wanted)) continue;
      const values = await new LiveRun(context, options, subject).measure();
      const command = `npm run bench -- ${figure} --rate ${ticksPerSecond} --symbols ${symbols} --seconds ${seconds}`;
      context.results.add({ ...wanted, values, command });
      context.say(`${figure} of ${subject}, ${ticksPerSecond} ticks/s, ${symbols} symbols, round ${round}: ${textOf(values)}`);
    }
  }
}

/** They take turns. What the way to Cassandra takes is not told by a relay: most of it is Cassandra's own work. */
function subjectsOf(figure: LiveOptions['figure']): readonly LiveSubject[] {
  return figure === 'latency' ? ['tapeline', 'relay'] : ['tapeline'];
}

class LiveRun {
  readonly #context: BenchContext;
  readonly #options: LiveOptions;
  readonly #subject: LiveSubject;
  readonly #prefix = `bench-live-${process.pid}-${Date.now()}.`;
  readonly #beats = new Map<number, number>();
  readonly #arrivals: Arrival[] = [];
  readonly #seen: { readonly bytes: Uint8Array; readonly atMs: number }[] = [];
  readonly #owned = Promise.withResolvers<void>();
  #processed = 0;

  constructor(context: BenchContext, options: LiveOptions, subject: LiveSubject) {
    this.#context = context;
    this.#options = options;
    this.#subject = subject;
  }

  async measure(): Promise<Readonly<Record<string, number>>> {
    const { context, prefix } = { context: this.#context, prefix: this.#prefix };
    const brokers = await context.servers.brokers();
    const root = await context.log();
    const log = await ensureBenchTopics(root, prefix);
    const echoTopics = { from: `${prefix}echo-in`, to: `${prefix}echo-out` };
    await root.ensureTopics([echoTopics.from, echoTopics.to].map(name => ({ name, partitions: 1, retentionMs: 600_000 })));
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, context.signal]);
    const subject = await this.#startSubject(brokers);
    const reading = this.#options.figure === 'latency' ? this.#readBars(log, signal) : Promise.resolve();
    let echo: Echo | undefined;
    try {
      echo = await startEcho(brokers, echoTopics);
      await Promise.race([this.#owned.promise, subject.ended()]);
      const usage = await this.#load(brokers, subject);
      await subject.end();
      over.abort();
      await reading;
      this.#readSeen();
      if (this.#options.figure === 'durability') await this.#readDurable();
      return { ...this.#values(echo), ...usage };
    } finally {
      over.abort();
      subject.kill();
      await echo?.stop();
    }
  }

  async #startSubject(brokers: readonly string[]): Promise<LiveProcess> {
    const log = ['--brokers', brokers.join(','), '--prefix', this.#prefix];
    const [name, command] =
      this.#subject === 'relay'
        ? ['the relay', nodeCommand('relay.ts', [...log, '--symbols', String(this.#options.symbols)])]
        : ['the stream processor', nodeCommand('our-processor.ts', [...log, ...(await this.#processorFlags())])];
    return new LiveProcess(name, command, line => {
      if (line.startsWith('progress ')) this.#processed = Number(line.slice(9));
      if (line === `owned ${loadDefaults.partitions}`) this.#owned.resolve();
    });
  }

  async #processorFlags(): Promise<readonly string[]> {
    const durable =
      this.#options.figure === 'durability'
        ? [
            '--cassandra',
            (await this.#context.servers.contactPoints()).join(','),
            '--keyspace',
            `bench_${process.pid}_${Date.now()}`,
            '--durable',
            this.#file,
          ]
        : [];
    return ['--group', newGroup('live'), '--publish', ...durable];
  }

  get #file(): string {
    return join(this.#context.scratch, 'durable.jsonl');
  }

  /** Runs the load to its end; what the subject used meanwhile, and how far behind it was at the end. */
  async #load(brokers: readonly string[], subject: LiveProcess): Promise<Readonly<Record<string, number>>> {
    const { ticksPerSecond, symbols, seconds } = this.#options;
    const work = ['--rate', String(ticksPerSecond), '--symbols', String(symbols), '--seconds', String(seconds)];
    const flags = ['--brokers', brokers.join(','), '--prefix', this.#prefix, ...work];
    const load = new LiveProcess('the load', nodeCommand('live-load.ts', flags), line => {
      const [word, timeMs, atMs] = line.split(' ');
      if (word === 'beat') this.#beats.set(Number(timeMs), Number(atMs));
    });
    const says = setInterval(() => this.#context.progress(`${this.#options.figure}: ${this.#processed} ticks processed`), 1_000);
    const killed = (): void => load.kill();
    this.#context.signal.addEventListener('abort', killed, { once: true });
    try {
      await Promise.race([load.ended(), subject.ended().then(() => Promise.reject(endedEarly()))]);
      this.#context.signal.throwIfAborted();
      const unprocessedTicks = ticksPerSecond * seconds - this.#processed;
      const { cpuSeconds, residentBytes } = treeUsage([subject.pid]);
      await sleep(settleMs);
      return { unprocessedTicks, subjectCpuCores: cpuSeconds / seconds, residentBytes };
    } finally {
      clearInterval(says);
      this.#context.signal.removeEventListener('abort', killed);
      load.kill();
    }
  }

  async #readBars(log: MarketLog, signal: AbortSignal): Promise<void> {
    const partitions = Array.from({ length: loadDefaults.partitions }, (_, partition) => partition);
    const read = async (partition: number): Promise<void> => {
      for await (const batch of log.read({ topic: barsTopic.name, partition, fromOffset: 0, signal })) this.#note(batch, machineMs());
    };
    await Promise.all(partitions.map(read));
  }

  /** Keeps the bytes: reading them at once would keep the batches of other partitions waiting. */
  #note(batch: LogBatch, atMs: number): void {
    for (const { value } of batch.records) if (value !== undefined) this.#seen.push({ bytes: new Uint8Array(value), atMs });
  }

  /** First bars of a second only: larger intervals close at the same heartbeats. */
  #readSeen(): void {
    for (const { bytes, atMs } of this.#seen.splice(0)) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
      const startMs = /"interval":"1s","startMs":(\d+)/.exec(text)?.[1];
      if (startMs === undefined || !text.includes('"revision":0,')) continue;
      this.#arrivals.push({ closingMs: Number(startMs) + secondMs + allowedLatenessMs, atMs });
    }
  }

  async #readDurable(): Promise<void> {
    for await (const line of createInterface(createReadStream(this.#file))) {
      const { startMs, atMs }: { startMs: number; atMs: number } = JSON.parse(line);
      this.#arrivals.push({ closingMs: startMs + secondMs + allowedLatenessMs, atMs });
    }
  }

  #values(echo: Echo): Readonly<Record<string, number>> {
    const first = Math.min(...this.#beats.values());
    const last = Math.max(...this.#beats.values());
    const timed = this.#arrivals.flatMap(({ closingMs, atMs }) => {
      const beatAtMs = this.#beats.get(closingMs);
      return beatAtMs === undefined || beatAtMs < first + warmUpMs ? [] : [{ beatAtMs, tookMs: atMs - beatAtMs }];
    });
    const middleMs = (first + warmUpMs + last) / 2;
    const all = distributionOf(timed.map(({ tookMs }) => tookMs));
    const half = (isFirst: boolean) =>
      distributionOf(timed.filter(({ beatAtMs }) => beatAtMs < middleMs === isFirst).map(({ tookMs }) => tookMs));
    const echoed = distributionOf(
      echo.samples.filter(({ sentAtMs }) => sentAtMs >= first + warmUpMs && sentAtMs <= last).map(({ tookMs }) => tookMs),
    );
    return {
      bars: all.count,
      p50Ms: all.p50,
      p99Ms: all.p99,
      highestMs: all.highest,
      p50FirstHalfMs: half(true).p50,
      p50SecondHalfMs: half(false).p50,
      echoes: echoed.count,
      echoP50Ms: echoed.p50,
      echoP99Ms: echoed.p99,
    };
  }
}

function endedEarly(): PipelineError {
  return new PipelineError('services.unavailable', 'the measured process ended while ticks still came', { retriable: false });
}

function textOf(values: Readonly<Record<string, number>>): string {
  const { p50Ms = 0, p99Ms = 0, bars = 0, echoP50Ms = 0, echoP99Ms = 0, unprocessedTicks = 0 } = values;
  const echo = `a bare kafkajs echo ${echoP50Ms.toFixed(1)} and ${echoP99Ms.toFixed(1)} ms`;
  return `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms over ${bars} bars; ${echo}; ${unprocessedTicks} ticks behind at the end`;
}
