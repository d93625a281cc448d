/**
 * Where the account of a key's credits is kept: one value that is replaced only by somebody who has seen the last one, so that
 * processes can share a key. In a folder that is a file for each version, made by a hard link, which fails when another was faster;
 * in Cassandra it is one row and `IF version = ?` (`backfill/cell-credit-store.ts`).
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { link, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@tapeline/core/directories';
import { orFull, syncFolder, writeDurably } from '@tapeline/core/durable-file';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { systemCode } from '@tapeline/core/system-errors';
import { z } from 'zod';
import { type CreditLedger, emptyLedger } from './credit-ledger.ts';

export interface StoredLedger {
  /** 0 for one that was never written. */
  readonly version: number;
  readonly ledger: CreditLedger;
}

export interface CreditStore {
  read(): Promise<StoredLedger>;
  /**
   * Makes `ledger` version `version + 1`, durably.
   * @returns false, and changes nothing, when `version` is not the last one any more.
   */
  replace(version: number, ledger: CreditLedger): Promise<boolean>;
}

const amount = z.int().nonnegative();
const ledgerSchema = z.object({
  claims: z.array(z.object({ id: z.string(), credits: amount, untilMs: z.number() })),
  days: z.array(z.object({ day: z.int(), credits: amount })),
});

const draftPrefix = 'draft-';
const oldDraftMs = 600_000;
const fileName = /^credits-(\d+)\.json$/;

/** An account as it was written. @throws ZodError, SyntaxError for what is none. */
export function ledgerIn(text: string): CreditLedger {
  return ledgerSchema.parse(JSON.parse(text));
}

/** Keeps it in a folder of its own, for all processes of this machine. */
export class FileCreditStore implements CreditStore {
  readonly #folder: string;

  /** @param folder of this key only; made when missing. */
  constructor(folder: string) {
    makeDirectory(folder);
    this.#folder = folder;
    removeOldDrafts(folder);
  }

  /** @throws PipelineError `data-dir.unusable` when the account cannot be read: starting a new one could overspend. */
  async read(): Promise<StoredLedger> {
    for (let tries = 0; ; tries += 1) {
      const version = (await this.#versions()).at(-1);
      if (version === undefined) return { version: 0, ledger: emptyLedger };
      try {
        const text = await readFile(this.#path(version), 'utf8');
        return { version, ledger: ledgerIn(text) };
      } catch (error) {
        // Another process may have replaced and removed it between the two looks.
        if (systemCode(error) === 'ENOENT' && tries < 100) continue;
        throw unreadable(this.#path(version), error);
      }
    }
  }

  /** @throws PipelineError `store.full`. */
  replace(version: number, ledger: CreditLedger): Promise<boolean> {
    return orFull(this.#folder, () => this.#replace(version, ledger));
  }

  async #replace(version: number, ledger: CreditLedger): Promise<boolean> {
    const draft = join(this.#folder, `${draftPrefix}${randomUUID()}`);
    try {
      await writeDurably(draft, JSON.stringify(ledger));
      await link(draft, this.#path(version + 1));
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await unlink(draft).catch(ignoreMissing);
    }
    const versions = await this.#versions();
    // A version that had been replaced and removed already can be linked again; a higher one tells.
    const isLast = versions.at(-1) === version + 1;
    const obsolete = isLast ? versions.filter(each => each <= version) : [version + 1];
    await Promise.all(obsolete.map(each => unlink(this.#path(each)).catch(ignoreMissing)));
    await syncFolder(this.#folder);
    return isLast;
  }

  #path(version: number): string {
    return join(this.#folder, `credits-${version}.json`);
  }

  async #versions(): Promise<readonly number[]> {
    const names = await readdir(this.#folder);
    const versions = names.flatMap(name => fileName.exec(name)?.[1] ?? []);
    return versions.map(Number).sort((a, b) => a - b);
  }
}

/** What processes left that were killed; a draft of a living one is some milliseconds old. */
function removeOldDrafts(folder: string): void {
  const drafts = readdirSync(folder).filter(name => name.startsWith(draftPrefix));
  for (const path of drafts.map(name => join(folder, name))) {
    const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (modifiedMs !== undefined && Date.now() - modifiedMs > oldDraftMs) rmSync(path, { force: true });
  }
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

function unreadable(path: string, error: unknown): PipelineError {
  const message = `account of credits ${path} cannot be read: ${reasonOf(error)}; remove it after the vendor's next midnight (UTC)`;
  return new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
}
