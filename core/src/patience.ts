/**
 * Tries until it succeeds: what was paid for or sent must be kept, so a log or a store that is away is waited for. An outage is a line when it
 * begins, one now and then while it lasts, and one when it is over.
 */
import type { Logger } from 'pino';
import { BackOff } from './back-off.ts';
import { isPassing, type PipelineError } from './errors.ts';

export interface Patience {
  /** From its abort on one failure is enough. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** @default 10,000 */
  readonly tellEveryMs?: number;
}

/** How an outage is waited out, and told. */
interface Outage {
  /** After a failure. @throws what ends the waiting */
  readonly wait: (error: PipelineError) => Promise<void>;
  /** @param seconds since the first attempt began */
  readonly goesOn: (error: PipelineError, attempts: number, seconds: number) => void;
  readonly isOver: (seconds: number) => void;
}

/** @throws what no repetition helps against; the last failure once the signal has aborted. */
export async function patiently<T>(doing: string, attempt: () => Promise<T>, patience: Patience): Promise<T> {
  const { signal, logger } = patience;
  const backOff = new BackOff({ baseMs: 200, capMs: 10_000 });
  return await throughOutages(attempt, patience, {
    wait: () => backOff.wait(signal),
    goesOn: (error, attempts, seconds) => {
      const [fails, goesOn] = attempts === 1 ? ['failed', 'trying again'] : [`fails for ${seconds} s`, 'trying on'];
      logger.warn({ code: error.code, attempts }, `${doing} ${fails}: ${error.message}; ${goesOn}`);
    },
    isOver: seconds => logger.info(`${doing}: done at last after ${seconds} s`),
  });
}

/** Tries until it succeeds, and tells of failures no more often than is asked for. @throws as {@link patiently} does. */
export async function throughOutages<T>(
  attempt: () => Promise<T>,
  { signal, tellEveryMs = 10_000 }: Pick<Patience, 'signal' | 'tellEveryMs'>,
  { wait, goesOn, isOver }: Outage,
): Promise<T> {
  const beginMs = performance.now();
  const seconds = () => Math.round((performance.now() - beginMs) / 1_000);
  let toldMs = Number.NEGATIVE_INFINITY;
  for (let attempts = 1; ; attempts += 1) {
    try {
      const result = await attempt();
      if (attempts > 1) isOver(seconds());
      return result;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      if (performance.now() - toldMs >= tellEveryMs) {
        toldMs = performance.now();
        goesOn(error, attempts, seconds());
      }
      await wait(error);
    }
  }
}
