/** One of two ingesters that share a Lease: its process, which may be replaced, and what it said about leading, with the time. */
import { IngesterProcess } from '../support/ingester-process.ts';
import type { ApiGate } from './api-gate.ts';

const skewedClock = new URL('./skewed-clock.ts', import.meta.url).href;

/** It began to lead, by this process's clock. */
export interface Claim {
  readonly name: string;
  readonly term: number;
  readonly atMs: number;
}

export interface CandidateOptions {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly skewMs: number;
  readonly gate: ApiGate;
}

export class Candidate {
  readonly name: string;
  readonly skewMs: number;
  readonly gate: ApiGate;
  readonly claims: Claim[] = [];
  /** The term that it leads as far as it said. */
  term: number | undefined;
  /** True once this process has seen that another one holds the Lease: from then on it counts the time. */
  isWatching = false;
  isFrozen = false;
  /** Of all its processes. */
  output = '';
  readonly #environment: Readonly<Record<string, string>>;
  #process: IngesterProcess | undefined;
  #line = '';

  constructor({ name, environment, skewMs, gate }: CandidateOptions) {
    this.name = name;
    this.skewMs = skewMs;
    this.gate = gate;
    const clock = { TEST_CLOCK_SKEW_MS: String(skewMs), NODE_OPTIONS: `--import=${skewedClock} --disable-warning=TimeoutNegativeWarning` };
    this.#environment = { ...environment, ...clock, POD_NAME: name };
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  start(): void {
    if (this.#process !== undefined) return;
    const started = new IngesterProcess(this.#environment);
    this.#process = started;
    for (const stream of [started.child.stdout, started.child.stderr]) stream?.on('data', chunk => this.#take(String(chunk)));
  }

  freeze(): void {
    this.isFrozen = true;
    this.#process?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.isFrozen = false;
    this.#process?.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** @returns its exit status, 0 when it was not running */
  async stop(): Promise<number | null> {
    this.thaw();
    return await this.#end('SIGTERM');
  }

  async readiness(): Promise<string> {
    return (await this.#process?.readiness()) ?? 'not running';
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = this.#process;
    if (ending === undefined) return 0;
    ending.child.kill(signal);
    const status = await ending.status;
    this.#process = undefined;
    this.isFrozen = false;
    this.isWatching = false;
    this.term = undefined;
    return status;
  }

  #take(text: string): void {
    const atMs = performance.now();
    this.output += text;
    const lines = `${this.#line}${text}`.split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#understand(line, atMs);
  }

  #understand(line: string, atMs: number): void {
    const begun = /"msg":"leading: term (\d+)"/.exec(line)?.[1];
    if (begun !== undefined) {
      this.term = Number(begun);
      this.isWatching = false;
      this.claims.push({ name: this.name, term: this.term, atMs });
    } else if (/"msg":"term \d+ is (lost|over)/.test(line)) this.term = undefined;
    else if (line.includes('"msg":"standing by: ')) this.isWatching = true;
  }
}
