import { expect, it } from '@jest/globals';
import { describeWithControlPlane } from '@tapeline/services/for-tests';
import { knownSeries, metricsOfExpression } from './support/metric-names.ts';
import { monitoringRules } from './support/monitoring-rules.ts';

/** Of kube-state-metrics (docs/metrics/workload of its repository), as far as alerts ask for them. */
const metricsOfKubernetes = [
  'kube_cronjob_created',
  'kube_cronjob_spec_suspend',
  'kube_cronjob_status_last_successful_time',
  'kube_job_status_failed',
  'kube_job_status_start_time',
];

/** As a Kafka 4.3.1 gave them out through JMX Exporter with the rules of the chart kafka (`config-map-metrics.yaml`). */
const metricsOfKafka = [
  'kafka_controller_offlinepartitionscount',
  'kafka_replicas_underminisrpartitioncount',
  'kafka_replicas_underreplicatedpartitions',
];

describeWithControlPlane('the alerts', () => {
  it('are those that an operator is called for', async () => {
    expect((await monitoringRules()).map(({ alert }) => alert)).toEqual([
      'BackfillsRefused',
      'BackfillsBehind',
      'BarsDiffer',
      'JobFailed',
      'CronJobNotRun',
      'NoActiveIngester',
      'TwoActiveIngesters',
      'FeedDisconnected',
      'FeedHeldBack',
      'ClockJumped',
      'TicksLost',
      'KafkaRefusesRecords',
      'KafkaReplicasBehind',
      'AlertsNotSent',
      'AlertsRefused',
      'NobodySendsAlerts',
      'AlertRulesFaulty',
      'NoStreamProcessor',
      'WatermarkBehind',
      'PartitionPaused',
      'DeadLettersRising',
      'StoreAway',
    ]);
  });

  it('say nothing of a Kafka that is somebody else’s', async () => {
    const names = (await monitoringRules('--set', 'kafka=false')).map(({ alert }) => alert);
    expect(names.filter(name => name.startsWith('Kafka'))).toEqual([]);
    expect(names).toContain('StoreAway');
  });

  it('ask for no metric that no process has', async () => {
    const names = new Set([...knownSeries(), ...metricsOfKubernetes, ...metricsOfKafka]);
    const asked = (await monitoringRules()).flatMap(({ expr }) => metricsOfExpression(expr));
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter(name => !names.has(name))).toEqual([]);
  });

  it('look at the namespaces of the pipeline only, and say what to do', async () => {
    for (const { expr, annotations, labels } of await monitoringRules(
      '--set',
      'pipelineNamespace=elsewhere,dataNamespace=beside',
      '--set',
      'alertLabels.team=market',
    )) {
      const selectors = expr.match(/[a-z_]+_[a-z]+\{[^}]*\}/g) ?? [];
      expect(selectors.length).toBeGreaterThan(0);
      for (const selector of selectors) expect(selector).toMatch(/\{namespace=(~"elsewhere\|beside"|"elsewhere"|"beside")[,}]/);
      expect(labels).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/), team: 'market' });
      expect(annotations.runbook?.length ?? 0).toBeGreaterThan(60);
    }
  });
});
