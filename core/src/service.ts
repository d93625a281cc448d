/** The life of a process: start its parts in order, run until a signal or a failure, stop them in reverse within a deadline. */
import type { Logger } from 'pino';
import { hasCode, PipelineError, reasonOf } from './errors.ts';
import { keepHeapSmall } from './garbage.ts';

export interface Part {
  readonly name: string;
  /** Resolves when the part is up. What it throws ends the process after the parts before it were stopped. */
  start(): Promise<void>;
  /** Resolves when nothing of the part is left undone. Called in reverse order once `start` has ended, also after a failure. */
  stop(): Promise<void>;
  /** Rejects when the part fails while it runs; absent for parts that cannot. */
  readonly failed?: Promise<never>;
}

type Stoppable = Pick<Part, 'name' | 'stop'>;

export interface ServiceOptions {
  readonly parts: readonly Part[];
  readonly logger: Logger;
  /** All parts together have so long to stop. @default 4,500 */
  readonly stopDeadlineMs?: number;
  /** Aborts when the process shall stop. See {@link stopSignal}. */
  readonly signal: AbortSignal;
  /** Called when every part is up. */
  readonly started?: () => void;
}

/**
 * Runs the parts until `signal` aborts or one fails.
 * @returns the exit status: 0 after a clean stop, 1 after a failure or a stop that missed its deadline, 2 for what was asked for and cannot be done.
 */
export async function runService(options: ServiceOptions): Promise<number> {
  keepHeapSmall();
  const { logger, signal } = options;
  const running: Part[] = [];
  let starting = Promise.resolve();
  let failure: unknown;
  try {
    for (const part of options.parts) {
      if (signal.aborted) break;
      const failed = failuresOf(running);
      running.push(part);
      starting = part.start();
      const isUp = await Promise.race([starting.then(() => true), aborted(signal).then(() => false), ...failed]);
      if (isUp) logger.debug({ part: part.name }, 'started');
      else logger.info({ part: part.name }, `${part.name} still starts: it is stopped as soon as it has started`);
    }
    if (!signal.aborted) options.started?.();
    await Promise.race([aborted(signal), ...failuresOf(running)]);
  } catch (error) {
    failure = error;
    logger.fatal({ err: withoutStack(error), code: error instanceof PipelineError ? error.code : undefined }, reasonOf(error));
  }
  const { stopDeadlineMs = 4_500 } = options;
  const stopped = await stopInReverse(startedBefore(running, starting, stopDeadlineMs / 2), logger, stopDeadlineMs);
  if (hasCode(failure, 'usage')) return 2;
  return failure === undefined && stopped ? 0 : 1;
}

function failuresOf(parts: readonly Part[]): readonly Promise<never>[] {
  return parts.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
}

/** Makes a part of something that runs until its signal aborts; what it throws before that fails the process. */
export function runningPart(name: string, run: (signal: AbortSignal) => Promise<unknown>): Part {
  const stop = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let finished: Promise<void> = Promise.resolve();
  return {
    name,
    failed: failed.promise,
    start: async () => {
      finished = run(stop.signal).then(
        () => undefined,
        (error: unknown) => {
          failed.reject(error);
          if (stop.signal.aborted) throw error;
        },
      );
    },
    stop: async () => {
      stop.abort();
      await finished;
    },
  };
}

/**
 * Aborts on the first SIGINT, SIGTERM or SIGHUP. Later ones are noted and change nothing: npm can pass a Ctrl-C on twice, and a second
 * one is no reason to give up flushing; the deadline bounds the wait.
 */
export function stopSignal(logger?: Logger): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) return;
      logger?.info({ signal: name }, 'stopping: writing out what is buffered');
      controller.abort();
    });
  }
  return controller.signal;
}

/** Prints an expected error as its message alone and gives the exit status; a programming error goes on to end the process. */
export function exitStatusOf(error: unknown, print: (line: string) => void): number {
  if (!(error instanceof PipelineError)) throw error;
  print(`${error.message}\n`);
  return hasCode(error, 'usage') ? 2 : 1;
}

/**
 * The parts, the last of which may still be starting: what it opens until then is there to be closed. A start that goes on for longer than
 * `patienceMs` (a server that is away) leaves the others their time; its part is stopped then, and once more if it starts after all.
 */
function startedBefore(parts: readonly Part[], starting: Promise<void>, patienceMs: number): readonly Stoppable[] {
  const last = parts.at(-1);
  if (last === undefined) return [];
  const stop = async () => {
    const isLate = (await Promise.race([starting.catch(() => undefined), after(patienceMs)])) === 'late';
    if (isLate) starting.then(() => last.stop()).catch(() => undefined);
    await last.stop();
  };
  return [...parts.slice(0, -1), { name: last.name, stop }];
}

async function stopInReverse(parts: readonly Stoppable[], logger: Logger, deadlineMs: number): Promise<boolean> {
  let clean = true;
  const deadline = Date.now() + deadlineMs;
  for (const part of parts.toReversed()) {
    const leftMs = Math.max(50, deadline - Date.now());
    try {
      const late = await Promise.race([part.stop(), after(leftMs)]);
      if (late === 'late') throw new Error(`did not stop within ${leftMs} ms`);
      logger.debug({ part: part.name }, 'stopped');
    } catch (error) {
      clean = false;
      logger.error({ part: part.name, err: withoutStack(error) }, `could not stop ${part.name} cleanly: ${reasonOf(error)}`);
    }
  }
  return clean;
}

function withoutStack(error: unknown): unknown {
  return error instanceof PipelineError
    ? { code: error.code, ...error.fields, cause: error.cause === undefined ? undefined : reasonOf(error.cause) }
    : error;
}

function after(ms: number): Promise<'late'> {
  return new Promise(resolve => setTimeout(resolve, ms, 'late').unref());
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
