/** A process of the run under a supervisor, as in a cluster: one that ends is started again, and an end that nobody wanted is written down. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from '../support/processes.ts';

export interface MemberOptions {
  /** As `processor 2`. */
  readonly name: string;
  readonly port: number;
  readonly spawn: () => RunningProcess;
  /** Told of an end that was not asked for. */
  readonly ended: (name: string, status: number | string) => void;
}

/** As long as a cluster needs to start a container again. */
const restartPauseMs = 1_000;

export class Member {
  readonly name: string;
  readonly #options: MemberOptions;
  #running: RunningProcess | undefined;
  #isWanted = false;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.#options = options;
  }

  start(): void {
    this.#isWanted = true;
    this.#spawn();
  }

  /** Ends it for good, cleanly; one that stands still is woken first. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    running.child.kill('SIGCONT');
    const status = await running.end('SIGTERM');
    // Before its handler is there the signal just ends it.
    if (status !== 0 && status !== 'SIGTERM') this.#options.ended(this.name, status);
  }

  /** Ends it at once; it is started again after `forMs`. */
  async kill(forMs = 0): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.end('SIGKILL');
    await sleep(forMs);
    if (this.#isWanted && this.#running === undefined) this.#spawn();
  }

  /** It stands still for so long. */
  async freeze(forMs: number): Promise<void> {
    const running = this.#running;
    running?.child.kill('SIGSTOP');
    await sleep(forMs);
    running?.child.kill('SIGCONT');
  }

  /** Ends it for good, whatever it does. */
  async destroy(): Promise<void> {
    this.#isWanted = false;
    const running = this.#running;
    this.#running = undefined;
    await running?.end('SIGKILL');
  }

  async isReady(): Promise<boolean> {
    return (await this.#get('readyz'))?.ok === true;
  }

  /** Partitions that it owns, as it says itself; metrics of former programs have no prefix. */
  async partitions(): Promise<readonly number[]> {
    const text = await (await this.#get('metrics'))?.text();
    return [...(text ?? '').matchAll(/^(?:tapeline_)?stream_processor_lag_records\{partition="(\d+)"\}/gm)].map(([, partition]) =>
      Number(partition),
    );
  }

  async #get(path: string): Promise<Response | undefined> {
    if (this.#running === undefined) return undefined;
    return fetch(`http://127.0.0.1:${this.#options.port}/${path}`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  }

  #spawn(): void {
    const running = this.#options.spawn();
    this.#running = running;
    void this.#attend(running);
  }

  async #attend(running: RunningProcess): Promise<void> {
    const status = await running.exit;
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#options.ended(this.name, status);
    await sleep(restartPauseMs);
    if (this.#isWanted && this.#running === undefined) this.#spawn();
  }
}
