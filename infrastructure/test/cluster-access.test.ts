import { describe, expect, it } from '@jest/globals';
import { ClusterAccess } from '../src/constructs/cluster-access.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

describe('ClusterAccess', () => {
  it('reaches kind by a context of a kubeconfig, which variables name', () => {
    const stack = stackOf(scope => new ClusterAccess(scope, 'access', {}));
    const connection = { config_path: `\${var.kubeconfig}`, config_context: `\${var.kube_context}` };
    expect(at(stack, 'provider')).toEqual({ kubernetes: [connection], helm: [{ kubernetes: connection }] });
    expect(at(stack, 'variable', 'kube_context').default).toBe('kind-tapeline');
  });

  it("fetches a cloud's token for each call, so that none is ever in a plan", () => {
    const endpoint = { host: 'https://k8s.example.com', certificate: 'Y2E=', tokenCommand: ['aws', 'eks', 'get-token'] as const };
    const stack = stackOf(
      scope => new ClusterAccess(scope, 'access', { endpoint: { ...endpoint, tokenCommand: ['aws', 'eks', 'get-token'] } }),
    );
    const exec = { api_version: 'client.authentication.k8s.io/v1beta1', command: 'aws', args: ['eks', 'get-token'] };
    const connection = { host: 'https://k8s.example.com', cluster_ca_certificate: `\${base64decode("Y2E=")}` };
    expect(at(stack, 'provider')).toEqual({
      kubernetes: [{ ...connection, exec: [exec] }],
      helm: [{ kubernetes: { ...connection, exec } }],
    });
    expect(at(stack, 'variable')).toEqual({});
  });
});
