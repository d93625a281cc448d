/** This file makes and removes the kind cluster: three nodes in three zones, as Docker containers. */
import { type ProcessVariables, runProgram } from './program.ts';

export const kindCluster = 'tapeline';
export const kindContext = `kind-${kindCluster}`;

export interface KindOptions {
  readonly environment: ProcessVariables;
  readonly show?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes the cluster unless it is there, and writes its context into the kubeconfig. */
export async function createKindCluster(configuration: string, options: KindOptions): Promise<void> {
  const { text } = await runProgram('kind', ['get', 'clusters'], { ...options, show: undefined });
  const isThere = text.split('\n').includes(kindCluster);
  const args = isThere
    ? ['export', 'kubeconfig', '--name', kindCluster]
    : ['create', 'cluster', '--name', kindCluster, '--config', configuration, '--wait', '180s'];
  await runProgram('kind', args, options);
}

/** Brings images from Docker into every node. */
export async function loadIntoKind(images: readonly string[], options: KindOptions): Promise<void> {
  await runProgram('kind', ['load', 'docker-image', '--name', kindCluster, ...images], options);
}

/** Removes the cluster with everything in it, volumes too. */
export async function deleteKindCluster(options: KindOptions): Promise<void> {
  await runProgram('kind', ['delete', 'cluster', '--name', kindCluster], options);
}
