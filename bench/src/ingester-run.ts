/** One ingester and the server that it reads from, as processes of their own, and who knows how far both are. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '@tapeline/core/errors';
import { LiveProcess } from './live-process.ts';
import type { Pace } from './pace.ts';
import { treeUsage } from './process-tree.ts';
import { nodeCommand } from './subjects.ts';

export interface IngesterRunOptions {
  readonly brokers: readonly string[];
  /** Of topics that nobody has used. */
  readonly prefix: string;
  readonly symbols: number;
  /** Has the ingester serve its metrics. @default false */
  readonly probes?: boolean;
  readonly signal: AbortSignal;
}

/** So many prices, and when. */
interface Mark {
  readonly count: number;
  readonly atMs: number;
}

/** CPU of the ingester when so many prices were acknowledged. */
export interface UsageSample {
  readonly acked: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly atMs: number;
}

/** Acknowledgements may stay away for so long before a run is given up. */
const patienceMs = 60_000;

export class IngesterRun {
  acked = 0;
  lost = 0;
  /** Prices that the server has given to its socket. */
  sent = 0;
  /** Bytes of them that wait in the server, for the ingester reads slower: the most since this was set to 0. */
  mostHeldBytes = 0;
  readonly #options: IngesterRunOptions;
  readonly #url = Promise.withResolvers<string>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #probes = Promise.withResolvers<string>();
  readonly #server: LiveProcess;
  #ingester: LiveProcess | undefined;
  #marks: Mark[] = [];
  #acks: Mark[] = [];
  #over = Promise.withResolvers<number>();
  #totals: Readonly<Record<string, number>> = {};

  constructor(options: IngesterRunOptions) {
    this.#options = options;
    const command = nodeCommand('price-server.ts', ['--symbols', String(options.symbols)]);
    this.#server = new LiveProcess('the price server', command, line => this.#serverSaid(line));
    options.signal.addEventListener('abort', () => this.kill(), { once: true });
  }

  get pids(): { readonly server: number; readonly ingester: number } {
    return { server: this.#server.pid, ingester: this.#ingester?.pid ?? 0 };
  }

  /** Where the ingester's metrics are; never without `probes`. */
  get probes(): Promise<string> {
    return this.#probes.promise;
  }

  /** Rejects when the server or the ingester ends before it is asked to. */
  get failed(): Promise<never> {
    return Promise.race([this.#server.ended(), ...(this.#ingester === undefined ? [] : [this.#ingester.ended()])]).then(gone);
  }

  /** Returns when the ingester has subscribed. */
  async start(): Promise<void> {
    const { brokers, prefix, symbols, probes = false } = this.#options;
    const url = await Promise.race([this.#url.promise, this.#server.ended().then(gone)]);
    const flags = ['--brokers', brokers.join(','), '--prefix', prefix, '--url', url, '--symbols', String(symbols)];
    if (probes) flags.push('--probes');
    this.#ingester = new LiveProcess('the ingester', nodeCommand('our-ingester.ts', flags), line => this.#ingesterSaid(line));
    await Promise.race([this.#ready.promise, this.#ingester.ended().then(gone)]);
  }

  /** Sends so many as fast as they are acknowledged; returns when all are. */
  async sendAll(count: number, mostUnacknowledged: number): Promise<void> {
    await this.#send(`window ${mostUnacknowledged} ${count}`);
  }

  /** Sends so many a second; gives the milliseconds of each piece from its way into the socket to its acknowledgement. */
  sendAt(rate: number, seconds: number, onOver?: () => void): Promise<readonly number[]> {
    return this.sendPaced([{ perSecond: rate, seconds }], onOver);
  }

  /** Likewise, at one pace after the other. @param onOver is called when all is sent, whatever is acknowledged */
  async sendPaced(paces: readonly Pace[], onOver?: () => void): Promise<readonly number[]> {
    this.#marks = [];
    this.#acks = [];
    await this.#send(`rate ${paces.map(({ perSecond, seconds }) => `${perSecond} ${seconds}`).join(' ')}`, onOver);
    const [sent, acks] = [this.#marks, this.#acks];
    let next = 0;
    return sent.map(({ count, atMs }) => {
      while (next < acks.length && (acks[next]?.count ?? 0) < count) next += 1;
      return (acks[next]?.atMs ?? Number.POSITIVE_INFINITY) - atMs;
    });
  }

  usage(): UsageSample {
    const { acked } = this;
    return { acked, ...treeUsage([this.#ingester?.pid ?? 0]), atMs: performance.now() };
  }

  /** Stops the ingester, as people stop it; gives what it says of where each price went. */
  async end(): Promise<Readonly<Record<string, number>>> {
    await this.#ingester?.end();
    this.#server.kill();
    return this.#totals;
  }

  kill(): void {
    this.#ingester?.kill();
    this.#server.kill();
  }

  async #send(order: string, onOver?: () => void): Promise<void> {
    this.#over = Promise.withResolvers();
    this.#server.tell(order);
    const sent = await Promise.race([this.#over.promise, this.#ingester?.ended().then(gone) ?? gone()]);
    onOver?.();
    let [before, sinceMs] = [this.acked, performance.now()];
    while (this.acked + this.lost < sent) {
      await sleep(5);
      this.#options.signal.throwIfAborted();
      if (this.acked > before) [before, sinceMs] = [this.acked, performance.now()];
      if (performance.now() > sinceMs + patienceMs) throw failed(`acknowledged ${this.acked} of ${sent} prices and then no more`);
    }
  }

  #serverSaid(line: string): void {
    const [word, first = '', second = '', third = ''] = line.split(' ');
    if (word === 'url') this.#url.resolve(first);
    else if (word === 'ready') this.#ready.resolve();
    else if (word === 'sent') {
      this.sent = Number(first);
      this.mostHeldBytes = Math.max(this.mostHeldBytes, Number(third));
      this.#marks.push({ count: this.sent, atMs: Number(second) });
    } else if (word === 'over') this.#over.resolve(Number(first));
  }

  #ingesterSaid(line: string): void {
    const [word, first = '', second = '', third = ''] = line.split(' ');
    if (word === 'done') this.#totals = JSON.parse(line.slice(5));
    if (word === 'probes') this.#probes.resolve(first);
    // A warning of its log.
    if (line.startsWith('{')) process.stderr.write(`${line}\n`);
    if (word !== 'acked') return;
    this.acked = Number(first);
    this.lost = Number(third);
    this.#acks.push({ count: this.acked, atMs: Number(second) });
    this.#server.tell(line);
  }
}

function gone(): never {
  throw failed('ended before its work was done');
}

function failed(what: string): PipelineError {
  return new PipelineError('services.unavailable', `the ingester ${what}`, { retriable: false });
}
