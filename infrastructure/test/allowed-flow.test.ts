import { describe, expect, it } from '@jest/globals';
import { AllowedFlow, type AllowedFlowProps } from '../src/constructs/allowed-flow.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

const aFlow: AllowedFlowProps = { name: 'keda-to-kafka', namespace: 'tapeline-platform', direction: 'egress', ports: [9093] };

function specOf(props: AllowedFlowProps) {
  const [policy] = Object.values(
    at(
      stackOf(scope => new AllowedFlow(scope, 'flow', props)),
      'resource',
      'kubernetes_network_policy_v1',
    ),
  );
  return at(policy, 'spec');
}

describe('AllowedFlow', () => {
  it('lets some pods reach pods of another namespace', () => {
    const peers = [{ namespace: 'tapeline-data', pods: { 'app.kubernetes.io/name': 'kafka' } }];
    expect(specOf({ ...aFlow, apps: ['keda-operator'], peers })).toEqual({
      pod_selector: { match_expressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: ['keda-operator'] }] },
      policy_types: ['Egress'],
      egress: [
        {
          ports: [{ port: '9093', protocol: 'TCP' }],
          to: [
            {
              namespace_selector: { match_labels: { 'kubernetes.io/metadata.name': 'tapeline-data' } },
              pod_selector: { match_labels: { 'app.kubernetes.io/name': 'kafka' } },
            },
          ],
        },
      ],
    });
  });

  it('lets anybody reach a port where no peer is named', () => {
    expect(specOf({ ...aFlow, direction: 'ingress' })).toEqual({
      pod_selector: {},
      policy_types: ['Ingress'],
      ingress: [{ ports: [{ port: '9093', protocol: 'TCP' }] }],
    });
  });

  it('is for all pods but some', () => {
    const { pod_selector } = specOf({ ...aFlow, exceptApps: ['alertmanager'] });
    expect(pod_selector).toEqual({
      match_expressions: [{ key: 'app.kubernetes.io/name', operator: 'NotIn', values: ['alertmanager'] }],
    });
  });

  it('takes each protocol for each port', () => {
    const spec = specOf({ ...aFlow, ports: [53], protocols: ['UDP', 'TCP'], peers: [{ cidr: '10.0.0.0/8' }] });
    expect(spec.egress).toEqual([
      {
        ports: [
          { port: '53', protocol: 'UDP' },
          { port: '53', protocol: 'TCP' },
        ],
        to: [{ ip_block: { cidr: '10.0.0.0/8' } }],
      },
    ]);
  });

  it.each([
    [{ ...aFlow, ports: [] }, 'AllowedFlow keda-to-kafka: ports must name at least one port'],
    [{ ...aFlow, apps: ['a'], exceptApps: ['b'] }, 'AllowedFlow keda-to-kafka: apps and exceptApps exclude each other'],
    [
      { ...aFlow, peers: [{ cidr: '10.0.0.0/8', namespace: 'tapeline' }] },
      'AllowedFlow keda-to-kafka: a peer is either pods or the addresses 10.0.0.0/8, not both',
    ],
  ])('refuses %j', (props, message) => {
    expect(() => specOf(props)).toThrow(message);
  });
});
