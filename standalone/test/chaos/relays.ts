/**
 * The network between the parts: relays of bytes on loopback that can be slowed down and cut. They run in a process of their own, so that
 * what the harness reckons does not hold up the traffic.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Weather } from './relay.ts';

/** What the process is asked, and what it answers. */
export type RelayRequest =
  | { readonly ask: 'open'; readonly name: string }
  | { readonly ask: 'target'; readonly name: string; readonly target: string }
  | { readonly ask: 'weather'; readonly name: string; readonly weather: Weather };
export type RelayAnswer = { readonly port: number } | { readonly error: string };

export class Relays {
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (port: number) => void; reject: (error: Error) => void }[] = [];

  constructor() {
    this.#process = fork(fileURLToPath(new URL('./relay-process.ts', import.meta.url)), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { PATH: process.env.PATH ?? '' },
      // Ctrl-C is for the harness, which still needs the network to end clean.
      detached: true,
    });
    this.#process.on('message', (answer: RelayAnswer) => {
      const asked = this.#waiting.shift();
      if ('error' in answer) asked?.reject(new Error(answer.error));
      else asked?.resolve(answer.port);
    });
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the relays ended'));
    });
  }

  /** @returns the port that it listens on; nothing gets through before it has a target. */
  open(name: string): Promise<number> {
    return this.#ask({ ask: 'open', name });
  }

  /** @param target `host:port` */
  async lead(name: string, target: string): Promise<void> {
    await this.#ask({ ask: 'target', name, target });
  }

  async weather(name: string, weather: Weather): Promise<void> {
    await this.#ask({ ask: 'weather', name, weather });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise(resolve => this.#process.once('exit', resolve));
    this.#process.disconnect();
    await ended;
  }

  #ask(request: RelayRequest): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ resolve, reject });
    this.#process.send(request);
    return promise;
  }
}
