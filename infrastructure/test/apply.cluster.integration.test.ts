import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ControlPlane } from '@tapeline/services/control-plane';
import { describeWithControlPlane } from '@tapeline/services/for-tests';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type DeploymentOptions, deploy, synthesisedFor, terraformOptions, withdraw } from '../src/deploy/deployment.ts';
import { apply, initialise, type PlannedChange, plannedChanges } from '../src/deploy/terraform.ts';
import { type Environment, environments } from '../src/environments.ts';
import { at, type Json } from './support/json.ts';
import { startKwokCluster } from './support/kwok-cluster.ts';
import { prepareForOldProviders, writeTerraformConfiguration } from './support/old-providers.ts';
import { operateCommands } from './support/operate-commands.ts';
import { renderedReleases } from './support/rendered-releases.ts';
import { alerts } from './support/synthesised.ts';

const run = promisify(execFile);
const wayIn = {
  boardHost: 'board.example.com',
  grafanaHost: 'grafana.example.com',
  boardLogin: 'oauth2-proxy',
  ingressClass: 'nginx',
  clusterIssuer: 'letsencrypt',
} as const;
const wide: Partial<Environment> = { furtherPipelines: [{ prefix: 'wide.', feedPartitions: 8 }], topicPrefix: 'wide.' };
const kind: Environment = { ...environments.kind, imageTag: 'test' };

describeWithControlPlane('the stacks of kind, applied by Terraform to a real API server', () => {
  const folder = temporaryFolder('apply');
  let cluster: ControlPlane;

  function options(environment: Environment = kind): DeploymentOptions {
    return {
      environment,
      outdir: join(folder, 'cdktf.out'),
      kubeconfig: cluster.kubeconfig,
      context: 'local-test',
      kubectl: cluster.kubectl,
      processVariables: {
        ...process.env,
        TF_CLI_CONFIG_FILE: writeTerraformConfiguration(folder, join(cluster.bin, 'provider-mirror')),
      },
      prepare: prepareForOldProviders,
      readyWithinSeconds: 120,
      signal: AbortSignal.timeout(200_000),
    };
  }

  /** What each stack would change, were it applied. */
  async function changes(environment?: Environment): Promise<readonly PlannedChange[]> {
    const found: PlannedChange[] = [];
    for (const stack of synthesisedFor(options(environment))) {
      await initialise(terraformOptions(stack, options()));
      found.push(...(await plannedChanges(terraformOptions(stack, options()))));
    }
    return found;
  }

  async function names(...what: readonly string[]): Promise<readonly string[]> {
    const columns = '-o=custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name';
    const text = await cluster.kubectl(['get', ...what, '-A', '--no-headers', columns]);
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => line.split(/\s+/).join('/'))
      .toSorted();
  }

  async function items(...what: readonly string[]): Promise<readonly Json[]> {
    const list = JSON.parse(await cluster.kubectl(['get', ...what, '-A', '-o', 'json'])) as { readonly items: readonly Json[] };
    return list.items;
  }

  /** Pods of our namespaces by workload: the name without the parts that a roll changes. */
  async function podIds(): Promise<ReadonlyMap<string, string>> {
    const pods = (await items('pods')).map(pod => at(pod, 'metadata'));
    const alive = pods.filter(({ deletionTimestamp }) => deletionTimestamp === undefined);
    return new Map(alive.map(({ uid, labels }) => [String(uid), String(at(labels)['app.kubernetes.io/name'])]));
  }

  beforeAll(async () => {
    cluster = await startKwokCluster(join(folder, 'control-plane'));
    await deploy(options());
  }, 240_000);

  afterAll(async () => await cluster?.stop(), 60_000);

  it('gives every release, and every workload is ready', async () => {
    expect(await names('deployments,statefulsets')).toEqual([
      'tapeline-data/cassandra',
      'tapeline-data/kafka',
      'tapeline/grafana',
      'tapeline/ingester',
      'tapeline/kafdrop',
      'tapeline/live-board',
      'tapeline/simulator',
      'tapeline/stream-processor',
    ]);
    const late = (await items('deployments,statefulsets')).filter(item => at(item, 'status').readyReplicas !== at(item, 'spec').replicas);
    expect(late).toEqual([]);
    expect((await items('jobs')).map(job => at(job, 'status').succeeded)).toEqual([1]);
  });

  it('gives namespaces that refuse what is not restricted and deny every flow that is not named', async () => {
    const namespaces = (await items('namespaces', '-l', 'app.kubernetes.io/part-of=tapeline')).map(item => at(item, 'metadata'));
    expect(namespaces.map(({ name, labels }) => [name, at(labels)['pod-security.kubernetes.io/enforce']])).toEqual([
      ['tapeline', 'restricted'],
      ['tapeline-data', 'restricted'],
      ['tapeline-platform', 'restricted'],
    ]);
    const policies = await names('networkpolicies');
    for (const { name } of namespaces) expect(policies).toContain(`${String(name)}/default-deny`);
    const privileged = cluster.kubectl(['run', 'privileged', '-n', 'tapeline', '--image=test:1', '--privileged']);
    await expect(privileged).rejects.toThrow(/violates PodSecurity "restricted:v1.34"/);
  });

  it('gives custom resources by the charts', async () => {
    expect(await names('scaledobjects')).toEqual(['tapeline/stream-processor']);
    expect((await names('podmonitors,prometheusrules')).length).toBeGreaterThan(2);
  });

  it('has nothing to change afterwards: a second plan is empty', async () => {
    expect(await changes()).toEqual([]);
  }, 60_000);

  it('makes the tables once more when asked to, though nothing else changed, and again when no longer asked', async () => {
    const [, pipeline] = synthesisedFor(options()).map(stack => terraformOptions(stack, options()));
    if (pipeline === undefined) throw new Error('two stacks were expected');
    const asked = { ...pipeline, variables: { ...pipeline.variables, schema_run: 'after-a-loss' } };
    const jobs = async () => (await items('jobs')).map(job => [at(job, 'metadata').name, at(job, 'status').succeeded]);
    const [[first] = []] = await jobs();
    expect(await plannedChanges(asked)).toEqual([
      { address: expect.stringMatching(/^helm_release\.migrations_release_/), actions: ['update'] },
    ]);
    await apply(asked);
    const [[second] = []] = await jobs();
    expect(await jobs()).toEqual([[second, 1]]);
    expect(second).not.toBe(first);
    await apply(pipeline);
    expect(await jobs()).toEqual([[first, 1]]);
  }, 120_000);

  it('moves whatever uses topics, and nothing else, to those of another prefix, and back', async () => {
    const pipelineOf = (environment: Environment) =>
      synthesisedFor(options(environment)).map(stack => terraformOptions(stack, options()))[1];
    const moved = { ...kind, ...wide };
    const pipeline = pipelineOf(moved);
    if (pipeline === undefined) throw new Error('two stacks were expected');
    const releases = (await plannedChanges(pipeline)).map(({ address }) => /^helm_release\.(.+)_release_/.exec(address)?.[1]);
    expect(releases.toSorted()).toEqual(['ingester', 'live-board', 'stream-processor']);
    await apply(pipeline);
    const using = (await items('deployments')).filter(deployment => JSON.stringify(deployment).includes('"wide."'));
    expect(using.map(deployment => at(deployment, 'metadata').name)).toEqual(['ingester', 'live-board', 'stream-processor']);
    const [scaled] = (await items('scaledobjects')).map(item => at(item, 'spec'));
    expect(scaled).toMatchObject({ maxReplicaCount: 8, triggers: [{ metadata: { topic: 'wide.market-data.feed' } }] });
    expect(await changes(moved)).toEqual([]);
    const usual = pipelineOf(kind);
    if (usual === undefined) throw new Error('two stacks were expected');
    await apply(usual);
    expect(await changes()).toEqual([]);
  }, 120_000);

  it('rolls only the ingester when a value of the ingester changes', async () => {
    const before = await podIds();
    const changed = { ...kind, chartValues: { ingester: { logLevel: 'debug' } } };
    const [platform, pipeline] = synthesisedFor(options(changed)).map(stack => terraformOptions(stack, options()));
    if (platform === undefined || pipeline === undefined) throw new Error('two stacks were expected');
    expect(await plannedChanges(pipeline)).toEqual([
      { address: expect.stringMatching(/^helm_release\.ingester_release_/), actions: ['update'] },
    ]);
    await apply(pipeline);
    const after = await podIds();
    const gone = [...before].filter(([uid]) => !after.has(uid)).map(([, name]) => name);
    expect(new Set(gone)).toEqual(new Set(['ingester']));
    expect(await changes(changed)).toEqual([]);
  }, 120_000);

  it('fits a laptop: what the pods ask for leaves room in 4 processors and 8 GiB', async () => {
    const pods = (await items('pods')).filter(pod => at(pod, 'metadata').deletionTimestamp === undefined);
    const containers = pods.flatMap(pod => (at(pod, 'spec').containers as Json[]).map(container => at(container, 'resources', 'requests')));
    const cpu = containers.reduce((sum, { cpu: amount }) => sum + cores(String(amount)), 0);
    const memory = containers.reduce((sum, { memory: amount }) => sum + mebibytes(String(amount)), 0);
    // Three nodes of kind take some 1.3 processors and 1.2 GiB themselves; Prometheus and KEDA, left out here, 0.4 and 1.1 GiB.
    expect(cpu).toBeLessThan(2.3);
    expect(memory).toBeLessThan(5_500);
  });

  it('keeps no secret in the state', async () => {
    const states = join(folder, 'terraform-state');
    const text = readdirSync(states)
      .map(file => readFileSync(join(states, file), 'utf8'))
      .join('\n');
    const password = at((await items('secrets', '--field-selector=metadata.name=grafana-admin'))[0], 'data').password;
    expect(text).toContain('helm_release');
    expect(text).not.toContain(Buffer.from(String(password), 'base64').toString());
    expect(text).not.toContain(String(password));
  });

  it.each([
    ['EKS', { ...environments.eks, imageTag: 'test' }],
    ['EKS with topics of another prefix', { ...environments.eks, imageTag: 'test', ...wide }],
    ['EKS with a way in for people', { ...environments.eks, imageTag: 'test', wayIn, alerts }],
    ['GKE', { ...environments.gke, imageTag: 'test' }],
  ])(
    'would accept every object that %s gets, custom resources included',
    async (_name, environment) => {
      const releases = await renderedReleases(environment, join(cluster.bin, 'helm'));
      expect(releases.map(({ name }) => name)).toContain('secrets');
      const dryRun = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'];
      for (const { namespace, objects } of releases) {
        // As Helm does it: a default for objects without a namespace, and no objection to those with another.
        await cluster.kubectl(['config', 'set-context', '--current', '--namespace', namespace]);
        await cluster.kubectl(dryRun, objects);
      }
    },
    60_000,
  );

  it('does what docs/operate.md says, where that needs no more than Kubernetes', async () => {
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(aKeyFromTheCloud));
    const commands = operateCommands().filter(({ needs }) => needs === 'cluster');
    expect(commands.length).toBeGreaterThan(10);
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, NEW_KEY: 'the-second-key' };
    for (const { line } of commands) await run('bash', ['-euo', 'pipefail', '-c', line], { env });
    const [key] = await items('secrets', '--field-selector=metadata.name=twelve-data');
    expect(at(key, 'data').apiKey).toBe(Buffer.from('the-second-key').toString('base64'));
  }, 120_000);

  it('leaves the volumes when the pipeline is withdrawn, and finds them again', async () => {
    const volumes = async () =>
      (await items('persistentvolumeclaims')).map(claim => [
        at(claim, 'metadata').name,
        at(claim, 'metadata').uid,
        at(claim, 'status').phase,
      ]);
    const before = await volumes();
    expect(before.map(([name, , phase]) => [name, phase])).toEqual([
      ['data-cassandra-0', 'Bound'],
      ['data-kafka-0', 'Bound'],
    ]);
    await withdraw(options());
    expect(await names('deployments,statefulsets')).toEqual([]);
    expect(await volumes()).toEqual(before);
    await deploy(options());
    expect(await volumes()).toEqual(before);
  }, 120_000);
});

function cores(quantity: string): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1_000 : Number(quantity);
}

function mebibytes(quantity: string): number {
  return quantity.endsWith('Gi') ? Number(quantity.slice(0, -2)) * 1_024 : Number(quantity.replace('Mi', ''));
}

/** On kind the simulator needs none. */
const aKeyFromTheCloud = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name: 'twelve-data', namespace: 'tapeline' },
  spec: { secretStoreRef: { kind: 'ClusterSecretStore', name: 'cloud' }, data: [] },
};
