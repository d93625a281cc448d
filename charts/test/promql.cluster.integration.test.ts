import { expect, it } from '@jest/globals';
import { describeUnless } from '@tapeline/services/for-tests';
import { missingKubernetesTools } from '@tapeline/services/kubernetes-tools';
import { alertRules, targets } from './support/dashboards.ts';
import { monitoringRules } from './support/monitoring-rules.ts';
import { faultsOfPromql, missingGo, type Question, resultsOfPromql } from './support/promql.ts';

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
});

describeUnless(missingGo() ?? missingKubernetesTools(), 'the alerts, by the engine of Prometheus', () => {
  /** The labels of what an alert is given for while the series are worth this. */
  async function givenFor(alert: string, states: readonly Question['series'][], ...options: readonly string[]) {
    const expression = (await monitoringRules(...options)).find(rule => rule.alert === alert)?.expr ?? '';
    return await resultsOfPromql(states.map(series => ({ expression, series })));
  }

  it('are right in every rule of the monitoring chart', async () => {
    const expressions = (await monitoringRules()).map(({ expr }) => expr);
    expect(expressions.length).toBeGreaterThan(8);
    expect(await faultsOfPromql(expressions)).toEqual(expressions.map(() => ''));
  }, 300_000);

  it('tell that no notifier sends; where one is installed, also when none is there', async () => {
    const sends = (pod: string, value: 0 | 1) => ({ [`tapeline_notifier_sender{namespace="tapeline", pod="${pod}"}`]: value });
    const states = [{}, sends('a', 0), { ...sends('a', 0), ...sends('b', 1) }];
    expect(await givenFor('NobodySendsAlerts', states)).toEqual([[], [{}], []]);
    expect(await givenFor('NobodySendsAlerts', states, '--set', 'notifier=true')).toEqual([[{}], [{}], []]);
  }, 300_000);

  it('tell that Kafka refuses records while a partition has too few replicas in step, or none that leads', async () => {
    const kafka = (underMinIsr: number, offline: number) => ({
      'kafka_replicas_underminisrpartitioncount{namespace="tapeline-data", pod="kafka-dual-role-0"}': underMinIsr,
      'kafka_replicas_underminisrpartitioncount{namespace="tapeline-data", pod="kafka-dual-role-1"}': 0,
      'kafka_controller_offlinepartitionscount{namespace="tapeline-data", pod="kafka-dual-role-1"}': offline,
    });
    const onlyReplicas = { 'kafka_replicas_underminisrpartitioncount{namespace="tapeline-data", pod="kafka-dual-role-0"}': 3 };
    const ofSomebodyElse = { 'kafka_replicas_underminisrpartitioncount{namespace="other", pod="kafka-0"}': 3 };
    const states = [{}, kafka(0, 0), kafka(2, 0), kafka(0, 1), onlyReplicas, ofSomebodyElse];
    expect(await givenFor('KafkaRefusesRecords', states)).toEqual([[], [], [{}], [{}], [{}], []]);
  }, 300_000);

  it('tell of a job that failed today, beside Kafka and Cassandra, too', async () => {
    const job = (name: string, namespace: string, startedHoursAgo: number, failed: number) => ({
      [`kube_job_status_failed{namespace="${namespace}", job_name="${name}", reason="BackoffLimitExceeded"}`]: failed,
      [`kube_job_status_start_time{namespace="${namespace}", job_name="${name}"}`]: Date.now() / 1_000 - startedHoursAgo * 3_600,
    });
    const states = [
      {
        ...job('migrations-1', 'tapeline', 1, 1),
        ...job('cassandra-roles-1', 'tapeline-data', 1, 1),
        ...job('of-somebody-else', 'default', 1, 1),
        ...job('done', 'tapeline', 1, 0),
      },
      { ...job('copy', 'tapeline', 30, 1), ...job('copy', 'tapeline-data', 1, 0) },
    ];
    const [today, yesterday] = await givenFor('JobFailed', states);
    expect(today?.toSorted((a, b) => String(b.namespace).localeCompare(String(a.namespace)))).toEqual([
      { namespace: 'tapeline-data', job_name: 'cassandra-roles-1' },
      { namespace: 'tapeline', job_name: 'migrations-1' },
    ]);
    expect(yesterday).toEqual([]);
  }, 300_000);
});
