import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

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
    dataDir = mkdtempSync(join(tmpdir(), 'tapeline-main-'));
  });
  afterAll(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('makes the schema, and finds nothing to do the second time', async () => {
    for (let time = 0; time < 2; time += 1) {
      const { status, stderr } = await run(['migrate'], { DATA_DIR: dataDir });
      expect(stderr).toContain('the schema is up to date');
      expect(status).toBe(0);
    }
    expect(existsSync(join(dataDir, 'market.sqlite'))).toBe(true);
  }, 60_000);

  it('explains itself', async () => {
    const { status, stdout } = await run(['--help'], {});
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: node database/src/main.ts migrate');
  }, 60_000);

  it('refuses other commands with how it is used', async () => {
    for (const args of [[], ['rollback'], ['migrate', '--backwards']]) {
      const { status, stderr } = await run(args, {});
      expect(status).toBe(2);
      expect(stderr).toContain('Usage: node database/src/main.ts migrate');
    }
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
