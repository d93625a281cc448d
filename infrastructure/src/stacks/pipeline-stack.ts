/** This file composes the stack `pipeline`: our charts, each after those that it needs. */
import { TerraformStack, TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { overlay } from '../chart-values.ts';
import { ChartRelease } from '../constructs/chart-release.ts';
import { ClusterAccess, type ClusterEndpoint } from '../constructs/cluster-access.ts';
import { keepState } from '../constructs/remote-state.ts';
import type { Environment } from '../environments.ts';
import { namespaces } from '../names.ts';
import { type PipelineChart, pipelineCharts, pipelineValues } from '../pipeline-values.ts';

export interface PipelineStackProps {
  readonly environment: Environment;
  /** Absent: by kubeconfig. */
  readonly endpoint?: ClusterEndpoint | undefined;
  /** @default `charts/` of this repository */
  readonly chartsDirectory?: string | undefined;
}

/** Where a release goes; tapeline when it is not here. */
const homes: Readonly<Partial<Record<PipelineChart, string>>> = {
  kafka: namespaces.data,
  cassandra: namespaces.data,
  monitoring: namespaces.platform,
};

/** Releases that must be ready first; those that an environment lacks do not count. */
const prerequisites: Readonly<Partial<Record<PipelineChart, readonly PipelineChart[]>>> = {
  kafka: ['secrets'],
  cassandra: ['secrets'],
  migrations: ['cassandra'],
  ingester: ['kafka', 'simulator'],
  'stream-processor': ['kafka', 'migrations'],
  backfiller: ['kafka', 'migrations'],
  'daily-jobs': ['kafka', 'migrations'],
  'live-board': ['kafka', 'migrations'],
  notifier: ['kafka', 'migrations'],
  kafdrop: ['kafka'],
  grafana: ['migrations'],
};

/** Clusters of servers form, and what comes right after waits for them: Helm takes an operator's resources for ready as soon as they are there. */
const patient: readonly PipelineChart[] = ['kafka', 'cassandra', 'migrations', 'ingester', 'kafdrop'];

/** Everything of ours that runs in a cluster. */
export class PipelineStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id);
    const { environment, endpoint, chartsDirectory } = props;
    keepState(this, environment.state);
    new ClusterAccess(this, 'access', { endpoint });
    const tag = new TerraformVariable(this, 'image_tag', {
      type: 'string',
      default: environment.imageTag,
      description: 'commit whose images run',
    });
    const run = new TerraformVariable(this, 'schema_run', {
      type: 'string',
      default: '',
      description: 'any other text makes the roles and tables of Cassandra once more, as after it lost them',
    });
    const context = { environment, imageTag: tag.stringValue, schemaRun: run.stringValue };
    const made = new Map<PipelineChart, ChartRelease>();
    for (const chart of pipelineCharts(environment)) {
      const earlier = (prerequisites[chart] ?? []).flatMap(name => made.get(name)?.release ?? []);
      const release = new ChartRelease(this, chart, {
        chart,
        namespace: homes[chart] ?? namespaces.pipeline,
        values: overlay(pipelineValues(chart, context), environment.chartValues?.[chart] ?? {}),
        timeoutSeconds: patient.includes(chart) ? 1_800 : 600,
        waitForJobs: chart === 'migrations',
        ...(earlier.length > 0 && { dependsOn: earlier }),
        ...(chartsDirectory !== undefined && { chartsDirectory }),
      });
      made.set(chart, release);
    }
  }
}
