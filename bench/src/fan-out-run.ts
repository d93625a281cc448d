/** One board, the clients that decode what it says, and an idle echo beside them, as processes of their own. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapeline/core/errors';
import { LiveProcess } from './live-process.ts';
import { sumOfMetric } from './process-sample.ts';
import { treeUsage } from './process-tree.ts';
import { nodeCommand } from './subjects.ts';

export interface FanOutRunOptions {
  readonly clients: number;
  /** Symbols of the market. */
  readonly symbols: number;
  /** Symbols that a client watches. */
  readonly watched: number;
  /** How many lists the clients share; 0: each has a random one of its own. */
  readonly lists: number;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** What was measured over some seconds. */
export interface FanOutMeasurement {
  /** Rows that clients decoded. */
  readonly updates: number;
  readonly frames: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the CPU: moving the prices. */
  readonly pricesSeconds: number;
  /** Tenths of milliseconds from the server's turn to the client's receipt, and how often. */
  readonly tenths: readonly number[];
  readonly echoTenths: readonly number[];
}

interface Counted {
  readonly updates: number;
  readonly frames: number;
  readonly bytes: number;
  readonly tenths: readonly number[];
}

const clientProcesses = 2;
const answerMs = 120_000;

/** A process that answers with lines that begin with a word. */
class Answering {
  readonly process: LiveProcess;
  readonly #waiting = new Map<string, (rest: string) => void>();
  readonly #said = new Map<string, string>();

  constructor(name: string, file: string, args: readonly string[]) {
    this.process = new LiveProcess(name, nodeCommand(file, args), line => this.#heard(line));
  }

  /** What follows the word; each line is given once. */
  async line(word: string): Promise<string> {
    const said = this.#said.get(word);
    this.#said.delete(word);
    if (said !== undefined) return said;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.set(word, resolve);
    const late = AbortSignal.timeout(answerMs);
    return Promise.race([
      promise,
      this.process.ended().then(() => Promise.reject(failed('a process ended before its work was done'))),
      new Promise<never>((_, reject) => late.addEventListener('abort', () => reject(failed(`no "${word}" within ${answerMs} ms`)))),
    ]);
  }

  #heard(line: string): void {
    const end = line.indexOf(' ');
    const word = end < 0 ? line : line.slice(0, end);
    const rest = end < 0 ? '' : line.slice(end + 1);
    const resolve = this.#waiting.get(word);
    this.#waiting.delete(word);
    if (resolve === undefined) this.#said.set(word, rest);
    else resolve(rest);
  }
}

export class FanOutRun {
  readonly #options: FanOutRunOptions;
  readonly #processes: Answering[] = [];
  #server: Answering | undefined;
  #url = '';
  #clients: readonly Answering[] = [];
  #echo: Answering | undefined;

  constructor(options: FanOutRunOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.kill(), { once: true });
  }

  /** Returns when every client has its rows. */
  async start(): Promise<void> {
    const { clients, symbols, scratch } = this.#options;
    const data = mkdtempSync(join(scratch, 'board-'));
    // Twice as many places: those who are cut off come again before they are counted as gone.
    const flags = ['--symbols', String(symbols), '--clients', String(clients * 2 + 200), '--data', data];
    this.#server = this.#started('the board', 'fan-out-server.ts', flags);
    this.#url = await this.#server.line('url');
    const echo = this.#started('the echo', 'idle-echo.ts', []);
    this.#echo = this.#started('the asker of the echo', 'idle-echo.ts', ['--url', await echo.line('url')]);
    this.#clients = Array.from({ length: clientProcesses }, (_, index) =>
      this.#started(
        'clients',
        'fan-out-clients.ts',
        this.#clientFlags(index, Math.ceil((clients - index) / clientProcesses), this.#options.watched),
      ),
    );
    await Promise.all(this.#clients.map(child => child.line('ready')));
  }

  /** Connects clients that watch every symbol and read nothing; returns when the board passes them over. */
  async stall(count: number): Promise<void> {
    const { symbols } = this.#options;
    const stalled = this.#started('stalled clients', 'fan-out-clients.ts', [...this.#clientFlags(9, count, symbols), '--stalled']);
    await stalled.line('ready');
    const deadlineMs = performance.now() + answerMs;
    while ((await this.metric('tapeline_live_board_updates_skipped_total')) === 0) {
      if (performance.now() > deadlineMs) throw failed('the board passed none of the stalled clients over');
      await sleep(200);
    }
  }

  async measure(seconds: number): Promise<FanOutMeasurement> {
    const server = this.#server as Answering;
    const echo = this.#echo as Answering;
    const prices = async (): Promise<number> => {
      server.process.tell('spent');
      return Number(await server.line('spent'));
    };
    echo.process.tell('what');
    await echo.line('took');
    const pricesBefore = await prices();
    const cpuBefore = treeUsage([server.process.pid]).cpuSeconds;
    for (const child of this.#clients) child.process.tell('begin');
    const beganMs = performance.now();
    await sleep(seconds * 1_000, undefined, { signal: this.#options.signal });
    for (const child of this.#clients) child.process.tell('end');
    const took = (performance.now() - beganMs) / 1_000;
    const cpuSeconds = treeUsage([server.process.pid]).cpuSeconds - cpuBefore;
    const pricesSeconds = ((await prices()) - pricesBefore) / 1_000;
    echo.process.tell('what');
    const echoTenths = histogramOf(JSON.parse(await echo.line('took')) as readonly number[]);
    const counted = await Promise.all(this.#clients.map(async child => JSON.parse(await child.line('counted')) as Counted));
    const sum = (name: 'updates' | 'frames' | 'bytes') => counted.reduce((total, one) => total + one[name], 0);
    const tenths = added(counted.map(one => one.tenths));
    return {
      updates: sum('updates'),
      frames: sum('frames'),
      bytes: sum('bytes'),
      seconds: took,
      cpuSeconds,
      pricesSeconds,
      tenths,
      echoTenths,
    };
  }

  /** The sum of a metric of the board, whatever its labels. */
  async metric(name: string): Promise<number> {
    return sumOfMetric(await (await fetch(`${this.#url}/metrics`)).text(), name) ?? 0;
  }

  kill(): void {
    for (const { process } of this.#processes) process.kill();
  }

  #started(name: string, file: string, args: readonly string[]): Answering {
    const started = new Answering(name, file, args);
    this.#processes.push(started);
    return started;
  }

  #clientFlags(seed: number, clients: number, watched: number): readonly string[] {
    const { symbols, lists } = this.#options;
    const flags = { url: this.#url, clients, symbols, watched, lists: watched === symbols ? 0 : lists, seed: seed + 1 };
    return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  }
}

/** The value of which so great a share of a histogram is at most. */
export function quantile(histogram: readonly number[], share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) throw new RangeError('the histogram is empty, expected one sample at least: nothing was measured');
  let seen = 0;
  return histogram.findIndex(count => {
    seen += count;
    return seen >= share * total;
  });
}

function histogramOf(values: readonly number[]): readonly number[] {
  const histogram: number[] = [];
  for (const value of values) histogram[value] = (histogram[value] ?? 0) + 1;
  return Array.from(histogram, count => count ?? 0);
}

function added(histograms: readonly (readonly number[])[]): readonly number[] {
  const length = Math.max(...histograms.map(histogram => histogram.length));
  return Array.from({ length }, (_, index) => histograms.reduce((sum, histogram) => sum + (histogram[index] ?? 0), 0));
}

function failed(what: string): PipelineError {
  return new PipelineError('services.unavailable', `the fan-out run failed: ${what}`, { retriable: false });
}
