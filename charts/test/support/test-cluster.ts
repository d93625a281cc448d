/** A real API server with the namespaces of the releases and the custom resources of `shared/crds`, for tests of charts. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pause } from '@tapeline/core/pause';
import { type ControlPlane, startControlPlane } from '@tapeline/services/control-plane';
import { kubernetesTools } from '@tapeline/services/kubernetes-tools';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { allNamespaces } from './chart-folders.ts';

const run = promisify(execFile);
const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

export interface TestCluster extends ControlPlane, AsyncDisposable {
  /** A folder that goes with the cluster. */
  readonly directory: string;
  /** Schemas of all that the API server knows, custom resources included: unknown fields are refused. */
  readonly schemas: string;
}

/** Some 20 s. Dispose of it: it ends its processes and takes its folder away. */
export async function startTestCluster(): Promise<TestCluster> {
  const directory = temporaryFolder('charts');
  const controlPlane = await startControlPlane({ directory: join(directory, 'control-plane') });
  const end = async () => {
    await controlPlane.stop();
  };
  try {
    for (const namespace of [...allNamespaces, 'restricted']) await controlPlane.kubectl(['apply', '-f', '-'], hardened(namespace));
    await installCustomResources(controlPlane);
    const schemas = await makeSchemas(controlPlane, directory);
    return { ...controlPlane, directory, schemas, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

function hardened(name: string): string {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

/** Server-side: some of them are too large for the annotation of a client-side apply. */
async function installCustomResources(controlPlane: ControlPlane): Promise<void> {
  const { scripts } = await kubernetesTools();
  const shared = join(scripts, '..', '..', 'crds');
  const ofOperators = (await readdir(shared)).filter(file => file.endsWith('.yaml')).map(file => join(shared, file));
  const files = [...ofOperators, join(fixtures, 'gateway-api-httproutes.yaml')];
  await controlPlane.kubectl(['apply', '--server-side', ...files.flatMap(file => ['-f', file])]);
  await controlPlane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
}

/** The API server shows a new custom resource in its OpenAPI document a moment after it has accepted it. */
async function makeSchemas(controlPlane: ControlPlane, directory: string): Promise<string> {
  const { scripts } = await kubernetesTools();
  const [document, schemas] = [join(directory, 'openapi.json'), join(directory, 'schemas')];
  const count = (await controlPlane.kubectl(['get', 'crd', '-o', 'name'])).trim().split('\n').length;
  for (let attempt = 1; attempt <= 60; attempt++) {
    await mkdir(schemas, { recursive: true });
    await writeFile(document, await controlPlane.kubectl(['get', '--raw', '/openapi/v2']));
    await run('python3', [join(scripts, 'make-schemas.py'), document, schemas], { maxBuffer: 1 << 20 });
    const custom = (await readdir(schemas)).filter(file =>
      /-(kafka|keda|monitoring|cassandra|external-secrets|cert-manager|gateway)-/.test(file),
    );
    if (custom.filter(file => !/list-/.test(file)).length >= count) return schemas;
    await pause(1_000);
  }
  throw new Error(`the OpenAPI document does not show all ${count} custom resources after a minute`);
}

/** What kubeconform finds wrong in the manifests of a folder, as one line each. */
export async function kubeconform(cluster: TestCluster, folder: string): Promise<readonly string[]> {
  const location = `${cluster.schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`;
  const options = ['-strict', '-summary', '-output', 'json', '-schema-location', location, folder];
  const { stdout } = await run(join(cluster.bin, 'kubeconform'), options, { maxBuffer: 64 << 20 }).catch(
    (error: { stdout: string }) => error,
  );
  const { resources, summary } = JSON.parse(stdout) as {
    resources: { filename: string; kind: string; status: string; msg: string }[];
    summary: { valid: number };
  };
  if (resources.length === 0 && summary.valid === 0) return ['nothing was checked'];
  return resources.map(({ filename, kind, status, msg }) => `${filename.slice(folder.length + 1)} ${kind} ${status}: ${msg}`);
}
