/**
 * This file runs one server process: starts it, waits until it answers, sends it signals, stops it.
 *
 * All it knows is on disk (pid file, logs), so another process can take the same server over.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { systemCode } from '@tapeline/core/system-errors';
import { pidFileOf, runningPid } from './process-identity.ts';
import { guard } from './watchdog.ts';

const POLL_MS = 100;
const LOG_TAIL_LINES = 25;
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

export interface ServerNodeOptions {
  readonly id: number;
  /** In messages: `kafka node 1`. */
  readonly name: string;
  /** Absolute, without links; holds the pid file, the logs and the data. */
  readonly directory: string;
  readonly executable: string;
  /** Must hold the marker of `directory`. */
  readonly args: readonly string[];
  readonly answers: () => Promise<boolean>;
  readonly startDeadlineMs: number;
  /** After a request to stop, how long until it is killed. */
  readonly stopDeadlineMs: number;
  /** True when the server is to outlive this process. */
  readonly keep: boolean;
}

/** One server of a cluster. */
export interface RunningNode {
  readonly id: number;
  /** As last seen by this process; undefined while it is down. */
  readonly pid: number | undefined;
  /** Sends a signal; after SIGKILL, SIGTERM, SIGINT and SIGHUP returns when the process has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same addresses and data; returns when it answers. */
  start(): Promise<void>;
}

export class ServerNode implements RunningNode {
  readonly id: number;
  #pid: number | undefined;
  readonly #options: ServerNodeOptions;

  constructor(options: ServerNodeOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  /** Takes over a server that is running already and waits until it answers; false when it does not run. */
  async adopt(signal?: AbortSignal): Promise<boolean> {
    this.#pid = await runningPid(this.#options.directory);
    if (this.#pid === undefined) return false;
    await this.#untilAnswers(signal);
    return true;
  }

  /** @throws PipelineError `services.unavailable` with the log's last lines when it ends or misses its deadline */
  async start(signal?: AbortSignal): Promise<void> {
    const { directory, name } = this.#options;
    const running = await runningPid(directory);
    if (running !== undefined) throw alreadyRunning(name, running, directory);
    await mkdir(join(directory, 'tmp'), { recursive: true });
    await this.#spawn();
    try {
      await this.#untilAnswers(signal);
    } catch (error) {
      await this.kill('SIGKILL');
      throw error;
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const pid = await runningPid(this.#options.directory);
    if (pid === undefined) return;
    send(pid, signal);
    if (!ENDING.has(signal)) return;
    await untilGone(this.#options.directory, Number.POSITIVE_INFINITY);
    this.#pid = undefined;
  }

  /** Asks it to end, and kills it when it takes longer than its deadline. */
  async stop(): Promise<void> {
    await stopServer(this.#options.directory, this.#options.stopDeadlineMs);
    this.#pid = undefined;
  }

  async #spawn(): Promise<void> {
    const { directory, executable, args, keep, name } = this.#options;
    const output = await open(join(directory, 'console.log'), 'w');
    try {
      const stdio = ['ignore', output.fd, output.fd] as const;
      const child = spawn(executable, args, { cwd: directory, detached: true, stdio: [...stdio], env: serverEnvironment(directory) });
      await started(child, name);
      this.#watch(child);
      if (!keep) guard(child);
      await writePidFile(child, directory);
    } finally {
      await output.close();
    }
  }

  #watch(child: ChildProcess): void {
    this.#pid = child.pid;
    child.unref();
    child.once('exit', () => {
      if (this.#pid === child.pid) this.#pid = undefined;
    });
  }

  async #untilAnswers(signal: AbortSignal | undefined): Promise<void> {
    const { answers, directory, name, startDeadlineMs } = this.#options;
    const deadline = performance.now() + startDeadlineMs;
    while (!(await answers())) {
      signal?.throwIfAborted();
      if ((await runningPid(directory)) === undefined) throw await this.#failure(`${name} ended while it started`);
      if (performance.now() > deadline) throw await this.#failure(`${name} did not answer within ${startDeadlineMs / 1000} s`);
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  async #failure(what: string): Promise<PipelineError> {
    const { directory } = this.#options;
    const lines = (await Promise.all([logTail(directory, 'server.log'), logTail(directory, 'console.log')])).flat();
    const message = `${what}; the end of its logs in ${directory}:\n${lines.join('\n')}`;
    const portTaken = lines.some(line => /address already in use|is in use by another process/i.test(line));
    return new PipelineError('services.unavailable', message, { retriable: portTaken, fields: { directory, portTaken } });
  }
}

/** The refusal of a second server on the same folder. */
export function alreadyRunning(name: string, pid: number, directory: string): PipelineError {
  const message = `${name} runs already as pid ${pid} in ${directory}; stop it first, or give the second one a folder of its own`;
  return new PipelineError('services.unavailable', message, { retriable: false, fields: { pid, directory } });
}

/** Ends the server whose state is in `nodeDirectory`, whoever started it; true when one was running. */
export async function stopServer(nodeDirectory: string, deadlineMs: number): Promise<boolean> {
  const pid = await runningPid(nodeDirectory);
  if (pid !== undefined) {
    send(pid, 'SIGTERM');
    if (!(await untilGone(nodeDirectory, deadlineMs))) {
      send(pid, 'SIGKILL');
      await untilGone(nodeDirectory, Number.POSITIVE_INFINITY);
    }
  }
  await rm(pidFileOf(nodeDirectory), { force: true });
  return pid !== undefined;
}

/** A process that ended a moment ago is what the sender wanted. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

async function untilGone(directory: string, forMs: number): Promise<boolean> {
  const deadline = performance.now() + forMs;
  while ((await runningPid(directory)) !== undefined) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

async function started(child: ChildProcess, name: string): Promise<void> {
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new PipelineError('services.unavailable', `${name} could not be started: ${reasonOf(error)}`, { retriable: false, cause: error });
  }
}

/** A server that nobody could find again must not stay. */
async function writePidFile(child: ChildProcess, directory: string): Promise<void> {
  try {
    await writeFile(pidFileOf(directory), `${child.pid}\n`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Only what a Java needs: keys in our own environment are no business of a server that may outlive us. */
function serverEnvironment(directory: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', HOME: directory, LANG: 'C.UTF-8' };
}

async function logTail(directory: string, name: string): Promise<readonly string[]> {
  const text = await readFile(join(directory, name), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES);
}
