/**
 * The processors of one schedule, under a supervisor as in a cluster: one that ends by itself, without having been asked to, is started
 * again and the end is written down.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from '../support/cluster.ts';
import type { RunningProcess } from '../support/processes.ts';
import type { SnapshotFault } from './schedule.ts';

export interface ProcessorsOptions {
  readonly cluster: TestCluster;
  readonly group: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A processor that ended on its own, or not as it should have. */
export interface OddEnd {
  readonly processor: number;
  readonly status: number | string;
  readonly lastLines: readonly string[];
}

interface Life {
  readonly running: RunningProcess;
  /** True when its end is what the schedule wants. */
  expected: boolean;
  /** True when its snapshots fail or let it die. */
  readonly isFaulty: boolean;
}

const faultyProgram = 'standalone/test/schedules/faulty-processor.ts';
const restartPauseMs = 1_000;

export class Processors {
  readonly oddEnds: OddEnd[] = [];
  readonly #options: ProcessorsOptions;
  readonly #lives = new Map<number, Life>();
  readonly #outputs: (() => string)[] = [];
  #over = false;

  constructor(options: ProcessorsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#lives.size;
  }

  /** All that they wrote to standard error. */
  output(): string {
    return this.#outputs.map(output => output()).join('');
  }

  start(processor: number, fault?: SnapshotFault): void {
    const { cluster, group, env } = this.#options;
    const faulty: Readonly<Record<string, string>> = fault === undefined ? {} : { SNAPSHOT_FAULT: JSON.stringify(fault) };
    const running = cluster.startProcessor(group, { ...env, ...faulty }, fault === undefined ? undefined : faultyProgram);
    const life = { running, expected: fault?.how === 'die', isFaulty: fault !== undefined };
    this.#lives.set(processor, life);
    this.#outputs.push(running.stderr);
    void this.#attend(processor, life);
  }

  /** Sends a signal; after one that ends it, returns when it has ended. A processor that is gone already is left alone. */
  async signal(processor: number, signal: NodeJS.Signals): Promise<void> {
    const life = this.#lives.get(processor);
    if (life === undefined) return;
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
      life.running.child.kill(signal);
      return;
    }
    life.expected = signal === 'SIGKILL' || life.expected;
    this.#lives.delete(processor);
    const status = await life.running.end(signal);
    // Before its handler is there the signal just ends it.
    if (signal === 'SIGTERM' && status !== 0 && status !== 'SIGTERM') this.#note(processor, life, status);
  }

  /** Lags that one of them reports, by partition: of those that it owns. */
  async lagsOf(processor: number): Promise<ReadonlyMap<number, number>> {
    const life = this.#lives.get(processor);
    return new Map(life === undefined ? [] : await lagsOf(life.running));
  }

  /** Puts others in the place of those that may still die of their fault, or fail to save in their last second: a clean stop is one. */
  async disarm(): Promise<void> {
    for (const [processor, { isFaulty }] of [...this.#lives]) {
      if (!isFaulty) continue;
      await this.signal(processor, 'SIGKILL');
      this.start(processor);
    }
  }

  async stopAll(): Promise<void> {
    this.#over = true;
    await Promise.all([...this.#lives.keys()].map(processor => this.signal(processor, 'SIGTERM')));
  }

  async #attend(processor: number, life: Life): Promise<void> {
    const status = await life.running.exit;
    if (this.#over || this.#lives.get(processor) !== life) return;
    this.#lives.delete(processor);
    if (!life.expected) this.#note(processor, life, status);
    await sleep(restartPauseMs);
    if (!this.#over && !this.#lives.has(processor)) this.start(processor);
  }

  #note(processor: number, { running }: Life, status: number | string): void {
    this.oddEnds.push({ processor, status, lastLines: running.stderr().trim().split('\n').slice(-4) });
  }
}

async function lagsOf(running: RunningProcess): Promise<readonly (readonly [number, number])[]> {
  const url = /probes and metrics are at (http:[^"]+)"/.exec(running.stderr())?.[1];
  if (url === undefined) return [];
  try {
    const metrics = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
    const lines = metrics.matchAll(/^tapeline_stream_processor_lag_records\{partition="(\d+)"\} (\d+)/gm);
    return [...lines].map(([, partition, lag]) => [Number(partition), Number(lag)] as const);
  } catch {
    return [];
  }
}
