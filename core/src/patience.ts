/** Tries until it succeeds: what was paid for or sent must be kept, so a log or a store that is away is waited for. */
import type { Logger } from 'pino';
import { BackOff } from './back-off.ts';
import { isPassing } from './errors.ts';

export interface Patience {
  /** From its abort on one failure is enough. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** @throws what no repetition helps against; the last failure once the signal has aborted. */
export async function patiently<T>(doing: string, attempt: () => Promise<T>, { signal, logger }: Patience): Promise<T> {
  const backOff = new BackOff({ baseMs: 200, capMs: 10_000 });
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      logger.warn({ code: error.code }, `${doing} failed: ${error.message}; trying again`);
      await backOff.wait(signal);
    }
  }
}
