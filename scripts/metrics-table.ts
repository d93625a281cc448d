/** Writes docs/metrics.md from the catalogue of metrics: `npm run metrics-table`. A test fails when it is stale. */
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '@tapeline/core/command-line';
import { type MetricPart, metricParts } from '@tapeline/core/metrics/catalogue';
import { type LabelValues, type MetricDeclaration, mostSeries } from '@tapeline/core/metrics/metric-kinds';
import { metricsOfNode } from '@tapeline/core/metrics/registered-metrics';

const file = new URL('../docs/metrics.md', import.meta.url);

const head = `# Metrics

Made of \`core/src/metrics\` by \`npm run metrics-table\`. Code, dashboards, alert rules and this page take their names from there: a name or a label that is not in the
catalogue does not compile, or fails a test.

Each process shows what its parts show at \`/metrics\`; \`npm start\` is one process with all of them. Names end with their unit, in base units (seconds, bytes); \`_total\` only grows. A histogram
\`x_seconds\` is three series: \`x_seconds_bucket\`, \`_sum\` and \`_count\`. A gauge shows nothing before its value is known. The column *says* is one of four questions, or \`state\`: how much (\`rate\`), what went wrong
(\`errors\`), how long (\`duration\`), how near a bound (\`saturation\`). No label names a symbol, an address or a text of somebody else's: the last column says what a label may be and
how many series a process can have of the metric.
`;

/** The whole page. */
export function metricsPage(): string {
  return [head, ...metricParts.map(partTable), nodeSection()].join('\n');
}

function partTable({ name, about, shownBy, metrics }: MetricPart): string {
  const rows = Object.entries(metrics).map(
    ([metric, declaration]) =>
      `| \`${metric}\` | ${declaration.kind} | ${declaration.signal} | ${declaration.help} | ${labelsOf(declaration)} | ${mostSeries(declaration)} |`,
  );
  const by = shownBy.map(process => `\`${process}\``).join(', ');
  const columns = ['| metric | kind | says | what it is | labels | series at most |', '| --- | --- | --- | --- | --- | --- |'];
  return [`## ${name}`, `${about}. Shown by ${by}.`, '', ...columns, ...rows, ''].join('\n');
}

function nodeSection(): string {
  const names = metricsOfNode().map(name => `\`${name}\``);
  return `## Node\nEvery process shows what Node says of itself: ${names.join(', ')}.\n`;
}

function labelsOf({ labels }: MetricDeclaration): string {
  const told = Object.entries<LabelValues>(labels).map(([label, { about }]) => `\`${label}\`: ${about}`);
  return told.length === 0 ? '–' : told.join('; ');
}

if (import.meta.main) {
  const help = 'metrics-table: writes docs/metrics.md from the catalogue of metrics.\n';
  process.exitCode = await runCommandLine({ help }, async () => {
    writeFileSync(file, metricsPage());
    return 0;
  });
}
