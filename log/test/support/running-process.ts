/** A script of the tests as a process, with the lines that it has said. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll } from '@jest/globals';

/** For what a process of its own or a group of Kafka has to do first, on a busy machine. */
export const patienceMs = 90_000;

export interface RunningProcess {
  readonly pid: number;
  readonly lines: readonly string[];
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
}

const children = new Set<ChildProcess>();

/** Every script that still runs ends with the tests, a stopped one too: its pipes would keep the test runner waiting for ever. */
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts `support/<script>` with Node as it is. */
export function runScript(script: string, ...args: readonly string[]): RunningProcess {
  const path = new URL(script, import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', line => lines.push(line));
  return { pid: child.pid ?? 0, lines, signal: name => void child.kill(name), ended: once(child, 'exit') };
}
