/** Writes the dashboards and alert rules of the Grafana chart from visualization/src/dashboards: `npm run dashboards`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '@tapeline/core/command-line';
import { filesOfChart } from '../visualization/src/dashboards/all-dashboards.ts';

const chart = fileURLToPath(new URL('../charts/grafana', import.meta.url));
const help = 'dashboards: writes the dashboards and alert rules of charts/grafana from visualization/src/dashboards.\n';

process.exitCode = await runCommandLine({ help }, async () => {
  for (const [path, text] of filesOfChart()) {
    const file = join(chart, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`charts/grafana/${path}\n`);
  }
  return 0;
});
