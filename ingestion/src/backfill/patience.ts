/** Tries until it succeeds: an answer of the vendor is paid for, so a log or a store that is away is waited for. */
import { isPassing } from '@tapeline/core/errors';
import type { WorkItems } from '@tapeline/database/work-store';
import type { Logger } from 'pino';
import { BackOff, pause } from '../back-off.ts';
import type { CreditStore } from '../twelve-data/credit-store.ts';

export interface Patience {
  /** From its abort on one failure is enough. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** @throws what no repetition helps against; the last failure when the signal aborts. */
export async function patiently<T>(doing: string, attempt: () => Promise<T>, { signal, logger }: Patience): Promise<T> {
  const backOff = new BackOff({ baseMs: 200, capMs: 10_000 });
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      logger.warn({ code: error.code }, `${doing} failed: ${error.message}; trying again`);
      await pause(backOff.nextMs(), signal);
    }
  }
}

export function patientItems(items: WorkItems, patience: Patience): WorkItems {
  return {
    all: () => patiently('reading a queue', () => items.all(), patience),
    put: (id, text) => patiently('writing to a queue', () => items.put(id, text), patience),
    remove: id => patiently('removing from a queue', () => items.remove(id), patience),
  };
}

/** An attempt whose outcome is not known may have succeeded: the next one then finds a newer version, as if another had been faster. */
export function patientCredits(store: CreditStore, patience: Patience): CreditStore {
  return {
    read: () => patiently('reading the account of credits', () => store.read(), patience),
    replace: (version, ledger) => patiently('writing the account of credits', () => store.replace(version, ledger), patience),
  };
}
