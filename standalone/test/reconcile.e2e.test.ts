import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { type RestSimulator, startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { Registry } from 'prom-client';
import { aBar, barStartMs } from '../../ingestion/test/support/bars.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runProgram, startProgram } from './support/processes.ts';

const program = 'standalone/src/main.ts';
const args = ['reconcile', '--day', new Date(barStartMs).toISOString().slice(0, 10)];
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

let rest: RestSimulator;
let env: Readonly<Record<string, string>>;
beforeEach(async () => {
  const dataDir = temporaryFolder('reconcile');
  const store = openSqliteStore({ dataDir, logger, registry: new Registry() });
  await store.migrate();
  const bars = ['BTC/USD', 'ETH/USD'].map(symbol => aBar({ symbol }));
  await store.write({ ticks: [], bars, latest: [], gaps: [], instruments: [], alerts: [] });
  await store.close();
  rest = await startRestSimulator({ seed: 1 });
  env = { DATA_DIR: dataDir, TWELVE_DATA_REST_URL: rest.url };
});
afterEach(() => rest.close());

describe('tapeline reconcile', () => {
  it('compares the symbols of SYMBOLS_FILE when none are named', async () => {
    const path = join(env.DATA_DIR ?? '', 'symbols.txt');
    writeFileSync(path, 'ETH/USD\n');
    const { stdout, stderr } = await runProgram(program, { args: [...args, '--json'], env: { ...env, SYMBOLS_FILE: path } });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).reports).toMatchObject([{ symbol: 'ETH/USD', bars: 1 }]);
  });

  it('ends with one line after Ctrl-C while it waits for credits', async () => {
    const waiting = { ...env, SYMBOLS: 'BTC/USD,ETH/USD', TWELVE_DATA_CREDITS_PER_MINUTE: '1' };
    const running = startProgram(program, { args, env: waiting });
    await eventually('the first request', () => rest.journal.length === 1);
    await sleep(500);
    expect(await running.end('SIGINT')).toBe(130);
    expect([running.stdout(), running.stderr()]).toEqual([
      '',
      'interrupted: nothing is printed, because a part of a report would look like the whole\n',
    ]);
  });
});
