/**
 * A real API server as the stacks find it on kind: three zones, the operators' custom resources, and volumes to claim. Pods become ready
 * without a process behind them.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '@tapeline/services/control-plane';
import { kubernetesTools } from '@tapeline/services/kubernetes-tools';

const zones = ['zone-a', 'zone-b', 'zone-c'] as const;

export async function startKwokCluster(directory: string): Promise<ControlPlane> {
  const cluster = await startControlPlane({ directory, fakeNodes: zones.length });
  try {
    for (const [index, zone] of zones.entries())
      await cluster.kubectl(['label', 'node', `fake-${index + 1}`, `topology.kubernetes.io/zone=${zone}`]);
    const { scripts } = await kubernetesTools();
    const crds = join(scripts, '..', '..', 'crds');
    const files = readdirSync(crds).filter(file => file.endsWith('.yaml'));
    await cluster.kubectl(['apply', '--server-side', ...files.flatMap(file => ['-f', join(crds, file)])]);
    await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [1, 2].map(volume) }));
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function volume(number: number) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `disk-${number}` },
    spec: {
      capacity: { storage: '100Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: `/nonexistent/disk-${number}` },
    },
  };
}
