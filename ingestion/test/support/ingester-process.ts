/** The ingester's process, with nothing of our own environment but the path. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../test/support/eventually.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const answerMs = 15_000;

/** Those that have not ended: none outlives the process that started it, unless that one is killed. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class IngesterProcess {
  readonly child: ChildProcess;
  readonly status: Promise<number | null>;
  output = '';

  constructor(environment: Readonly<Record<string, string>>) {
    const env = { PATH: process.env.PATH ?? '', HTTP_PORT: '0', ...environment };
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], { env });
    this.child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.status = new Promise(resolve => child.on('exit', resolve));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => this.#take(String(chunk)));
  }

  /** Returns when it said so; how long that took, in milliseconds. */
  async says(text: string): Promise<number> {
    const startMs = performance.now();
    const told = () => `"${text}" in:\n${this.output}(exit status ${this.child.exitCode})`;
    await eventually(told, () => {
      if (this.output.includes(text)) return true;
      if (this.child.exitCode !== null) throw new Error(`it ended without ${told()}`);
      return false;
    });
    return performance.now() - startMs;
  }

  /** What it answers at `/readyz`, status and text. */
  async readiness(): Promise<string> {
    const response = await this.#get('readyz');
    return `${response.status} ${await response.text()}`;
  }

  async metric(name: string): Promise<number> {
    const text = await (await this.#get('metrics')).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  /** Ends it, if it still runs, without a chance to do anything. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.status;
  }

  #take(text: string): void {
    this.output += text;
  }

  async #get(path: string): Promise<Response> {
    return fetch(`${await this.#url()}/${path}`, { signal: AbortSignal.timeout(answerMs) });
  }

  async #url(): Promise<string> {
    await this.says('probes and metrics at ');
    return /probes and metrics at (\S+?)"/.exec(this.output)?.[1] ?? '';
  }
}
