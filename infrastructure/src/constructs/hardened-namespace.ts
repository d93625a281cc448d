/** This file makes a namespace in which a pod may do nothing until somebody says so. */
import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1/index.js';
import { NetworkPolicyV1 } from '@cdktf/provider-kubernetes/lib/network-policy-v1/index.js';
import { PipelineError } from '@tapeline/core/errors';
import { Construct } from 'constructs';
import { standardLabels } from '../names.ts';

export interface HardenedNamespaceProps {
  /** A DNS label. */
  readonly name: string;
  /**
   * Pod Security standard that the API server enforces.
   *
   * @default 'restricted'
   */
  readonly podSecurity?: 'restricted' | 'baseline';
  /** Version of the standard, as `1.34`. */
  readonly podSecurityVersion: string;
  /**
   * `terraform destroy` refuses to remove the namespace, and with it the volume claims in it.
   *
   * @default false
   */
  readonly keepOnDestroy?: boolean;
}

/** A namespace with Pod Security labels and a NetworkPolicy that denies all; charts and `AllowedFlow` open what is needed. */
export class HardenedNamespace extends Construct {
  /** For whatever lives in it, so that it is made first and removed last. */
  readonly namespace: NamespaceV1;
  readonly name: string;

  constructor(scope: Construct, id: string, props: HardenedNamespaceProps) {
    super(scope, id);
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(props.name))
      throw invalid(`name must be a DNS label of at most 63 characters, was "${props.name}"`);
    if (!/^1\.\d+$/.test(props.podSecurityVersion))
      throw invalid(`podSecurityVersion must be a minor version such as 1.34, was "${props.podSecurityVersion}"`);
    this.name = props.name;
    const level = props.podSecurity ?? 'restricted';
    this.namespace = new NamespaceV1(this, 'namespace', {
      metadata: { name: props.name, labels: { ...standardLabels(props.name), ...podSecurityLabels(level, props.podSecurityVersion) } },
      lifecycle: props.keepOnDestroy === true ? { preventDestroy: true } : undefined,
    });
    new NetworkPolicyV1(this, 'default-deny', {
      metadata: { name: 'default-deny', namespace: this.namespace.metadata.name, labels: standardLabels('default-deny') },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
  }
}

function podSecurityLabels(level: string, version: string): Record<string, string> {
  const modes = ['enforce', 'audit', 'warn'];
  return Object.fromEntries(
    modes.flatMap(mode => [
      [`pod-security.kubernetes.io/${mode}`, level],
      [`pod-security.kubernetes.io/${mode}-version`, `v${version}`],
    ]),
  );
}

function invalid(message: string): PipelineError {
  return new PipelineError('configuration.invalid', `HardenedNamespace: ${message}`, { retriable: false });
}
