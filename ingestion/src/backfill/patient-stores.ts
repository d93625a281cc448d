/** The stores of a backfiller that wait: an answer of the vendor is paid for, so a store that is away is waited for. */
import { type Patience, patiently } from '@tapeline/core/patience';
import type { WorkItems } from '@tapeline/database/work-store';
import type { CreditStore } from '../twelve-data/credit-store.ts';

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
