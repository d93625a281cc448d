/** This file opens one flow of packets in a namespace that denies everything else. */
import { NetworkPolicyV1 } from '@cdktf/provider-kubernetes/lib/network-policy-v1/index.js';
import { PipelineError } from '@tapeline/core/errors';
import { Construct } from 'constructs';
import { standardLabels } from '../names.ts';

/** Pods of a namespace, or addresses. */
export interface Peer {
  /** Namespace by its name; the policy's own when absent. */
  readonly namespace?: string;
  /** Labels of its pods; all of them when absent. */
  readonly pods?: Readonly<Record<string, string>>;
  /** Addresses instead of pods, as `0.0.0.0/0`. */
  readonly cidr?: string;
}

export interface AllowedFlowProps {
  /** What-to-what: the policy's name, and what people read in `kubectl get networkpolicy`. */
  readonly name: string;
  readonly namespace: string;
  /** Values of `app.kubernetes.io/name` of the pods; all pods of the namespace when absent. */
  readonly apps?: readonly string[];
  /** All pods of the namespace but these, in place of `apps`. */
  readonly exceptApps?: readonly string[];
  /** ingress: the pods are reached; egress: they reach out. */
  readonly direction: 'ingress' | 'egress';
  /** The other side; anybody when absent. */
  readonly peers?: readonly Peer[];
  readonly ports: readonly number[];
  /** @default ['TCP'] */
  readonly protocols?: readonly ('TCP' | 'UDP')[];
}

/** A NetworkPolicy that allows one flow. */
export class AllowedFlow extends Construct {
  constructor(scope: Construct, id: string, props: AllowedFlowProps) {
    super(scope, id);
    if (props.ports.length === 0) throw invalid(props, 'ports must name at least one port');
    if (props.apps !== undefined && props.exceptApps !== undefined) throw invalid(props, 'apps and exceptApps exclude each other');
    const wrong = props.peers?.find(peer => peer.cidr !== undefined && (peer.namespace !== undefined || peer.pods !== undefined));
    if (wrong !== undefined) throw invalid(props, `a peer is either pods or the addresses ${wrong.cidr}, not both`);
    const ports = (props.protocols ?? ['TCP']).flatMap(protocol => props.ports.map(port => ({ port: String(port), protocol })));
    const peers = props.peers?.map(renderPeer);
    const apps = [...chosen('In', props.apps), ...chosen('NotIn', props.exceptApps)];
    new NetworkPolicyV1(this, 'policy', {
      metadata: { name: props.name, namespace: props.namespace, labels: standardLabels(props.name) },
      spec: {
        podSelector: apps.length === 0 ? {} : { matchExpressions: apps },
        ...(props.direction === 'ingress'
          ? { policyTypes: ['Ingress'], ingress: [{ ports, from: peers }] }
          : { policyTypes: ['Egress'], egress: [{ ports, to: peers }] }),
      },
    });
  }
}

function chosen(operator: 'In' | 'NotIn', apps: readonly string[] | undefined) {
  return apps === undefined ? [] : [{ key: 'app.kubernetes.io/name', operator, values: [...apps] }];
}

function renderPeer({ namespace, pods, cidr }: Peer) {
  if (cidr !== undefined) return { ipBlock: { cidr } };
  return {
    namespaceSelector: namespace === undefined ? undefined : { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: { ...pods } },
  };
}

function invalid(props: AllowedFlowProps, message: string): PipelineError {
  return new PipelineError('configuration.invalid', `AllowedFlow ${props.name}: ${message}`, { retriable: false });
}
