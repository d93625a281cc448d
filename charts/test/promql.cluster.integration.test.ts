import { expect, it } from '@jest/globals';
import { describeUnless } from '@tapeline/services/for-tests';
import { missingKubernetesTools } from '@tapeline/services/kubernetes-tools';
import { chart } from './support/chart-folders.ts';
import { alertRules, targets } from './support/dashboards.ts';
import { faultsOfPromql, missingGo } from './support/promql.ts';
import { render } from './support/rendering.ts';

describeUnless(missingGo(), 'PromQL, by the parser of Prometheus', () => {
  it('finds what is wrong', async () => {
    const faults = await faultsOfPromql(['sum(rate(a_total[5m]))', 'sum(rate(a_total))', 'sum by (le (a)']);
    expect(faults).toEqual(['', expect.stringMatching(/expected type range vector/), expect.stringMatching(/unexpected/)]);
  }, 300_000);

  it('is right in every panel and rule of Grafana', async () => {
    const models = alertRules().rules.flatMap(({ data }) => data.map(({ model }) => model as { readonly expr?: string }));
    const expressions = [...targets(), ...models].flatMap(({ expr }) => (expr === undefined ? [] : [expr]));
    expect(expressions.length).toBeGreaterThan(40);
    expect(await faultsOfPromql(expressions)).toEqual(expressions.map(() => ''));
  }, 120_000);

  const withHelm = missingKubernetesTools() === undefined ? it : it.skip;
  withHelm(
    'is right in every rule of the monitoring chart',
    async () => {
      const objects = await render(chart('monitoring'));
      const groups = objects
        .filter(({ kind }) => kind === 'PrometheusRule')
        .flatMap(({ spec }) => spec.groups as readonly { rules: { expr: string }[] }[]);
      const expressions = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
      expect(expressions.length).toBeGreaterThan(8);
      expect(await faultsOfPromql(expressions)).toEqual(expressions.map(() => ''));
    },
    120_000,
  );
});
