import { execFile } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sqliteFileOf, sqliteGenerations } from '../src/sqlite/sqlite-generations.ts';
import { openSqliteStore } from '../src/sqlite/sqlite-store.ts';

/** Runs the program with this environment alone. */
function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ status: number; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, '..', 'src', 'main.ts');
  return new Promise(resolve => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], { env: { ...env } }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('the program of the migrations', () => {
  let dataDir: string;
  beforeAll(() => {
    dataDir = temporaryFolder('main');
  });

  it('makes the schema, and finds nothing to do the second time', async () => {
    for (let time = 0; time < 2; time += 1) {
      const { status, stderr } = await run(['migrate'], { DATA_DIR: dataDir });
      expect(stderr).toContain('the schema is up to date');
      expect(status).toBe(0);
    }
    expect(existsSync(join(dataDir, 'market.sqlite'))).toBe(true);
  }, 60_000);

  it('brings up every generation that was not dropped: processors work in the one that serves', async () => {
    const folder = join(dataDir, 'generations');
    const table = sqliteGenerations(folder);
    await table.prepare();
    for (const [generation, state] of [[2, 'ready'] as const, [3, 'dropped'] as const]) {
      await table.put({ generation, state, foldVersion: 1, sinceMs: 0, by: 'test' });
    }
    await table.serve(2, 1);
    copyFileSync(join(import.meta.dirname, '../../standalone/test/goldens/former/market-schema-2.sqlite'), join(folder, sqliteFileOf(2)));
    const options = { dataDir: folder, generation: 2, logger: createLogger({ name: 'test', level: 'silent', secrets: [] }) };
    const before = openSqliteStore({ ...options, registry: new Registry() });
    await expect(before.ready()).rejects.toThrow(/has schema 2/);
    await before.close();
    expect((await run(['migrate'], { DATA_DIR: folder })).status).toBe(0);
    const store = openSqliteStore({ ...options, registry: new Registry() });
    await store.ready();
    await store.close();
    expect([1, 2, 3].map(generation => existsSync(join(folder, sqliteFileOf(generation))))).toEqual([true, true, false]);
  }, 60_000);

  it('explains itself', async () => {
    const { status, stdout } = await run(['--help'], {});
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: npm run migrations -- migrate');
  }, 60_000);

  it('refuses other commands with how it is used', async () => {
    for (const args of [[], ['rollback'], ['migrate', '--backwards'], ['drop'], ['drop', 'all'], ['roles', '--writer', '/nowhere']]) {
      const { status, stderr } = await run(args, {});
      expect(status).toBe(2);
      expect(stderr).toMatch(
        args[0] === 'roles' ? /--writer must be a folder with a file username/ : /Usage: npm run migrations -- migrate/,
      );
    }
  }, 60_000);

  it('makes roles in Cassandra only', async () => {
    const { status, stderr } = await run(['roles'], {});
    expect([status, stderr]).toEqual([1, expect.stringContaining('CASSANDRA_CONTACT_POINTS is not set: set it')]);
  }, 60_000);

  it('tells every fault of the configuration, and that the folder cannot be used', async () => {
    const wrong = await run(['migrate'], { CASSANDRA_KEYSPACE: 'Not A Name', CASSANDRA_REPLICATION_FACTOR: '0' });
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toMatch(/CASSANDRA_KEYSPACE.*\n.*CASSANDRA_REPLICATION_FACTOR/);
    const blocked = await run(['migrate'], { DATA_DIR: join(dataDir, 'market.sqlite', 'below') });
    expect(blocked.status).toBe(1);
    expect(blocked.stderr).toContain('set DATA_DIR to another');
    expect(blocked.stderr).not.toContain('    at ');
  }, 60_000);
});
