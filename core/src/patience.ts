/**
 * Tries until it succeeds: what was paid for or sent must be kept, so a log or a store that is away is waited for. An outage is a line when it
 * begins, one now and then while it lasts, and one when it is over.
 */
import type { Logger } from 'pino';
import { BackOff } from './back-off.ts';
import { isPassing } from './errors.ts';

export interface Patience {
  /** From its abort on one failure is enough. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** @default 10,000 */
  readonly tellEveryMs?: number;
}

/** @throws what no repetition helps against; the last failure once the signal has aborted. */
export async function patiently<T>(doing: string, attempt: () => Promise<T>, patience: Patience): Promise<T> {
  const { signal, logger, tellEveryMs = 10_000 } = patience;
  const backOff = new BackOff({ baseMs: 200, capMs: 10_000 });
  const beginMs = performance.now();
  let toldMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      const result = await attempt();
      if (backOff.attempts > 0) logger.info(`${doing}: done at last after ${seconds(beginMs)} s`);
      return result;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      if (performance.now() - toldMs >= tellEveryMs) {
        toldMs = performance.now();
        const [fails, goesOn] = backOff.attempts === 0 ? ['failed', 'trying again'] : [`fails for ${seconds(beginMs)} s`, 'trying on'];
        logger.warn({ code: error.code, attempts: backOff.attempts + 1 }, `${doing} ${fails}: ${error.message}; ${goesOn}`);
      }
      await backOff.wait(signal);
    }
  }
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1_000);
}
