/** A real API server with what the ingester's chart brings for its Lease, and a kubeconfig of the chart's service account. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ControlPlane, startControlPlane } from '@tapeline/services/control-plane';

const run = promisify(execFile);
const chart = fileURLToPath(new URL('../../../charts/ingester', import.meta.url));

export const namespace = 'tapeline';

export interface LeaseCluster {
  readonly controlPlane: ControlPlane;
  /** Of the service account `ingester`. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export async function startLeaseCluster(): Promise<LeaseCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'ingester-lease-'));
  const controlPlane = await startControlPlane({ directory: join(folder, 'cp'), fakeNodes: 0 });
  await controlPlane.kubectl(['create', 'namespace', namespace]);
  await controlPlane.kubectl(['apply', '-n', namespace, '-f', '-'], await leaseParts(controlPlane.bin));
  const kubeconfig = join(folder, 'ingester.kubeconfig');
  await writeFile(kubeconfig, await kubeconfigOf(controlPlane));
  return {
    controlPlane,
    kubeconfig,
    close: async () => {
      await controlPlane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function leaseParts(bin: string): Promise<string> {
  const parts = ['service-account', 'role', 'role-binding', 'lease'].flatMap(name => ['--show-only', `templates/${name}.yaml`]);
  const values = join(chart, 'ci', 'default-values.yaml');
  return (await run(join(bin, 'helm'), ['template', 'ingester', chart, '--namespace', namespace, '--values', values, ...parts])).stdout;
}

async function kubeconfigOf({ kubectl, server }: ControlPlane): Promise<string> {
  const token = (await kubectl(['create', 'token', 'ingester', '-n', namespace])).trim();
  const certificate = (
    await kubectl(['config', 'view', '--raw', '-o', 'jsonpath={.clusters[0].cluster.certificate-authority-data}'])
  ).trim();
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': certificate } }],
    users: [{ name: 'ingester', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'ingester' } }],
    'current-context': 'test',
  });
}
