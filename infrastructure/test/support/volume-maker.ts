/** This file gives each claim of a real node a folder of the node, for no provisioner of volumes runs there. */
import { pause } from '@tapeline/core/pause';
import type { RealNode } from './real-node.ts';

const PERIOD_MS = 1_000;

interface Claim {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly storageClassName?: string; readonly resources: { readonly requests: { readonly storage: string } } };
  readonly status: { readonly phase: string };
}

/** Makes volumes for claims as they appear, until `signal` aborts. */
export async function makeVolumes(node: RealNode, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items } = JSON.parse(await node.kubectl(['get', 'pvc', '--all-namespaces', '-o', 'json'])) as { items: readonly Claim[] };
    const volumes = items.filter(({ status }) => status.phase === 'Pending').map(claim => volumeFor(claim, node));
    if (volumes.length > 0) await node.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: volumes }));
    await pause(PERIOD_MS, signal);
  }
}

function volumeFor({ metadata, spec }: Claim, node: RealNode): unknown {
  const name = `${metadata.namespace}-${metadata.name}`;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      storageClassName: spec.storageClassName ?? '',
      capacity: { storage: spec.resources.requests.storage },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace: metadata.namespace, name: metadata.name },
      hostPath: { path: node.makeVolumeFolder(name) },
    },
  };
}
