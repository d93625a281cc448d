/** The account of a key's credits in the store that all processes share. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { WorkCell } from '@tapeline/database/work-store';
import { type CreditLedger, emptyLedger } from '../twelve-data/credit-ledger.ts';
import { type CreditStore, ledgerIn, type StoredLedger } from '../twelve-data/credit-store.ts';

export class CellCreditStore implements CreditStore {
  readonly #cell: WorkCell;

  constructor(cell: WorkCell) {
    this.#cell = cell;
  }

  /** @throws PipelineError `data-dir.unusable` when the account cannot be read: starting a new one could overspend. */
  async read(): Promise<StoredLedger> {
    const { version, text } = await this.#cell.read();
    if (text === undefined) return { version, ledger: emptyLedger };
    try {
      return { version, ledger: ledgerIn(text) };
    } catch (error) {
      const message = `the account of credits cannot be read: ${reasonOf(error)}; remove its row after the vendor's next midnight (UTC)`;
      throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
    }
  }

  replace(version: number, ledger: CreditLedger): Promise<boolean> {
    return this.#cell.replace(version, JSON.stringify(ledger));
  }
}
