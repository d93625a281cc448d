/** This file composes the stack `cluster`: what a cloud must have before Kubernetes can be asked for anything. */
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type { ClusterEndpoint } from '../constructs/cluster-access.ts';
import { EksCluster } from '../constructs/eks-cluster.ts';
import { GkeCluster } from '../constructs/gke-cluster.ts';
import { keepState } from '../constructs/remote-state.ts';
import type { AwsCloud, Environment, GoogleCloud } from '../environments.ts';

export interface ClusterStackProps {
  readonly environment: Environment;
  readonly cloud: AwsCloud | GoogleCloud;
}

/** A cluster over three zones. */
export class ClusterStack extends TerraformStack {
  readonly endpoint: ClusterEndpoint;

  constructor(scope: Construct, id: string, { environment, cloud }: ClusterStackProps) {
    super(scope, id);
    keepState(this, environment.state);
    const name = 'tapeline';
    const cluster = cloud.kind === 'aws' ? new EksCluster(this, 'eks', { name, cloud }) : new GkeCluster(this, 'gke', { name, cloud });
    this.endpoint = cluster.endpoint;
  }
}
