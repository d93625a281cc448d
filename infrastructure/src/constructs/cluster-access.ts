/** This file tells Terraform how to reach a cluster: by a kubeconfig, or as a cloud's own user. */
import { HelmProvider } from '@cdktf/provider-helm/lib/provider/index.js';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider/index.js';
import { Fn, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';

/** A cluster of a cloud: its tokens are fetched for each call, so none is ever in a state or a plan. */
export interface ClusterEndpoint {
  readonly host: string;
  /** Base64 of the authority's certificate. */
  readonly certificate: string;
  /** Program that prints a token, with its arguments. */
  readonly tokenCommand: readonly [string, ...string[]];
}

export interface ClusterAccessProps {
  /** Absent: by `var.kubeconfig` and `var.kube_context`, as for kind. */
  readonly endpoint?: ClusterEndpoint | undefined;
  /** @default 'kind-tapeline' */
  readonly defaultContext?: string;
}

/** The providers `kubernetes` and `helm` of a stack. */
export class ClusterAccess extends Construct {
  constructor(scope: Construct, id: string, props: ClusterAccessProps) {
    super(scope, id);
    if (props.endpoint === undefined) {
      const connection = this.#byKubeconfig(props);
      new KubernetesProvider(this, 'kubernetes', connection);
      new HelmProvider(this, 'helm', { kubernetes: connection });
      return;
    }
    const { exec, ...connection } = byToken(props.endpoint);
    new KubernetesProvider(this, 'kubernetes', { ...connection, exec: [exec] });
    new HelmProvider(this, 'helm', { kubernetes: { ...connection, exec } });
  }

  #byKubeconfig({ defaultContext = 'kind-tapeline' }: ClusterAccessProps) {
    const file = new TerraformVariable(this, 'kubeconfig', {
      type: 'string',
      default: '~/.kube/config',
      description: 'file that says how to reach the cluster',
    });
    const context = new TerraformVariable(this, 'kube_context', {
      type: 'string',
      default: defaultContext,
      description: 'context of that file',
    });
    file.overrideLogicalId('kubeconfig');
    context.overrideLogicalId('kube_context');
    return { configPath: file.stringValue, configContext: context.stringValue };
  }
}

function byToken({ host, certificate, tokenCommand: [command, ...args] }: ClusterEndpoint) {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1beta1', command, args };
  return { host, clusterCaCertificate: Fn.base64decode(certificate), exec };
}
