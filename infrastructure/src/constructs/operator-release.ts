/** This file releases a chart of a public repository, at the version that versions.ts pins. */
import { Release } from '@cdktf/provider-helm/lib/release/index.js';
import { PipelineError } from '@tapeline/core/errors';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { renderValues, type Values } from '../chart-values.ts';
import type { PinnedChart } from '../versions.ts';

export interface OperatorReleaseProps {
  readonly name: string;
  readonly chart: PinnedChart;
  readonly namespace: string;
  readonly values: Values;
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Long enough for images on a slow line. */
const TIMEOUT_SECONDS = 900;

/** A release that waits until the operator serves, so that custom resources can follow. */
export class OperatorRelease extends Construct {
  readonly release: Release;

  constructor(scope: Construct, id: string, props: OperatorReleaseProps) {
    super(scope, id);
    if (!/^v?\d+\.\d+\.\d+$/.test(props.chart.version))
      throw invalid(props, `version of ${props.chart.chart} must be exact, was "${props.chart.version}"`);
    if (!/^(https|oci):\/\//.test(props.chart.repository))
      throw invalid(props, `repository must be an https:// or oci:// address, was "${props.chart.repository}"`);
    this.release = new Release(this, 'release', {
      name: props.name,
      namespace: props.namespace,
      repository: props.chart.repository,
      chart: props.chart.chart,
      version: props.chart.version,
      values: [renderValues(props.values)],
      wait: true,
      waitForJobs: true,
      timeout: TIMEOUT_SECONDS,
      maxHistory: 5,
      dependsOn: props.dependsOn === undefined ? undefined : [...props.dependsOn],
    });
  }
}

function invalid(props: OperatorReleaseProps, message: string): PipelineError {
  return new PipelineError('configuration.invalid', `OperatorRelease ${props.name}: ${message}`, { retriable: false });
}
