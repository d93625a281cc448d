/** An account of credits that is kept in memory. */
import { type CreditLedger, emptyLedger } from '../../src/twelve-data/credit-ledger.ts';
import type { CreditStore, StoredLedger } from '../../src/twelve-data/credit-store.ts';

export class MemoryCreditStore implements CreditStore {
  #stored: StoredLedger = { version: 0, ledger: emptyLedger };

  async read(): Promise<StoredLedger> {
    return this.#stored;
  }

  async replace(version: number, ledger: CreditLedger): Promise<boolean> {
    if (version !== this.#stored.version) return false;
    this.#stored = { version: version + 1, ledger };
    return true;
  }
}
