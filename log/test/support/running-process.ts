/** A script of the tests as a process, with the lines that it has said. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll } from '@jest/globals';

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

/** Waits until `condition` holds, for at most 90 s. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 90_000;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`waited 90 s in vain for ${condition}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
