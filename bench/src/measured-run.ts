/**
 * Runs the processes of one peer over the topic and measures what they cost.
 *
 * A process says on standard output how far it is, `progress <ticks>`, and at its end `done <JSON>`. At each such line the CPU time of
 * the whole process tree is read. The steady state is the slope from the first line after the warm-up to the last: start-up and
 * compilation are not in it, and are told apart.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PipelineError } from '@tapeline/core/errors';
import { treeUsage } from './process-tree.ts';

export interface MeasuredCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface MeasuredRun {
  readonly name: string;
  /** More than one share the work; their progress is added up. */
  readonly commands: readonly MeasuredCommand[];
  /** All of the work. */
  readonly ticks: number;
  /** True for processes that would go on: they are asked to end (SIGTERM) when the work is done. @default false */
  readonly endless?: boolean;
  readonly warmTicks: number;
  readonly deadlineMs: number;
  readonly onProgress?: (ticks: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface RunMeasurement {
  readonly ticks: number;
  readonly wallSeconds: number;
  /** From the start to the last tick. */
  readonly cpuSeconds: number;
  readonly peakResidentBytes: number;
  /** Between the end of the warm-up and the last tick. */
  readonly steadyTicks: number;
  readonly cpuMicrosPerTick: number;
  readonly ticksPerSecond: number;
  /** What start-up and compilation took beyond the steady state. */
  readonly startupCpuSeconds: number;
  /** What each process said at its end. */
  readonly done: readonly Readonly<Record<string, unknown>>[];
  /** A fixed loop before and after, in milliseconds of CPU: how much neighbours slow a CPU second. */
  readonly calibrationMs: number;
}

interface Sample {
  readonly ticks: number;
  readonly cpuSeconds: number;
  readonly wallMs: number;
}

const stderrLines = 30;

/** @throws PipelineError `services.unavailable` with the end of what it said when a process fails or takes too long. */
export async function measureRun(run: MeasuredRun): Promise<RunMeasurement> {
  const calibrations = [calibrate()];
  const begunMs = performance.now();
  const late = AbortSignal.timeout(run.deadlineMs);
  const over = AbortSignal.any([late, ...(run.signal === undefined ? [] : [run.signal])]);
  over.throwIfAborted();
  const children = run.commands.map(command => new PeerProcess(run.name, command));
  const killAll = (): void => {
    for (const child of children) child.kill();
  };
  over.addEventListener('abort', killAll, { once: true });
  const pids = children.flatMap(child => child.pid ?? []);
  const samples: Sample[] = [];
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, treeUsage(pids).residentBytes)), 500);
  const onProgress = (): void => {
    const ticks = children.reduce((sum, child) => sum + child.ticks, 0);
    if (ticks === 0 || (samples.at(-1)?.ticks ?? 0) >= run.ticks) return;
    samples.push({ ticks, cpuSeconds: treeUsage(pids).cpuSeconds, wallMs: performance.now() - begunMs });
    run.onProgress?.(ticks);
    if (ticks >= run.ticks && run.endless) for (const child of children) child.finish();
  };
  try {
    await Promise.all(children.map(child => child.watch(onProgress)));
  } catch (error) {
    run.signal?.throwIfAborted();
    if (late.aborted) throw failure(run.name, `took longer than ${run.deadlineMs / 1_000} s, got to ${samples.at(-1)?.ticks ?? 0} ticks`);
    throw error;
  } finally {
    clearInterval(watch);
    over.removeEventListener('abort', killAll);
    killAll();
  }
  calibrations.push(calibrate());
  const calibrationMs = calibrations.reduce((sum, value) => sum + value, 0) / calibrations.length;
  return { ...slope(run, samples), peakResidentBytes: peak, done: children.map(child => child.done), calibrationMs };
}

function slope(run: MeasuredRun, samples: readonly Sample[]): Omit<RunMeasurement, 'peakResidentBytes' | 'done' | 'calibrationMs'> {
  const first = samples.find(sample => sample.ticks >= run.warmTicks);
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.ticks - first.ticks < run.ticks * 0.1) {
    throw failure(run.name, `said too seldom how far it is: ${samples.length} times, ${last?.ticks ?? 0} of ${run.ticks} ticks`);
  }
  const steadyTicks = last.ticks - first.ticks;
  const cpuPerTick = (last.cpuSeconds - first.cpuSeconds) / steadyTicks;
  return {
    ticks: last.ticks,
    wallSeconds: last.wallMs / 1_000,
    cpuSeconds: last.cpuSeconds,
    steadyTicks,
    cpuMicrosPerTick: cpuPerTick * 1e6,
    ticksPerSecond: (steadyTicks / (last.wallMs - first.wallMs)) * 1_000,
    startupCpuSeconds: Math.max(0, last.cpuSeconds - cpuPerTick * last.ticks),
  };
}

/** One process, and what it says. */
class PeerProcess {
  ticks = 0;
  done: Readonly<Record<string, unknown>> = {};
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #said: string[] = [];
  #finishing = false;

  constructor(name: string, { command, args, environment }: MeasuredCommand) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Until it ends. */
  async watch(onProgress: () => void): Promise<void> {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new TypeError('a measured process has no standard output');
    createInterface(stderr).on('line', line => this.#remember(line));
    createInterface(stdout).on('line', line => {
      if (!this.#understand(line)) return this.#remember(line);
      onProgress();
    });
    const [code, signal] = await once(this.#child, 'close');
    if (code === 0 || (this.#finishing && signal === 'SIGTERM')) return;
    throw failure(this.#name, `ended with ${code ?? signal}; it said:\n${this.#said.join('\n')}`);
  }

  finish(): void {
    this.#finishing = true;
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }

  #understand(line: string): boolean {
    if (line.startsWith('progress ')) this.ticks = Number(line.slice(9));
    else if (line.startsWith('done ')) this.done = JSON.parse(line.slice(5));
    else return false;
    return true;
  }

  #remember(line: string): void {
    this.#said.push(line);
    if (this.#said.length > stderrLines) this.#said.shift();
  }
}

function failure(name: string, what: string): PipelineError {
  return new PipelineError('services.unavailable', `${name} ${what}`, { retriable: false });
}

/** The same work each time, in milliseconds of CPU. */
function calibrate(): number {
  const before = process.cpuUsage();
  let value = 1;
  for (let index = 0; index < 20_000_000; index += 1) value = Math.imul(value, 31) + index;
  const { user, system } = process.cpuUsage(before);
  return value === 0 ? 0 : (user + system) / 1_000;
}
