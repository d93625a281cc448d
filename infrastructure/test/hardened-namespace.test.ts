import { describe, expect, it } from '@jest/globals';
import { HardenedNamespace } from '../src/constructs/hardened-namespace.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

describe('HardenedNamespace', () => {
  it('enforces restricted Pod Security, in a version that is named', () => {
    const stack = stackOf(scope => new HardenedNamespace(scope, 'space', { name: 'tapeline', podSecurityVersion: '1.34' }));
    const [namespace] = Object.values(at(stack, 'resource', 'kubernetes_namespace_v1'));
    expect(at(namespace, 'metadata')).toEqual({
      name: 'tapeline',
      labels: {
        'app.kubernetes.io/name': 'tapeline',
        'app.kubernetes.io/part-of': 'tapeline',
        'app.kubernetes.io/managed-by': 'terraform',
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/enforce-version': 'v1.34',
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/audit-version': 'v1.34',
        'pod-security.kubernetes.io/warn': 'restricted',
        'pod-security.kubernetes.io/warn-version': 'v1.34',
      },
    });
  });

  it('denies every flow', () => {
    const stack = stackOf(scope => new HardenedNamespace(scope, 'space', { name: 'tapeline', podSecurityVersion: '1.34' }));
    const [policy] = Object.values(at(stack, 'resource', 'kubernetes_network_policy_v1'));
    expect(at(policy, 'metadata')).toMatchObject({
      name: 'default-deny',
      namespace: expect.stringMatching(/^\$\{kubernetes_namespace_v1\./),
    });
    expect(at(policy, 'spec')).toEqual({ pod_selector: {}, policy_types: ['Ingress', 'Egress'] });
  });

  it('can refuse to be destroyed, for the volume claims in it', () => {
    const props = { name: 'tapeline-data', podSecurityVersion: '1.34', keepOnDestroy: true };
    const stack = stackOf(scope => new HardenedNamespace(scope, 'space', props));
    const [namespace] = Object.values(at(stack, 'resource', 'kubernetes_namespace_v1'));
    expect(at(namespace, 'lifecycle')).toEqual({ prevent_destroy: true });
  });

  it.each([
    [
      { name: 'Tapeline', podSecurityVersion: '1.34' },
      'HardenedNamespace: name must be a DNS label of at most 63 characters, was "Tapeline"',
    ],
    [
      { name: 'tapeline', podSecurityVersion: 'latest' },
      'HardenedNamespace: podSecurityVersion must be a minor version such as 1.34, was "latest"',
    ],
  ])('refuses %j', (props, message) => {
    expect(() => stackOf(scope => new HardenedNamespace(scope, 'space', props))).toThrow(message);
  });
});
