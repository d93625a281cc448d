import { describe, expect, it } from '@jest/globals';
import { RetainedStorageClass } from '../src/constructs/retained-storage-class.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

describe('RetainedStorageClass', () => {
  it('keeps disks when their claims go, and makes them in the zone of the pod', () => {
    const props = { name: 'kept', provisioner: 'ebs.csi.aws.com', parameters: { type: 'gp3' } };
    const stack = stackOf(scope => new RetainedStorageClass(scope, 'storage', props));
    const [storageClass] = Object.values(at(stack, 'resource', 'kubernetes_storage_class_v1'));
    expect(at(storageClass)).toMatchObject({
      storage_provisioner: 'ebs.csi.aws.com',
      parameters: { type: 'gp3' },
      reclaim_policy: 'Retain',
      volume_binding_mode: 'WaitForFirstConsumer',
      allow_volume_expansion: true,
    });
  });
});
