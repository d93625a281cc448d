/** A process of the live figures: started, listened to line by line, and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PipelineError } from '@tapeline/core/errors';
import type { MeasuredCommand } from './measured-run.ts';

export class LiveProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #said = '';
  #ending = false;

  /** @param onLine gets each line of its standard output */
  constructor(name: string, { command, args, environment }: MeasuredCommand, onLine: (line: string) => void) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    const { stdin, stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new TypeError('a process has no standard output');
    // Who has ended listens no more.
    stdin?.on('error', () => undefined);
    createInterface(stdout).on('line', onLine);
    stderr.on('data', chunk => {
      this.#said = `${this.#said}${chunk}`.slice(-4_000);
    });
    this.#ended = this.#watch();
    this.#ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** A line for its standard input. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Until it has ended. @throws PipelineError `services.unavailable` when it failed. */
  ended(): Promise<void> {
    return this.#ended;
  }

  /** Asks it to end, and waits. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#ended.finally(() => clearTimeout(patience));
  }

  kill(): void {
    this.#ending = true;
    this.#child.kill('SIGKILL');
  }

  async #watch(): Promise<void> {
    const [code] = await once(this.#child, 'close');
    if (code === 0 || this.#ending) return;
    throw new PipelineError('services.unavailable', `${this.#name} ended with ${code}; it said:\n${this.#said}`, { retriable: false });
  }
}
