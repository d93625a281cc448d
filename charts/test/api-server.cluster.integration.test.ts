import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithControlPlane } from '@tapeline/services/for-tests';
import { chart, charts } from './support/chart-folders.ts';
import { type KubernetesObject, type PodSpec, type PodView, podsOf } from './support/kubernetes-objects.ts';
import { helm, type Rendering, renderAll } from './support/rendering.ts';
import { kubeconform, startTestCluster, type TestCluster } from './support/test-cluster.ts';

const PATIENCE_MS = 300_000;
const ours = [
  'migrations',
  'simulator',
  'ingester',
  'stream-processor',
  'backfiller',
  'daily-jobs',
  'live-board',
  'notifier',
  'kafdrop',
] as const;

describeWithControlPlane('a real API server and the charts', () => {
  let cluster: TestCluster;
  let renderings: readonly Rendering[] = [];
  beforeAll(async () => {
    [cluster, renderings] = await Promise.all([startTestCluster(), renderAll()]);
  }, PATIENCE_MS);
  afterAll(async () => await cluster?.[Symbol.asyncDispose](), PATIENCE_MS);

  const json = async (args: readonly string[]) =>
    JSON.parse(await cluster.kubectl([...args, '-o', 'json'])) as { items: KubernetesObject[] };
  const release = (command: 'install' | 'upgrade', name: string, options: readonly string[]) =>
    helm([
      command,
      name,
      chart(name).directory,
      '--namespace',
      'tapeline',
      '--kubeconfig',
      cluster.kubeconfig,
      '--wait',
      '--timeout=120s',
      ...options,
    ]);
  /** What a change of a release must leave alone: name and generation of every Deployment, names of Jobs. */
  const workloads = async () =>
    (await json(['get', 'deployments,replicasets,jobs', '-n', 'tapeline'])).items
      .map(({ kind, metadata }) => `${kind}/${metadata.name} ${(metadata as { generation?: number }).generation ?? ''}`.trim())
      .sort();

  it(
    'agree with the schemas of the server and of every custom resource, unknown fields refused',
    async () => {
      const folder = join(cluster.directory, 'rendered');
      await mkdir(folder);
      for (const { name, objects } of renderings) await writeFile(join(folder, `${name.replace('/', '-')}.json`), list(objects));
      expect(await kubeconform(cluster, folder)).toEqual([]);
      const spoilt = join(cluster.directory, 'spoilt');
      await mkdir(spoilt);
      for (const kind of ['Deployment', 'ScaledObject', 'HTTPRoute', 'PodMonitor']) {
        const object = structuredClone(renderings.flatMap(({ objects }) => objects).find(one => one.kind === kind));
        await writeFile(join(spoilt, `${kind}.json`), JSON.stringify({ ...object, spec: { ...object?.spec, replicaz: 1 } }));
      }
      const refused = await kubeconform(cluster, spoilt);
      expect(refused.map(line => line.split(' ', 2)[1]).sort()).toEqual(['Deployment', 'HTTPRoute', 'PodMonitor', 'ScaledObject']);
      expect(refused.join()).toContain("additional properties 'replicaz' not allowed");
    },
    PATIENCE_MS,
  );

  it(
    'agree in a dry run on the server, which refuses an unknown field',
    async () => {
      const all = renderings
        .flatMap(({ chart: { namespace }, objects }) => objects.map(object => inNamespace(object, namespace)))
        .filter(({ kind }) => kind !== 'Pod');
      const dryRun = (objects: readonly KubernetesObject[]) =>
        cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '-o', 'name', '-f', '-'], list(objects));
      expect((await dryRun(all)).trim().split('\n')).toHaveLength(all.length);
      const deployment = all.find(({ kind }) => kind === 'Deployment');
      const misspelt = JSON.stringify({ ...deployment, spec: { ...deployment?.spec, replicaz: 1 } });
      const path = '/apis/apps/v1/namespaces/tapeline/deployments?dryRun=All&fieldValidation=Strict';
      await expect(cluster.kubectl(['create', '--raw', path, '-f', '-'], misspelt)).rejects.toThrow('unknown field "spec.replicaz"');
    },
    PATIENCE_MS,
  );

  it(
    'agree that every pod keeps to the restricted standard, and the server refuses one that does not',
    async () => {
      const pods = renderings.flatMap(({ name, objects }) =>
        podsOf(objects).map((pod, index) => ({ name: `${name.replace('/', '-')}-${index}`, spec: withClaims(pod) })),
      );
      const accounts = [...new Set(pods.map(({ spec }) => spec.serviceAccountName ?? 'default'))].filter(name => name !== 'default');
      await cluster.kubectl(
        ['apply', '-f', '-'],
        list(accounts.map(name => restricted({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }))),
      );
      const dryRun = (chosen: typeof pods) =>
        cluster.kubectl(
          ['create', '--dry-run=server', '-o', 'name', '-f', '-'],
          list(
            chosen.map(({ name, spec }) =>
              restricted({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, restartPolicy: 'Never' } }),
            ),
          ),
        );
      expect((await dryRun(pods)).trim().split('\n')).toHaveLength(pods.length);
      const [pod] = structuredClone(pods);
      delete pod?.spec.containers[0]?.securityContext;
      await expect(dryRun(pod ? [pod] : [])).rejects.toThrow('violates PodSecurity "restricted:latest"');
    },
    PATIENCE_MS,
  );

  it(
    'say what to do next, each with every ci file',
    async () => {
      for (const { name, directory, ciValues, namespace } of charts()) {
        for (const file of ciValues) {
          const server = ['--kubeconfig', cluster.kubeconfig, '--dry-run=client', '--values', file];
          const said = await helm(['install', name, directory, '--namespace', namespace, ...server]);
          expect([file, said.split('NOTES:')[1] ?? '']).toEqual([file, expect.stringMatching(/kubectl|helm|http/)]);
        }
      }
    },
    PATIENCE_MS,
  );

  it(
    'make a pipeline whose workloads become ready',
    async () => {
      for (const name of ours) await release('install', name, ['--wait-for-jobs', '--values', chart(name).ciValues[0] ?? '']);
      const { items } = await json(['get', 'deployments', '-n', 'tapeline']);
      expect(items.map(({ metadata, status }) => `${metadata.name} ${status.readyReplicas}`).sort()).toEqual([
        'backfiller 1',
        'ingester 2',
        'kafdrop 1',
        'live-board 2',
        'notifier 1',
        'simulator 1',
        'stream-processor 2',
      ]);
      const jobs = await json(['get', 'jobs', '-n', 'tapeline']);
      expect(jobs.items.map(({ status }) => status.succeeded)).toEqual([1]);
    },
    PATIENCE_MS,
  );

  it.each(['history', 'instruments'])(
    'let %s run at once, as its notes say, beside what is planned',
    async job => {
      const planned = await json(['get', 'cronjobs', '-n', 'tapeline']);
      expect(planned.items.map(({ metadata, spec }) => [metadata.name, spec.concurrencyPolicy])).toEqual([
        ['daily-jobs-history', 'Forbid'],
        ['daily-jobs-instruments', 'Forbid'],
      ]);
      const name = `${job}-now`;
      await cluster.kubectl(['create', 'job', `--from=cronjob/daily-jobs-${job}`, name, '-n', 'tapeline']);
      await cluster.kubectl(['wait', '--for=condition=complete', '--timeout=120s', `job/${name}`, '-n', 'tapeline']);
      await cluster.kubectl(['delete', `job/${name}`, '-n', 'tapeline', '--wait']);
    },
    PATIENCE_MS,
  );

  it(
    'give the ingester its Lease and nothing else',
    async () => {
      const account = 'system:serviceaccount:tapeline:ingester';
      const rights = await cluster.kubectl(['auth', 'can-i', '--list', '--namespace', 'tapeline', `--as=${account}`]);
      const ofObjects = rights.split('\n').filter(line => /^[a-z]/.test(line) && !line.startsWith('selfsubject'));
      expect(ofObjects.map(line => line.replace(/\s+/g, ' ').trim())).toEqual([
        'leases.coordination.k8s.io [] [ingester] [get update patch]',
      ]);
      await cluster.kubectl(['get', 'lease/ingester', '-n', 'tapeline', `--as=${account}`]);
      await expect(cluster.kubectl(['get', 'secrets', '-n', 'tapeline', `--as=${account}`])).rejects.toThrow('forbidden');
      await expect(cluster.kubectl(['delete', 'lease/ingester', '-n', 'tapeline', `--as=${account}`])).rejects.toThrow('forbidden');
    },
    PATIENCE_MS,
  );

  it(
    'roll nothing when nothing changed, and only the workload that a changed value belongs to',
    async () => {
      await cluster.kubectl([
        'patch',
        'lease/ingester',
        '-n',
        'tapeline',
        '--type=merge',
        '-p',
        '{"spec":{"holderIdentity":"ingester-a"}}',
      ]);
      const before = await workloads();
      for (const name of ours) await release('upgrade', name, ['--reuse-values']);
      expect(await workloads()).toEqual(before);
      await release('upgrade', 'ingester', ['--reuse-values', '--set', 'logLevel=debug']);
      const changed = (await workloads()).filter(line => !before.includes(line));
      expect(changed.map(line => line.replace(/-[a-z0-9]+ \d+$/, '-…'))).toEqual([
        'Deployment/ingester 2',
        'ReplicaSet/ingester-…',
        'ReplicaSet/ingester-…',
      ]);
      const lease = await cluster.kubectl(['get', 'lease/ingester', '-n', 'tapeline', '-o', 'jsonpath={.spec.holderIdentity}']);
      expect(lease).toBe('ingester-a');
    },
    PATIENCE_MS,
  );

  it(
    'let the migrations of a new version run as a new Job in place of the old one, and those of the same version when asked to',
    async () => {
      const names = async () => (await json(['get', 'jobs', '-n', 'tapeline'])).items.map(({ metadata }) => metadata.name);
      const [old] = await names();
      await release('upgrade', 'migrations', ['--wait-for-jobs', '--reuse-values', '--set', 'imageTag=0.2.0']);
      const after = await names();
      expect(after).toEqual([expect.stringMatching(/^migrations-[0-9a-f]{8}$/)]);
      expect(after[0]).not.toBe(old);
      await release('upgrade', 'migrations', ['--wait-for-jobs', '--reuse-values', '--set', 'run=again']);
      const again = await names();
      expect(again).toEqual([expect.stringMatching(/^migrations-[0-9a-f]{8}$/)]);
      expect(again[0]).not.toBe(after[0]);
    },
    PATIENCE_MS,
  );
});

/** Its spec with a folder in place of each volume that a StatefulSet would have claimed for it. */
function withClaims({ spec, claims }: PodView): PodSpec {
  return { ...spec, volumes: [...(spec.volumes ?? []), ...claims.map(name => ({ name, emptyDir: {} }))] };
}

function list(items: readonly KubernetesObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  const isClusterWide = /^(Cluster|Namespace$|CustomResourceDefinition$|PriorityClass$|StorageClass$)/.test(object.kind);
  return isClusterWide ? object : { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace } };
}

function restricted(object: KubernetesObject): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, namespace: 'restricted' } };
}
