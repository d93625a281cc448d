/** This file waits for a server that is away when a process starts, and says so: what is needed is a server, and no restart. */
import { type Patience, throughOutages } from './patience.ts';
import { pause } from './pause.ts';

export interface WaitingStart extends Patience {
  /** Between two attempts. @default 2,000 */
  readonly pauseMs?: number;
}

/**
 * Gives what `open` gives, as soon as it does.
 * @param what in words, as in `Kafka`
 * @throws what waiting does not mend; the last failure once the signal has aborted.
 */
export async function untilThere<T>(what: string, open: () => Promise<T>, options: WaitingStart): Promise<T> {
  const { logger, signal, pauseMs = 2_000 } = options;
  return await throughOutages(open, options, {
    wait: async error => {
      await pause(pauseMs, signal);
      if (signal.aborted) throw error;
    },
    goesOn: (error, _attempts, seconds) => logger.warn({ code: error.code }, `waiting for ${what}, for ${seconds} s: ${error.message}`),
    isOver: seconds => logger.info(`${what} answered after ${seconds} s`),
  });
}
