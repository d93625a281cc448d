import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs test/fixtures/needs-kafka.sample.ts in a jest of its own. */
async function runSample(variables: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly output: string }> {
  const { KAFKA_BROKERS: _brokers, CI: _ci, ...others } = process.env;
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const args = [...jest, '--testMatch', '**/services/test/fixtures/needs-kafka.sample.ts', '--verbose'];
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
