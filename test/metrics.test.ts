import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { metricCatalogue } from '@tapeline/core/metrics/catalogue';
import { knownSeries } from '../charts/test/support/metric-names.ts';
import { metricsPage } from '../scripts/metrics-table.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(
    file =>
      existsSync(join(root, file)) &&
      /\.(ts|md|yaml|json|tpl|txt|js|go)$/.test(file) &&
      !/package-lock|core\/test\/metrics\.test/.test(file),
  );
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

describe('docs/metrics.md', () => {
  it('lists the metrics of the catalogue (else: npm run metrics-table)', () => {
    expect(textOf('docs/metrics.md')).toBe(metricsPage());
  });
});

describe('names of metrics', () => {
  const written = files.flatMap(file =>
    [...textOf(file).matchAll(/\btapeline_[a-z][a-z_]*[a-z]\b(?![(-])/g)].map(([name]) => [file, name] as const),
  );

  it('in code, charts, dashboards, alert rules and documents are in the catalogue', () => {
    const series = knownSeries();
    const isKnown = (name: string) => series.has(name) || name in metricCatalogue;
    expect(new Set(written.map(([, name]) => name)).size).toBeGreaterThan(80);
    expect(written.filter(([, name]) => !isKnown(name))).toEqual([]);
  });

  it('are used without a counter, gauge or histogram being made elsewhere', () => {
    const made = files.filter(file => /\/src\//.test(file) && /new (Counter|Gauge|Histogram)\b/.test(textOf(file)));
    expect(made).toEqual(['core/src/metrics/registered-metrics.ts']);
  });
});
