import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { openConfiguredLog } from '../src/configured-log.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

describe('the configured log, without brokers', () => {
  let directory: string;
  beforeEach(() => {
    directory = temporaryFolder('configured-log');
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('has SQLite put each group of appends on the disk, for a snapshot in another file must not be ahead of it after a power cut', async () => {
    const exec = jest.spyOn(DatabaseSync.prototype, 'exec');
    const log = await openConfiguredLog(readConfiguration({ DATA_DIR: directory }), { clientId: 'test', logger });
    await log.close();
    const pragmas = exec.mock.calls.map(([sql]) => sql).filter(sql => sql.includes('synchronous'));
    expect(pragmas).toEqual(['PRAGMA synchronous = FULL']);
  });
});
