import { expect, it } from '@jest/globals';
import { describeWithControlPlane } from '@tapeline/services/for-tests';
import { parse } from 'yaml';
import { chart } from './support/chart-folders.ts';
import { alertRules, dashboards } from './support/dashboards.ts';
import type { KubernetesObject } from './support/kubernetes-objects.ts';
import { render } from './support/rendering.ts';

const grafana = chart('grafana');
const withAlerts = ['--values', grafana.ciValues.find(file => file.endsWith('alerts-values.yaml')) ?? ''];

interface Alerting {
  readonly groups: readonly {
    readonly rules: readonly { readonly uid: string; readonly data: readonly { readonly model: Record<string, unknown> }[] }[];
  }[];
  readonly contactPoints?: readonly {
    readonly name: string;
    readonly receivers: readonly { readonly type: string; readonly settings: object }[];
  }[];
}

async function configOf(options: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const objects = await render(grafana, options);
  return dataOf(objects, 'grafana');
}

function dataOf(objects: readonly KubernetesObject[], name: string): Readonly<Record<string, string>> {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  return (found as unknown as { readonly data: Record<string, string> }).data;
}

async function alertingOf(...options: readonly string[]): Promise<Alerting> {
  return parse((await configOf([...withAlerts, ...options]))['alerting.yaml'] ?? '') as Alerting;
}

describeWithControlPlane('the chart of Grafana', () => {
  it('has no alerts unless asked', async () => {
    const config = await configOf([]);
    expect(config['alerting.yaml']).toBeUndefined();
    expect(config['grafana.ini']).not.toContain('[smtp]');
  });

  it('provisions the rules with the thresholds of the values, and a contact point for them', async () => {
    const { groups, contactPoints } = await alertingOf('--set', 'alertLagSeconds=90');
    const thresholds = groups.flatMap(({ rules }) => rules.map(({ uid, data }) => [uid, data[2]?.model.conditions]));
    const above = (value: number) => [{ evaluator: { type: 'gt', params: [value] } }];
    expect(thresholds).toEqual([
      ['tapeline-stale-feed', above(120_000)],
      ['tapeline-behind', above(90)],
      ['tapeline-errors', above(30)],
    ]);
    expect(contactPoints).toEqual([
      {
        orgId: 1,
        name: 'Tapeline',
        receivers: [
          { uid: 'tapeline-mail', type: 'email', settings: { addresses: 'ops@example.com,night@example.com', singleEmail: false } },
          { uid: 'tapeline-webhook', type: 'webhook', settings: { url: 'http://alerts.example.com:8081/tapeline', httpMethod: 'POST' } },
        ],
      },
    ]);
  });

  it('changes nothing else of the rules', async () => {
    const { groups } = await alertingOf('--set', 'alertStaleSeconds=300');
    expect(groups).toEqual([alertRules()]);
  });

  it('leaves out the rules that are switched off, and without Prometheus those that ask it', async () => {
    const uids = ({ groups }: Alerting) => groups.flatMap(({ rules }) => rules.map(({ uid }) => uid));
    expect(uids(await alertingOf('--set', 'alertRefusedPerMinute=0'))).toEqual(['tapeline-stale-feed', 'tapeline-behind']);
    expect(uids(await alertingOf('--set', 'prometheusUrl='))).toEqual(['tapeline-stale-feed']);
  });

  it.each([
    ['nobody to tell', ['--set', 'alertRules=true'], /needs somebody to tell/],
    ['a mail without a server', ['--set', 'alertRules=true', '--set', 'alertEmail=ops@example.com'], /needs smtpHost and smtpFrom/],
    ['two contact points of one name', [...withAlerts, '--set', 'alertContactPointSecret=slack'], /give one or the others/],
  ] as const)('refuses %s', async (_, options, reason) => {
    await expect(render(grafana, options)).rejects.toThrow(reason);
  });

  it('takes a contact point that is a secret from its Secret', async () => {
    const objects = await render(grafana, ['--set', 'alertRules=true', '--set', 'alertContactPointSecret=slack']);
    const deployment = objects.find(({ kind }) => kind === 'Deployment');
    expect(JSON.stringify(deployment)).toContain(
      '"secret":{"name":"slack","items":[{"key":"contact-point.yaml","path":"alerting/contact-point.yaml"}]}',
    );
    expect((parse(dataOf(objects, 'grafana')['alerting.yaml'] ?? '') as Alerting).contactPoints).toBeUndefined();
  });

  it('leaves out the panels that ask a Prometheus that is not there, and whole dashboards of them', async () => {
    const without = dataOf(await render(grafana), 'grafana-dashboards');
    expect(Object.keys(without)).toEqual(['compare.json', 'data-quality.json', 'market.json', 'movers.json']);
    expect(Object.values(without).join()).not.toContain('"type":"prometheus"');
    const all = dataOf(await render(grafana, ['--set', 'prometheusUrl=http://prometheus']), 'grafana-dashboards');
    expect(Object.values(all).map(text => JSON.parse(text))).toEqual(dashboards());
  });
});
