import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { FileItems } from '@tapeline/database/file-items';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { patientCredits, patientItems } from '../src/backfill/patient-stores.ts';
import { emptyLedger } from '../src/twelve-data/credit-ledger.ts';
import { aLogger } from './support/logger.ts';
import { MemoryCreditStore } from './support/memory-credits.ts';

describe('patience of a backfiller', () => {
  const signal = new AbortController().signal;

  it('waits for room on a full disk', async () => {
    const { logger, lines } = aLogger();
    const folder = temporaryFolder('full-items');
    const items = patientItems(new FileItems(folder), { signal, logger });
    await symlink('/dev/full', join(folder, 'a.draft'));
    await items.put('a', 'text');
    expect((await items.all()).map(({ text }) => text)).toEqual(['text']);
    expect(lines.filter(({ level }) => level === 40)).toEqual([expect.objectContaining({ code: 'store.full' })]);
  });

  it('writes an account of credits as often as it takes, and leaves one that another was faster with', async () => {
    const { logger } = aLogger();
    const store = new MemoryCreditStore();
    let failures = 2;
    const failing = {
      read: () => store.read(),
      replace: async (...[version, ledger]: Parameters<typeof store.replace>) => {
        if (failures-- > 0) throw new PipelineError('store.full', 'full', { retriable: false });
        return store.replace(version, ledger);
      },
    };
    const credits = patientCredits(failing, { signal, logger });
    expect(await credits.replace(0, emptyLedger)).toBe(true);
    expect(await credits.replace(0, emptyLedger)).toBe(false);
    expect((await credits.read()).version).toBe(1);
  });

  it('gives up what no waiting helps against, and one failure is enough when the process stops', async () => {
    const { logger } = aLogger();
    const stopping = AbortSignal.abort();
    const items = (retriable: boolean) => ({
      all: () => Promise.reject(new PipelineError('store.unavailable', 'away', { retriable })),
      put: async () => undefined,
      remove: async () => undefined,
    });
    await expect(patientItems(items(false), { signal, logger }).all()).rejects.toThrow('away');
    await expect(patientItems(items(true), { signal: stopping, logger }).all()).rejects.toThrow('away');
  });
});
