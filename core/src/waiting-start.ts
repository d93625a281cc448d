/** This file waits for a server that is away when a process starts, and says so: what is needed is a server, and no restart. */
import type { Logger } from 'pino';
import { isPassing } from './errors.ts';
import { pause } from './pause.ts';

export interface WaitingStart {
  readonly logger: Logger;
  /** From its abort on one failure is enough. */
  readonly signal: AbortSignal;
  /** Between two attempts. @default 2,000 */
  readonly pauseMs?: number;
  /** @default 10,000 */
  readonly tellEveryMs?: number;
}

/**
 * Gives what `open` gives, as soon as it does.
 * @param what in words, as in `Kafka`
 * @throws what waiting does not mend; the last failure once the signal has aborted.
 */
export async function untilThere<T>(what: string, open: () => Promise<T>, options: WaitingStart): Promise<T> {
  const { logger, signal, pauseMs = 2_000, tellEveryMs = 10_000 } = options;
  const beginMs = performance.now();
  let toldMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      const opened = await open();
      if (toldMs > 0) logger.info(`${what} answered after ${seconds(beginMs)} s`);
      return opened;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      if (performance.now() - toldMs >= tellEveryMs) {
        toldMs = performance.now();
        logger.warn({ code: error.code }, `waiting for ${what}, for ${seconds(beginMs)} s: ${error.message}`);
      }
      await pause(pauseMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1_000);
}
