/** Where interleavings are run one after another: a namespace with a Lease, and a way to the API server for each of two ingesters. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubernetesLease } from '../../src/kubernetes-lease.ts';
import { released } from '../../src/lease.ts';
import type { LeaseCluster } from '../support/lease-cluster.ts';
import { ApiGate } from './api-gate.ts';

export interface Lane {
  readonly namespace: string;
  readonly gates: readonly [ApiGate, ApiGate];
  /** Paths, one for each gate. */
  readonly kubeconfigs: readonly [string, string];
  /** Nobody holds the Lease, whoever held it; its terms go on. */
  freeLease(): Promise<void>;
  close(): Promise<void>;
}

/** @param folder takes the kubeconfigs */
export async function openLane(cluster: LeaseCluster, namespace: string, folder: string): Promise<Lane> {
  const kubeconfigAt = await cluster.addNamespace(namespace);
  const open = async (name: string) => {
    const gate = await ApiGate.open(cluster.controlPlane.server);
    const path = join(folder, `${namespace}-${name}.kubeconfig`);
    await writeFile(path, kubeconfigAt(gate.url));
    return { gate, path };
  };
  const [a, b] = [await open('a'), await open('b')];
  const store = kubernetesLease({ name: 'ingester', namespace, kubeconfig: cluster.controlPlane.kubeconfig });
  const freeLease = async () => {
    const signal = AbortSignal.timeout(20_000);
    while ((await store.write(released(await store.read(signal), Date.now()), signal)) === 'conflict') signal.throwIfAborted();
  };
  const close = async () => {
    await Promise.all([a.gate.close(), b.gate.close(), store.close()]);
  };
  return { namespace, gates: [a.gate, b.gate], kubeconfigs: [a.path, b.path], freeLease, close };
}
