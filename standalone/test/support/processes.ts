/** Whole processes for end-to-end tests: the same commands that people run, with a clean environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Those that have not ended: none outlives the process that started it, unless that one is killed. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface RunningProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** All that was written so far. */
  stdout(): string;
  stderr(): string;
  /** Exit status, or the signal's name. */
  readonly exit: Promise<number | string>;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes the one that follows it. */
  readonly through?: readonly string[];
  /** All that it writes goes to the end of this file and is not kept in memory. */
  readonly logFile?: string;
}

/** Starts a TypeScript program of this repository on this Node, seeing only the variables given. */
export function startProgram(path: string, { args = [], env = {}, through = [], logFile }: ProgramOptions = {}): RunningProcess {
  const [command = process.execPath, ...rest] = [...through, process.execPath, '--disable-warning=ExperimentalWarning', path, ...args];
  const file = logFile === undefined ? undefined : openSync(logFile, 'a');
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...inherited(), ...env },
    stdio: file === undefined ? ['ignore', 'pipe', 'pipe'] : ['ignore', file, file],
  });
  if (file !== undefined) closeSync(file);
  running.add(child);
  child.once('close', () => running.delete(child));
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exit = new Promise<number | string>(resolve => child.on('close', (code, signal) => resolve(signal ?? code ?? -1)));
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    exit,
    end: async signal => {
      child.kill(signal ?? 'SIGTERM');
      return exit;
    },
  };
}

/** What every program needs of its surroundings; nothing of it is a setting. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'NODE_COMPILE_CACHE'];
  return {
    TMPDIR: tmpdir(),
    ...Object.fromEntries(names.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
  };
}

/** Runs a program to its end. */
export async function runProgram(
  path: string,
  options: ProgramOptions = {},
): Promise<{ status: number | string; stdout: string; stderr: string; seconds: number }> {
  const begunMs = performance.now();
  const running = startProgram(path, options);
  const status = await running.exit;
  return { status, stdout: running.stdout(), stderr: running.stderr(), seconds: (performance.now() - begunMs) / 1_000 };
}
