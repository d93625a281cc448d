/** A real API server with what the ingester's chart brings for its Lease, and a kubeconfig of the chart's service account. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ControlPlane, startControlPlane } from '@tapeline/services/control-plane';

const run = promisify(execFile);
const chart = fileURLToPath(new URL('../../../charts/ingester', import.meta.url));

export const namespace = 'tapeline';

export interface LeaseCluster {
  readonly controlPlane: ControlPlane;
  /** Path; of the service account `ingester` in {@link namespace}. */
  readonly kubeconfig: string;
  /** Makes a namespace with a Lease and a service account of its own; gives the text of the account's kubeconfig for a way to the API server. */
  addNamespace(name: string): Promise<(server: string) => string>;
  close(): Promise<void>;
}

/** @param folder for its files, which stay there */
export async function startLeaseCluster(folder: string): Promise<LeaseCluster> {
  const controlPlane = await startControlPlane({ directory: join(folder, 'cp'), fakeNodes: 0 });
  const addNamespace = async (name: string) => {
    await controlPlane.kubectl(['create', 'namespace', name]);
    await controlPlane.kubectl(['apply', '-n', name, '-f', '-'], await leaseParts(controlPlane.bin, name));
    return await kubeconfigOf(controlPlane, name);
  };
  const kubeconfig = join(folder, 'ingester.kubeconfig');
  await writeFile(kubeconfig, (await addNamespace(namespace))(controlPlane.server));
  return {
    controlPlane,
    kubeconfig,
    addNamespace,
    close: () => controlPlane.stop(),
  };
}

async function leaseParts(bin: string, name: string): Promise<string> {
  const parts = ['service-account', 'role', 'role-binding', 'lease'].flatMap(part => ['--show-only', `templates/${part}.yaml`]);
  const values = join(chart, 'ci', 'default-values.yaml');
  return (await run(join(bin, 'helm'), ['template', 'ingester', chart, '--namespace', name, '--values', values, ...parts])).stdout;
}

async function kubeconfigOf({ kubectl }: ControlPlane, name: string): Promise<(server: string) => string> {
  const token = (await kubectl(['create', 'token', 'ingester', '-n', name, '--duration', '24h'])).trim();
  const certificate = (
    await kubectl(['config', 'view', '--raw', '-o', 'jsonpath={.clusters[0].cluster.certificate-authority-data}'])
  ).trim();
  return server =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': certificate } }],
      users: [{ name: 'ingester', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'ingester' } }],
      'current-context': 'test',
    });
}
