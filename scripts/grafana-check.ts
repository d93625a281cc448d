/**
 * Runs every panel of Tapeline's dashboards through a real Grafana, and takes pictures of them with Chromium:
 *
 *   GRAFANA_URL=http://localhost:3000 GRAFANA_TOKEN=… npm run grafana-check
 *
 * GRAFANA_USER and GRAFANA_PASSWORD in place of the token; CHROMIUM_PATH where it is not the system's; GRAFANA_PICTURES for the folder
 * (.tapeline/grafana). Shown is the last hour, or GRAFANA_FROM to GRAFANA_TO (ISO 8601). Exit status 1 when something is wrong.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommandLine } from '@tapeline/core/command-line';
import { usageError } from '@tapeline/core/errors';
import { GrafanaClient } from '../visualization/src/grafana-check/grafana-client.ts';
import { checkQueries } from '../visualization/src/grafana-check/query-check.ts';
import { lookAtPages } from '../visualization/src/grafana-check/screenshots.ts';

const { GRAFANA_URL, GRAFANA_TOKEN, GRAFANA_USER, GRAFANA_PASSWORD, GRAFANA_FROM, GRAFANA_TO, GRAFANA_PICTURES, CHROMIUM_PATH } =
  process.env;

const help = `grafana-check: runs every panel of Tapeline's dashboards through a real Grafana, and takes pictures of them with Chromium.

  GRAFANA_URL=http://localhost:3000 GRAFANA_TOKEN=… npm run grafana-check

GRAFANA_USER and GRAFANA_PASSWORD in place of the token; CHROMIUM_PATH; GRAFANA_PICTURES for the folder (.tapeline/grafana). Shown is the last
hour, or GRAFANA_FROM to GRAFANA_TO (ISO 8601). Exit status 1 when something is wrong.
`;

process.exitCode = await runCommandLine({ help }, async () => ((await main()) === 0 ? 0 : 1));

/** Number of faults. */
async function main(): Promise<number> {
  const client = new GrafanaClient(access());
  const range = timeRange();
  const dashboards = await client.dashboards('tapeline');
  if (dashboards.length === 0) throw usageError(`${client.url} has no dashboard with the tag tapeline`);
  let faults = 0;
  for await (const { dashboard, panel, refId, rows, faults: found } of checkQueries(client, dashboards, range)) {
    say(`${dashboard} / ${panel} / ${refId}: ${found.length === 0 ? `${rows} rows` : `WRONG: ${found.join('; ')}`}`);
    faults += found.length;
  }
  const executablePath = [CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    path => path !== undefined && existsSync(path),
  );
  if (executablePath === undefined) say('No pictures: there is no Chromium; install it or set CHROMIUM_PATH.');
  else {
    const folder = GRAFANA_PICTURES ?? join('.tapeline', 'grafana');
    for await (const { dashboard, picture, faults: found } of lookAtPages({ client, dashboards, range, folder, executablePath })) {
      say(`${dashboard}: ${picture}${found.length === 0 ? '' : ` WRONG: ${found.join('; ')}`}`);
      faults += found.length;
    }
  }
  say(faults === 0 ? 'Every panel has what it needs.' : `${faults} faults.`);
  return faults;
}

function access(): ConstructorParameters<typeof GrafanaClient>[0] {
  if (!GRAFANA_URL) throw usageError('GRAFANA_URL is missing, the address of a Grafana, as http://localhost:3000');
  if (GRAFANA_TOKEN) return { url: GRAFANA_URL, token: GRAFANA_TOKEN };
  if (GRAFANA_USER && GRAFANA_PASSWORD) return { url: GRAFANA_URL, user: GRAFANA_USER, password: GRAFANA_PASSWORD };
  throw usageError('GRAFANA_TOKEN is missing, or GRAFANA_USER and GRAFANA_PASSWORD in its place');
}

function timeRange(): { readonly fromMs: number; readonly toMs: number } {
  const toMs = GRAFANA_TO ? Date.parse(GRAFANA_TO) : Date.now();
  const fromMs = GRAFANA_FROM ? Date.parse(GRAFANA_FROM) : toMs - 3_600_000;
  if (fromMs < toMs) return { fromMs, toMs };
  throw usageError('GRAFANA_FROM and GRAFANA_TO must be times as 2024-11-03T00:00:00Z, the first one earlier');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
