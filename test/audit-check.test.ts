/** `npm run audit-check` with the real npm, against registries on real sockets that answer each in another way. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { auditFaults, explainedIn } from '../scripts/audit-check.ts';

const anAdvisory = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
  title: 'frames are read twice',
  severity: 'high',
  vulnerable_versions: '<999.0.0',
};

describe('audit-check', () => {
  it('passes where the registry knows of nothing', async () => {
    const { status, output } = await check(200, {});
    expect({ status, output }).toEqual({ status: 0, output: '0 advisories, all of them explained in docs/security.md\n' });
  });

  it('fails on an advisory that docs/security.md does not explain, and names it once', async () => {
    const { status, output } = await check(200, { ws: [anAdvisory] });
    expect(status).toBe(1);
    expect(output).toBe(
      'ws: frames are read twice (high, GHSA-aaaa-bbbb-cccc): upgrade it, or explain GHSA-aaaa-bbbb-cccc in docs/security.md\n',
    );
  });

  it('does not pass where the registry answers no audit, and says so', async () => {
    const { status, output } = await check(405, {});
    expect(status).toBe(2);
    expect(output).toMatch(/^the registry answers no audit \(405 Method Not Allowed.*\): nothing is known of weaknesses; run this where/);
  });

  it('takes the advisories between the markers as explained, and refuses an explanation that is no longer needed', () => {
    const advisory = { id: 'GHSA-aaaa-bbbb-cccc', name: 'ws', severity: 'high', title: 'frames are read twice' };
    const rows = '| GHSA-aaaa-bbbb-cccc | ws | only servers |\n| GHSA-dddd-eeee-ffff | yaml | old |';
    const explained = explainedIn(`| GHSA-gggg-gggg-gggg | before | |\n<!-- advisories: begin -->\n${rows}\n<!-- advisories: end -->\n`);
    expect(auditFaults([advisory], explained)).toEqual([
      'GHSA-dddd-eeee-ffff is explained in docs/security.md and found no more: take its row out',
    ]);
    expect(() => explainedIn('nothing')).toThrow('docs/security.md must have a line "<!-- advisories: begin -->"');
  });
});

/** Runs the script against a registry that answers so to questions for advisories; it knows no package. */
async function check(status: number, advisories: object): Promise<{ readonly status: number; readonly output: string }> {
  const registry = createServer((request, response) => {
    request.resume();
    const isAudit = request.url === '/-/npm/v1/security/advisories/bulk';
    response.writeHead(isAudit ? status : 404, { 'content-type': 'application/json' }).end(JSON.stringify(isAudit ? advisories : {}));
  });
  await new Promise<void>(resolve => registry.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
  const script = fileURLToPath(new URL('../scripts/audit-check.ts', import.meta.url));
  const env = { ...process.env, npm_config_registry: url, npm_config_fetch_retries: '0' };
  try {
    return await new Promise(resolve => {
      const child = execFile(process.execPath, ['--disable-warning=ExperimentalWarning', script], { env }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, output: stdout + stderr }),
      );
    });
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
}
