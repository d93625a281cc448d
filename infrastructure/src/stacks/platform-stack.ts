/** This file composes the stack `platform`: namespaces that deny by default, storage, and the operators that the pipeline's charts count on. */
import { type ITerraformDependable, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { overlay } from '../chart-values.ts';
import { AllowedFlow } from '../constructs/allowed-flow.ts';
import { ClusterAccess, type ClusterEndpoint } from '../constructs/cluster-access.ts';
import { HardenedNamespace } from '../constructs/hardened-namespace.ts';
import { OperatorRelease } from '../constructs/operator-release.ts';
import { keepState } from '../constructs/remote-state.ts';
import { RetainedStorageClass, type RetainedStorageClassProps } from '../constructs/retained-storage-class.ts';
import { WriteOnlySecret } from '../constructs/write-only-secret.ts';
import type { Environment, OperatorName } from '../environments.ts';
import { namespaces, retainedStorageClass } from '../names.ts';
import { platformFlows } from '../platform-flows.ts';
import { platformValues } from '../platform-values.ts';
import { kubernetesVersion, operatorCharts } from '../versions.ts';

export interface PlatformStackProps {
  readonly environment: Environment;
  /** Absent: by kubeconfig. */
  readonly endpoint?: ClusterEndpoint | undefined;
}

/** Operators that must be there before another. */
const prerequisites: Readonly<Partial<Record<OperatorName, OperatorName>>> = { 'cass-operator': 'cert-manager' };

/** Drivers of the clouds' disks, with what we ask of them. */
const disks: Readonly<Record<'aws' | 'google', Omit<RetainedStorageClassProps, 'name'>>> = {
  aws: { provisioner: 'ebs.csi.aws.com', parameters: { type: 'gp3', encrypted: 'true' } },
  google: { provisioner: 'pd.csi.storage.gke.io', parameters: { type: 'pd-ssd' } },
};

/** Namespaces, storage, operators. */
export class PlatformStack extends TerraformStack {
  constructor(scope: Construct, id: string, { environment, endpoint }: PlatformStackProps) {
    super(scope, id);
    keepState(this, environment.state);
    new ClusterAccess(this, 'access', { endpoint });
    const pipeline = this.#namespace('pipeline', environment);
    const data = this.#namespace('data', environment);
    const platform = this.#namespace('platform', environment);
    for (const flow of platformFlows(environment))
      new AllowedFlow(this, flow.name, { ...flow, namespace: platform.namespace.metadata.name });
    this.#storage(environment);
    this.#operators(environment, platform, [pipeline.namespace, data.namespace]);
    if (environment.feed === 'twelve-data' && environment.cloud === undefined) this.#key(pipeline);
  }

  #namespace(role: keyof typeof namespaces, { cloud }: Environment): HardenedNamespace {
    const keepOnDestroy = role === 'data' && cloud !== undefined;
    return new HardenedNamespace(this, role, { name: namespaces[role], podSecurityVersion: kubernetesVersion, keepOnDestroy });
  }

  #storage({ cloud }: Environment): void {
    if (cloud === undefined) return;
    new RetainedStorageClass(this, 'storage', { name: retainedStorageClass, ...disks[cloud.kind] });
  }

  /** Their charts bind roles in the namespaces that they watch, so those must be there. */
  #operators(environment: Environment, platform: HardenedNamespace, watched: readonly ITerraformDependable[]): void {
    const made = new Map<OperatorName, OperatorRelease>();
    for (const name of environment.operators) {
      const prerequisite = prerequisites[name];
      const earlier = prerequisite === undefined ? undefined : made.get(prerequisite)?.release;
      const release = new OperatorRelease(this, name, {
        name,
        chart: operatorCharts[name],
        namespace: platform.namespace.metadata.name,
        values: overlay(platformValues(name, environment), environment.chartValues?.[name] ?? {}),
        dependsOn: earlier === undefined ? watched : [...watched, earlier],
      });
      made.set(name, release);
    }
  }

  /** Without a secret manager, the vendor's key comes from `TF_VAR_twelve_data_api_key`. */
  #key(pipeline: HardenedNamespace): void {
    new WriteOnlySecret(this, 'twelve-data', {
      name: 'twelve-data',
      namespace: pipeline.namespace.metadata.name,
      key: 'apiKey',
      variable: 'twelve_data_api_key',
      revision: 1,
    });
  }
}
