/** The thread of the parsers from outside: tasks go in, faults come out, and one that does not come back is ended and begun anew. */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Fault } from './examination.ts';
import { newFolder } from './scratch-file.ts';
import type { WorkerAnswer, WorkerTask } from './worker-messages.ts';

export interface SeenFault {
  readonly index: number;
  readonly input: Buffer;
  readonly fault: Fault;
}

/** What became of a task. */
export interface Outcome {
  /** The first input that was not looked at. */
  readonly next: number;
  readonly faults: number;
  /** Of a task with one input. */
  readonly fault?: Fault | undefined;
  /** The thread had to be ended, or ended itself, at the input before `next`. */
  readonly ended?: Fault;
}

/** An input that takes so much CPU does not come back; how long that lasts is up to what else the machine does. */
const hangCpuMs = 20_000;
/** One that takes none waits for what does not come. */
const mostWaitMs = 300_000;
/** Sooner where an input may take less. */
const lookMs = 250;
const mostHeapMb = 768;
/** As the main thread has it, where parsers run; threads have four times as much otherwise. */
const mainStackMb = 1;

export class ParserThread {
  #worker: Worker | undefined;
  #progress = new Float64Array(new SharedArrayBuffer(16));
  readonly #hangCpuMs: number;
  /** Of all threads that were begun: one that is ended may still hold a file. */
  readonly #folders: string[] = [];

  /** @param mostCpuMs what an input may take */
  constructor(mostCpuMs = hangCpuMs) {
    this.#hangCpuMs = mostCpuMs;
  }

  /** Runs a task to its end, its time or `stop`. */
  async run(task: WorkerTask, seen: (fault: SeenFault) => void = () => undefined): Promise<Outcome> {
    const worker = this.#start();
    const progress = this.#progress;
    progress[0] = task.kind === 'inputs' ? task.from : 0;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    let seenFaults = 0;
    const answered = (answer: WorkerAnswer) => {
      if (answer.kind === 'done') return resolve({ next: answer.next ?? 1, faults: answer.faults ?? 0, fault: answer.fault });
      seenFaults += 1;
      seen({ ...answer, input: Buffer.from(answer.input) });
    };
    const ended = (fault: Fault) => {
      this.#worker = undefined;
      resolve({ next: (progress[0] as number) + 1, faults: seenFaults + 1, fault, ended: fault });
    };
    const failed = (error: Error) =>
      ended({ mark: `the thread ended: ${error.message.slice(0, 80)}`, detail: error.stack ?? error.message });
    worker.on('message', answered);
    worker.on('error', failed);
    worker.postMessage(task);
    const watch = this.#watch(() => {
      ended({ mark: 'hang', detail: `no end after ${this.#hangCpuMs} ms of CPU` });
      void worker.terminate();
    });
    try {
      return await promise;
    } finally {
      clearInterval(watch);
      worker.off('message', answered);
      if (this.#worker === worker) worker.off('error', failed);
      else worker.on('error', () => undefined);
    }
  }

  /** Has the task end soon. */
  stop(): void {
    this.#progress[1] = 1;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }

  #watch(hangs: () => void): NodeJS.Timeout {
    const progress = this.#progress;
    let last = progress[0];
    let [cpuMs, sinceMs] = [cpuOfOthersMs(), performance.now()];
    return setInterval(
      () => {
        if (progress[0] !== last) {
          last = progress[0];
          [cpuMs, sinceMs] = [cpuOfOthersMs(), performance.now()];
        } else if (cpuOfOthersMs() - cpuMs > this.#hangCpuMs || performance.now() - sinceMs > mostWaitMs) hangs();
      },
      Math.min(lookMs, this.#hangCpuMs),
    );
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    this.#progress = new Float64Array(new SharedArrayBuffer(16));
    const folder = newFolder();
    this.#folders.push(folder);
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { progress: this.#progress, folder },
      resourceLimits: { maxOldGenerationSizeMb: mostHeapMb, stackSizeMb: mainStackMb },
    });
    return this.#worker;
  }
}

/** CPU time of all threads but this one. */
function cpuOfOthersMs(): number {
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
  return (all.user + all.system - own.user - own.system) / 1_000;
}
