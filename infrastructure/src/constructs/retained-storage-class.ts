/** This file makes a storage class whose disks outlive their claims. */
import { StorageClassV1 } from '@cdktf/provider-kubernetes/lib/storage-class-v1/index.js';
import { Construct } from 'constructs';
import { standardLabels } from '../names.ts';

export interface RetainedStorageClassProps {
  readonly name: string;
  /** Driver of the cloud's disks, as `ebs.csi.aws.com`. */
  readonly provisioner: string;
  /** Of the driver, as `{ type: 'gp3' }`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Disks in the zone of the pod that asks first; they can grow, and they stay when claim, namespace or cluster go. */
export class RetainedStorageClass extends Construct {
  constructor(scope: Construct, id: string, props: RetainedStorageClassProps) {
    super(scope, id);
    new StorageClassV1(this, 'class', {
      metadata: { name: props.name, labels: standardLabels(props.name) },
      storageProvisioner: props.provisioner,
      parameters: { ...props.parameters },
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    });
  }
}
