/** Tries until it succeeds: what was sent must be remembered, so a store that is away is waited for. */
import { isPassing } from '@tapeline/core/errors';
import { BackOff } from '@tapeline/log/back-off';
import type { Logger } from 'pino';

export interface Patience {
  /** From its abort on one failure is enough. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** @throws what no repetition helps against; the last failure once the signal has aborted. */
export async function patiently<T>(doing: string, attempt: () => Promise<T>, { signal, logger }: Patience): Promise<T> {
  const backOff = new BackOff({ initialMs: 200, highestMs: 10_000 });
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
