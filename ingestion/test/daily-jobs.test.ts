/** The daily jobs of the one process, between a real store (SQLite), the log's contract in memory, and the REST double. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { type DailyJob, runDailyJobs } from '../src/daily/daily-jobs.ts';
import { runConfiguredHistory } from '../src/history/configured-history.ts';
import { runConfiguredInstruments } from '../src/instruments/configured-instruments.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { aLogger } from './support/logger.ts';
import { MemoryLog } from './support/memory-log.ts';
import { restOfThisFile } from './support/rest-servers.ts';

describe('the daily jobs', () => {
  const { start, folder } = restOfThisFile();

  it('go on with the symbols of before when SYMBOLS_FILE cannot be used any more', async () => {
    const { server } = await start(new JumpingTime(Date.now()), { server: { creditsPerMinute: 600 } });
    const dataDir = await folder();
    const path = join(dataDir, 'symbols.txt');
    await writeFile(path, 'BTC/USD');
    const { logger } = aLogger();
    const store = openSqliteStore({ dataDir, logger, registry: new Registry() });
    await store.migrate();
    const configuration = readConfiguration({
      ...{ DATA_DIR: dataDir, SYMBOLS_FILE: path, BAR_INTERVALS: '1m,1d' },
      ...{ TWELVE_DATA_REST_URL: server.url, TWELVE_DATA_CREDITS_PER_MINUTE: '600', TWELVE_DATA_CREDITS_PER_DAY: '0' },
    });
    const stop = new AbortController();
    const jobs: readonly DailyJob[] = [
      { name: 'instruments', run: () => writeFile(path, '') },
      { name: 'instruments', run: runConfiguredInstruments },
      { name: 'history', run: (...given) => runConfiguredHistory(...given, 1) },
    ];
    const parts = { store, log: new MemoryLog(1), logger, registry: new Registry(), signal: stop.signal };
    const running = runDailyJobs(configuration, parts, jobs);
    running.catch(() => stop.abort());
    const isAsked = (name: string) => server.journal.some(({ endpoint, parameters }) => `${endpoint} ${parameters.interval}` === name);
    await eventually('the requests of both jobs', () => stop.signal.aborted || isAsked('time_series 1min'));
    stop.abort();
    await running;
    await store.close();
    expect(new Set(server.journal.map(({ parameters }) => parameters.symbol))).toEqual(new Set(['BTC/USD']));
  });
});
