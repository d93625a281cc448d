import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { filesOfChart } from '@tapeline/visualization/dashboards/all-dashboards';
import type { DashboardJson, PanelJson } from '@tapeline/visualization/grafana-check/dashboard-json';
import { chartsDirectory } from './support/chart-folders.ts';
import { brokenPromises } from './support/dashboard-rules.ts';
import { alertRules, dashboard, dashboards, panelOf, targets } from './support/dashboards.ts';
import { knownSeries, metricsOfExpression } from './support/metric-names.ts';

describe('the series of an expression', () => {
  it('are told from its functions and labels', () => {
    const expression = '60 * sum by (le, kind) (rate(a_total{namespace="x_y"}[5m])) or vector(0) > b_seconds';
    expect(metricsOfExpression(expression)).toEqual(['a_total', 'b_seconds']);
  });
});

describe('the dashboards', () => {
  it.each([...filesOfChart()])('stand in the chart as the sources give them: %s (else: npm run dashboards)', (path, text) => {
    expect(readFileSync(join(chartsDirectory, 'grafana', path), 'utf8')).toBe(text);
  });

  it('are five, by uids that stay', () => {
    expect(dashboards().map(({ uid, title }) => [uid, title])).toEqual([
      ['tapeline-compare', 'Compare'],
      ['tapeline-data-quality', 'Data quality'],
      ['tapeline-market', 'Market'],
      ['tapeline-movers', 'Movers'],
      ['tapeline-pipeline', 'Pipeline'],
    ]);
  });

  it('lead to each other and keep the time shown', () => {
    for (const { tags, links } of dashboards()) {
      expect(links).toEqual([expect.objectContaining({ type: 'dashboards', tags: ['tapeline'], keepTime: true })]);
      expect(tags).toEqual(['tapeline']);
    }
    const known = dashboards().map(({ uid }) => uid);
    const asked = [...JSON.stringify(dashboards()).matchAll(/\/d\/([a-z-]+)/g)].map(([, uid]) => uid);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(uid => !known.includes(uid ?? ''))).toEqual([]);
  });

  it('show the time in UTC, by which bars are aligned', () => {
    expect(dashboards().map(each => (each as { timezone?: string }).timezone)).toEqual(dashboards().map(() => 'utc'));
  });

  it.each(dashboards().map(each => [each.title, each] as const))(
    '%s: panels explain themselves, and queries read only what they name',
    (_, each) => {
      expect(brokenPromises(each)).toEqual([]);
    },
  );

  it('fill rows of 24 columns without holes, so that panels stay where they are put', () => {
    for (const { panels } of dashboards()) {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, index) => `${x + (index % w)}/${y + Math.floor(index / w)}`),
      );
      const bottom = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h));
      expect(new Set(cells).size).toBe(cells.length);
      expect(cells.length).toBe(24 * bottom);
    }
  });

  it('ask for no metric that no process has', () => {
    const expressions = [...targets(), ...alertQueries()].flatMap(({ expr }) => (expr === undefined ? [] : [expr]));
    const asked = new Set(expressions.flatMap(metricsOfExpression));
    const names = knownSeries();
    expect(asked.size).toBeGreaterThan(25);
    expect([...asked].filter(name => !names.has(name))).toEqual([]);
  });
});

describe('what our dashboards promise', () => {
  const market = dashboard('tapeline-market');
  const candles = panelOf(market, '$interval');
  const withPanel = (over: Partial<PanelJson>): DashboardJson => ({ ...market, panels: [{ ...candles, ...over }], annotations: {} });
  const withQuery = (change: (query: string) => string) =>
    withPanel({
      targets: candles.targets.slice(0, 1).map(query => ({ ...query, target: change(query.target ?? '') })),
      transformations: [],
      fieldConfig: { defaults: { unit: 'none' }, overrides: [] },
    });

  it.each([
    ['a panel without a description', withPanel({ description: '' }), /needs a description/],
    ['a panel without a unit', withPanel({ fieldConfig: { defaults: {}, overrides: [] } }), /needs a unit/],
    ['a tile without thresholds', withPanel({ type: 'stat' }), /needs thresholds/],
    [
      'an override of a field that is not there',
      withPanel({
        fieldConfig: { defaults: { unit: 'none' }, overrides: [{ matcher: { id: 'byName', options: 'vwop' }, properties: [] }] },
      }),
      /is for vwop/,
    ],
    ['a partition that is not named', withQuery(query => query.replace(/ AND bucket IN \([^)]*\)/, '')), /name bucket/],
    ['a time without an end', withQuery(query => query.replace(' AND start <= $__timeTo', '')), /\$__timeTo/],
    [
      'a transformation of a field that is not there',
      withPanel({ transformations: [{ id: 'sortBy', options: { sort: [{ field: 'begin' }] } }] }),
      /asks for begin/,
    ],
  ] as const)('is broken by %s', (_, mutant, expected) => {
    expect(brokenPromises(mutant).join('\n')).toMatch(expected);
  });
});

function alertQueries() {
  return alertRules().rules.flatMap(({ data }) => data.map(({ model }) => model as { readonly expr?: string }));
}
