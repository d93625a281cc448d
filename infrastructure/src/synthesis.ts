/** This file turns environments into folders that Terraform can apply: `<outdir>/stacks/<environment>-<stack>/cdk.tf.json`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import type { Environment } from './environments.ts';
import { ClusterStack } from './stacks/cluster-stack.ts';
import { PipelineStack } from './stacks/pipeline-stack.ts';
import { PlatformStack } from './stacks/platform-stack.ts';

export interface SynthesisOptions {
  /** Absolute, or from the current folder. */
  readonly outdir: string;
  readonly environments: readonly Environment[];
  /** @default `charts/` of this repository */
  readonly chartsDirectory?: string;
}

export interface SynthesisedStack {
  /** As `kind-platform`. */
  readonly name: string;
  /** Where `terraform init` and `terraform apply` run. */
  readonly directory: string;
}

/** Writes the stacks of each environment, in the order in which they must be applied. The same input gives the same bytes. */
export function synthesise({ outdir, environments, chartsDirectory }: SynthesisOptions): readonly SynthesisedStack[] {
  mkdirSync(outdir, { recursive: true });
  const app = new App({ outdir, stackTraces: false });
  const names = environments.flatMap(environment => {
    const { name, cloud } = environment;
    const cluster = cloud === undefined ? undefined : new ClusterStack(app, `${name}-cluster`, { environment, cloud });
    const endpoint = cluster?.endpoint;
    const platform = new PlatformStack(app, `${name}-platform`, { environment, endpoint });
    const pipeline = new PipelineStack(app, `${name}-pipeline`, { environment, endpoint, chartsDirectory });
    pipeline.addDependency(platform);
    return [...(cluster === undefined ? [] : [`${name}-cluster`]), `${name}-platform`, `${name}-pipeline`];
  });
  app.synth();
  return names.map(name => ({ name, directory: join(outdir, 'stacks', name) }));
}
