import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { allDashboards } from '@tapeline/visualization/dashboards/all-dashboards';
import type { DashboardJson } from '@tapeline/visualization/grafana-check/dashboard-json';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { describeWithBrowser } from './support/browser.ts';
import { type GrafanaServer, type GrafanaServerOptions, grafanaServer } from './support/grafana-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dashboards = (allDashboards() as unknown as readonly DashboardJson[]).filter(({ title }) => ['Market', 'Movers'].includes(title));
const authorization = `Basic ${Buffer.from('viewer:secret').toString('base64')}`;
const timeoutMs = 120_000;

describeWithBrowser('npm run grafana-check', executablePath => {
  let server: GrafanaServer | undefined;
  let pictures: string;

  beforeEach(() => {
    pictures = temporaryFolder('grafana');
  });

  afterEach(async () => {
    await server?.close();
  });

  const run = async (options: Partial<GrafanaServerOptions> = {}) => {
    server = await grafanaServer({ dashboards, authorization, ...options });
    const settings = { GRAFANA_URL: server.url, GRAFANA_USER: 'viewer', GRAFANA_PASSWORD: 'secret', GRAFANA_PICTURES: pictures };
    const env = { ...process.env, ...settings, CHROMIUM_PATH: executablePath };
    const args = ['--disable-warning=ExperimentalWarning', 'scripts/grafana-check.ts'];
    return new Promise<{ readonly status: unknown; readonly output: string }>(resolve => {
      execFile(process.execPath, args, { cwd: root, env, timeout: timeoutMs }, (error, stdout) => {
        resolve({ status: error?.code ?? 0, output: stdout });
      });
    });
  };

  it(
    'takes a picture of each dashboard, and is content',
    async () => {
      const { status, output } = await run();
      expect(output).toMatch(/Market \/ BTC\/USD, 1m \/ A: 3 rows\n/);
      expect(output).toMatch(/Every panel has what it needs\.\n$/);
      expect(status).toBe(0);
      expect(readdirSync(pictures).sort()).toEqual(['tapeline-market.png', 'tapeline-movers.png']);
      expect(readFileSync(join(pictures, 'tapeline-market.png')).subarray(1, 4).toString()).toBe('PNG');
    },
    timeoutMs,
  );

  it(
    'sees that a query of a page fails, and that only the volume is painted',
    async () => {
      const { status, output } = await run({ blank: true, failing: 'alerts_by_day' });
      expect(output).toMatch(/Market \/ Alerts \/ A: WRONG: p\.ExecQuery/);
      expect(output).toMatch(
        /tapeline-market\.png WRONG: 400 from \/api\/ds\/query; .*no candles are painted \(0 pixels of their colours\)/,
      );
      expect(status).toBe(1);
    },
    timeoutMs,
  );
});
