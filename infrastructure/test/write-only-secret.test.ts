import { describe, expect, it } from '@jest/globals';
import { WriteOnlySecret } from '../src/constructs/write-only-secret.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

const aSecret = { name: 'twelve-data', namespace: 'tapeline', key: 'apiKey', variable: 'twelve_data_api_key', revision: 1 };

describe('WriteOnlySecret', () => {
  it('takes its value from an ephemeral variable into an attribute that no state keeps', () => {
    const stack = stackOf(scope => new WriteOnlySecret(scope, 'key', aSecret));
    const [secret] = Object.values(at(stack, 'resource', 'kubernetes_secret_v1'));
    expect(at(secret)).toMatchObject({ data_wo: { apiKey: `\${var.twelve_data_api_key}` }, data_wo_revision: 1, type: 'Opaque' });
    expect(Object.keys(at(secret))).not.toContain('data');
    expect(at(stack, 'variable', 'twelve_data_api_key')).toMatchObject({ type: 'string', sensitive: true, ephemeral: true });
    expect(at(stack, 'variable', 'twelve_data_api_key')).not.toHaveProperty('default');
  });

  it('wants a revision, for Terraform cannot see that the value changed', () => {
    const make = () => stackOf(scope => new WriteOnlySecret(scope, 'key', { ...aSecret, revision: 0 }));
    expect(make).toThrow('WriteOnlySecret twelve-data: revision must be a whole number from 1, was 0');
  });
});
