import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { countForgiven } from '../src/forgiven-skips.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs test/fixtures/needs-<what>.sample.ts in a jest of its own. */
async function runSample(
  variables: Readonly<Record<string, string>>,
  what = 'kafka',
): Promise<{ readonly status: number; readonly output: string }> {
  const { KAFKA_BROKERS: _brokers, CI: _ci, ...others } = process.env;
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const args = [...jest, '--testMatch', `**/services/test/fixtures/needs-${what}.sample.ts`, '--verbose'];
  const { promise, resolve } = Promise.withResolvers<{ readonly status: number; readonly output: string }>();
  execFile(process.execPath, args, { cwd: root, env: { ...others, ...variables } }, (error, stdout, stderr) =>
    resolve({ status: Number(error?.code ?? 0), output: stdout + stderr }),
  );
  return await promise;
}

describe('describeWithKafka', () => {
  it('gives the tests the brokers that KAFKA_BROKERS names', async () => {
    const { status, output } = await runSample({ KAFKA_BROKERS: '127.0.0.1:1, 127.0.0.1:2', CI: 'true' });
    expect(output).toContain('is told the brokers');
    expect(status).toBe(0);
  });

  it('skips them loudly without a server, and says what to do', async () => {
    const { status, output } = await runSample({});
    expect(output).toContain('SKIPPED: a test that needs Kafka: KAFKA_BROKERS is not set');
    expect(output).toContain('eval "$(npm run --silent tapeline -- services up)"');
    expect(output).toContain('1 skipped');
    expect(status).toBe(0);
  });

  it('fails without a server in CI', async () => {
    const { status, output } = await runSample({ CI: 'true' });
    expect(output).toContain('1 failed');
    expect(output).toContain('KAFKA_BROKERS is not set, so there is no server to test with');
    expect(status).toBe(1);
  });
});

describe('describeWithControlPlane', () => {
  it.each(['', 'true'])('skips its tests loudly without the shared folder, in CI too (CI=%s), and they count as skipped', async CI => {
    const { status, output } = await runSample({ CI, TAPELINE_SHARED: '/nope' }, 'control-plane');
    expect(output).toContain(
      'SKIPPED: a test that needs a control plane: /nope/tools/k8s is absent; name the shared folder by TAPELINE_SHARED',
    );
    expect(output).toContain('1 skipped, 1 total');
    expect(status).toBe(0);
  });

  it('fails in CI where the folder is there and a program is not', async () => {
    const shared = temporaryFolder('shared');
    mkdirSync(join(shared, 'tools', 'k8s'), { recursive: true });
    writeFileSync(join(shared, 'tools', 'k8s', 'control-plane.sh'), '');
    const { status, output } = await runSample({ CI: 'true', TAPELINE_SHARED: shared, PATH: '/nope' }, 'control-plane');
    expect(output).toContain('not found in PATH, needed for a control plane; install it');
    expect(status).toBe(1);
  });
});

describe('the skipped tests of a report', () => {
  it('are forgiven where they say that they did not run for want of what no clone brings', () => {
    const assertionResults = [
      { title: 'did not run: /nope is absent', status: 'pending' },
      { title: 'has what it needs', status: 'pending' },
      { title: 'did not run: said of a test that did', status: 'passed' },
    ];
    expect(countForgiven({ testResults: [{ assertionResults }, {}] })).toBe(1);
    expect(countForgiven({})).toBe(0);
  });
});
