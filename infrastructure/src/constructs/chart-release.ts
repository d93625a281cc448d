/** This file releases a chart of this repository. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Release } from '@cdktf/provider-helm/lib/release/index.js';
import { PipelineError } from '@tapeline/core/errors';
import { AssetType, type ITerraformDependable, TerraformAsset } from 'cdktf';
import { Construct } from 'constructs';
import { renderValues, type Values } from '../chart-values.ts';

export const chartsDirectory = fileURLToPath(new URL('../../../charts/', import.meta.url));

export interface ChartReleaseProps {
  /** Folder in `charts/`, chart and release alike. */
  readonly chart: string;
  readonly namespace: string;
  /** @default none: the chart's own */
  readonly values?: Values;
  /** How long its objects may take to become ready. */
  readonly timeoutSeconds: number;
  /**
   * Also wait until its Jobs are done.
   *
   * @default false
   */
  readonly waitForJobs?: boolean;
  readonly dependsOn?: readonly ITerraformDependable[];
  /** @default `charts/` of this repository */
  readonly chartsDirectory?: string;
}

/**
 * A release of a chart that is copied into the synthesised folder, so that Terraform needs nothing else.
 *
 * The copy's path holds a hash of its files: a chart that changed is a change that a plan shows.
 */
export class ChartRelease extends Construct {
  readonly release: Release;

  constructor(scope: Construct, id: string, props: ChartReleaseProps) {
    super(scope, id);
    const directory = join(props.chartsDirectory ?? chartsDirectory, props.chart);
    if (!existsSync(join(directory, 'Chart.yaml'))) throw invalid(props, `chart must be a folder of charts/ with a Chart.yaml`);
    if (!Number.isInteger(props.timeoutSeconds) || props.timeoutSeconds <= 0)
      throw invalid(props, `timeoutSeconds must be a whole number above 0, was ${props.timeoutSeconds}`);
    const files = new TerraformAsset(this, 'files', { path: directory, type: AssetType.DIRECTORY });
    this.release = new Release(this, 'release', {
      name: props.chart,
      namespace: props.namespace,
      chart: `./${files.path.replace(/\/$/, '')}`,
      values: props.values === undefined ? undefined : [renderValues(props.values)],
      wait: true,
      waitForJobs: props.waitForJobs,
      timeout: props.timeoutSeconds,
      maxHistory: 5,
      dependsOn: props.dependsOn === undefined ? undefined : [...props.dependsOn],
    });
  }
}

function invalid(props: ChartReleaseProps, message: string): PipelineError {
  return new PipelineError('configuration.invalid', `ChartRelease ${props.chart}: ${message}`, { retriable: false });
}
