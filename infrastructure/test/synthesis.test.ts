import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type Environment, environments } from '../src/environments.ts';
import { pipelineCharts } from '../src/pipeline-values.ts';
import { synthesise } from '../src/synthesis.ts';
import { goldenFile, readGolden, renderGolden } from './support/goldens.ts';
import { at, type JsonMap, textsIn } from './support/json.ts';
import { alerts, type Stacks, synthesised, testEnvironments } from './support/synthesised.ts';

const stacks = synthesised();

describe('synthesis', () => {
  it('gives the same bytes twice, charts included', () => {
    const [first = '', second = ''] = [1, 2].map(() => {
      const outdir = join(temporaryFolder('synth'), 'cdktf.out');
      synthesise({ outdir, environments: testEnvironments });
      return outdir;
    });
    expect(filesIn(first).length).toBeGreaterThan(100);
    expect(contents(second)).toEqual(contents(first));
  });

  it('gives platform and pipeline on kind, and a cluster before them in a cloud', () => {
    expect([...stacks.keys()]).toEqual([
      'eks-cluster',
      'eks-pipeline',
      'eks-platform',
      'gke-cluster',
      'gke-pipeline',
      'gke-platform',
      'kind-pipeline',
      'kind-platform',
    ]);
  });

  it.each([...stacks])('of %s is as reviewed; `npm run goldens` renews it', (name, stack) => {
    expect(renderGolden(stack)).toBe(readGolden(name));
  });

  it('has no golden of a stack that is gone', () => {
    const folder = fileURLToPath(new URL('goldens/', import.meta.url));
    expect(readdirSync(folder).map(file => basename(file, '.json'))).toEqual([...stacks.keys()]);
    expect(goldenFile('kind-platform').endsWith('goldens/kind-platform.json')).toBe(true);
  });

  it('names no place of this machine, so that any other may apply it', () => {
    const repository = fileURLToPath(new URL('../../', import.meta.url));
    const placed = [...stacks].filter(([, stack]) => JSON.stringify(stack).includes(repository));
    expect(placed).toEqual([]);
  });

  it('keeps the state of kind in a local file, and of each cloud in its own bucket with a lock', () => {
    const backends = [...stacks].map(([name, stack]) => [name, at(stack, 'terraform', 'backend')] as const);
    const backend = Object.fromEntries(backends);
    expect(backend['kind-pipeline']).toEqual({ local: { path: '../../../terraform-state/kind-pipeline.tfstate' } });
    expect(backend['eks-platform']).toEqual({
      s3: {
        bucket: 'tapeline-terraform-state',
        region: 'eu-central-1',
        key: 'tapeline/eks-platform.tfstate',
        encrypt: true,
        use_lockfile: true,
      },
    });
    expect(backend['gke-cluster']).toEqual({ gcs: { bucket: 'tapeline-terraform-state', prefix: 'tapeline/gke-cluster' } });
  });

  it('pins every provider to one version and every chart and module exactly', () => {
    for (const stack of stacks.values()) {
      const providers = Object.values(at(stack, 'terraform', 'required_providers')).map(provider => at(provider).version);
      const modules = Object.values(at(stack, 'module')).map(module => at(module).version);
      const charts = Object.values(at(stack, 'resource', 'helm_release')).filter(release => 'repository' in at(release));
      const versions = [...providers, ...modules, ...charts.map(release => at(release).version)];
      expect(versions.filter(version => !/^v?\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
    }
  });

  it('holds no secret: what is called password, key or token is the name of a Secret', () => {
    const texts = [...stacks.values()]
      .flatMap(textsIn)
      .flatMap(text => [...text.matchAll(/"(\w*(?:[Pp]assword|[Ss]ecret|[Kk]ey)\w*)": "([^"]*)"/g)]);
    const values = new Set(texts.map(([, , value = '']) => value));
    expect([...values].toSorted()).toEqual([
      'board-token',
      'cassandra-ca',
      'cassandra-grafana',
      'cassandra-migrator',
      'cassandra-reader',
      'cassandra-worker',
      'cassandra-writer',
      'kafka-ca',
      'kafka-user-backfiller',
      'kafka-user-daily-jobs',
      'kafka-user-ingester',
      'kafka-user-kafdrop',
      'kafka-user-live-board',
      'kafka-user-notifier',
      'kafka-user-stream-processor',
      'notifier-smtp',
      'twelve-data',
    ]);
  });

  it("takes the vendor's key on kind from an ephemeral variable into a write-only attribute, and never keeps it", () => {
    const platform = synthesised([{ ...environments.kind, feed: 'twelve-data' }]).get('kind-platform');
    expect(at(platform, 'variable', 'twelve_data_api_key')).toMatchObject({ ephemeral: true, sensitive: true });
    const [secret] = Object.values(at(platform, 'resource', 'kubernetes_secret_v1'));
    expect(at(secret, 'data_wo')).toEqual({ apiKey: `\${var.twelve_data_api_key}` });
    expect(at(secret)).not.toHaveProperty('data');
  });

  it.each([
    ['token', { tokenSecret: 'board-token' }, ['token']],
    ['oauth2-proxy', { loginProxy: 'oauth2-proxy', loginProxySecret: 'board-login' }, ['oauth2-proxy.cfg']],
  ] as const)('opens a cloud to people only past a login (%s) and by TLS', (boardLogin, login, keys) => {
    const wayIn = {
      boardHost: 'board.example.com',
      grafanaHost: 'grafana.example.com',
      boardLogin,
      ingressClass: 'nginx',
      clusterIssuer: 'letsencrypt',
    };
    const pipeline = synthesised([{ ...environments.eks, imageTag: 'test', wayIn }]).get('eks-pipeline');
    const values = (name: string) => valuesOf(pipeline, name);
    expect(values('live-board')).toMatchObject({
      ingressKind: 'ingress',
      ingressHost: 'board.example.com',
      ingressTlsSecret: 'board-example-com-tls',
      ...login,
    });
    expect(values('secrets').secrets.at(-1)).toMatchObject({ name: Object.values(login).at(-1), keys });
    expect(values('grafana')).toMatchObject({ ingressKind: 'ingress', ingressHost: 'grafana.example.com' });
    expect(values('kafdrop')).not.toHaveProperty('ingressKind');
  });

  it('lets Alertmanager call those whom a secret of the cloud names, by mail too, and else gives it no way out', () => {
    const called = synthesised([{ ...environments.eks, imageTag: 'test', alertmanagerSecret: 'alertmanager' }]);
    const values = (stack: string, name: string) => valuesOf(called.get(stack), name);
    const spec = values('eks-platform', 'kube-prometheus-stack').alertmanager.alertmanagerSpec;
    expect(spec).toMatchObject({ useExistingSecret: true, configSecret: 'alertmanager' });
    const secret = { name: 'alertmanager', namespaces: ['tapeline-platform'], keys: ['alertmanager.yaml'] };
    expect(values('eks-pipeline', 'secrets').secrets).toContainEqual(secret);
    expect(at(policyOf(called, 'alertmanager-to-receivers'), 'spec')).toMatchObject({
      pod_selector: { match_expressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: ['alertmanager'] }] },
      egress: [{ ports: ['443', '465', '587'].map(port => ({ port, protocol: 'TCP' })), to: [{ ip_block: { cidr: '0.0.0.0/0' } }] }],
    });
    expect(policyOf(stacks, 'alertmanager-to-receivers')).toBeUndefined();
  });

  it('tells all that asks for the processors’ snapshots of another consumer group, and Kafka, which gives the right to it', () => {
    const given = { ...environments.eks, imageTag: 'test', exportBucket: 'ours', consumerGroup: 'ours' };
    const values = (chart: string) => valuesOf(synthesised([given]).get('eks-pipeline'), chart);
    expect(values('kafka').consumerGroup).toBe('ours');
    const told = ['stream-processor', 'live-board', 'daily-jobs'].map(chart => values(chart).settings);
    expect(told.map(({ KAFKA_GROUP, CASSANDRA_LOCAL_DATACENTER }) => [KAFKA_GROUP, CASSANDRA_LOCAL_DATACENTER])).toEqual(
      told.map(() => ['ours', 'datacenter1']),
    );
  });

  it('makes topics of another prefix and gives the rights to them before anything uses them, and then has all use them', () => {
    const made = { ...environments.eks, imageTag: 'test', alerts, furtherPipelines: [{ prefix: 'wide.', feedPartitions: 48 }] };
    const releasesOf = (environment: Environment) => synthesised([environment]).get('eks-pipeline');
    const differing = (one: JsonMap | undefined, other: JsonMap | undefined) =>
      pipelineCharts(made).filter(chart => JSON.stringify(valuesOf(one, chart)) !== JSON.stringify(valuesOf(other, chart)));
    const [before, prepared, used] = [{ ...environments.eks, imageTag: 'test', alerts }, made, { ...made, topicPrefix: 'wide.' }].map(
      releasesOf,
    );
    expect(differing(before, prepared)).toEqual(['kafka']);
    expect(valuesOf(prepared, 'kafka').furtherPipelines).toEqual([{ prefix: 'wide.', feedPartitions: 48 }]);
    const users = ['ingester', 'stream-processor', 'backfiller', 'daily-jobs', 'live-board', 'notifier'];
    expect(differing(prepared, used)).toEqual(users);
    expect(users.map(chart => valuesOf(used, chart).settings.KAFKA_TOPIC_PREFIX)).toEqual(users.map(() => 'wide.'));
    const makers = users.filter(chart => chart !== 'live-board');
    expect(makers.map(chart => valuesOf(used, chart).settings.KAFKA_FEED_PARTITIONS)).toEqual(makers.map(() => '48'));
    expect(valuesOf(used, 'stream-processor').maxReplicas).toBe(48);
  });

  it('waits as long for whatever comes right after Kafka and Cassandra as for them, which operators make ready behind Helm’s back', () => {
    const releases = Object.values(at(stacks.get('eks-pipeline'), 'resource', 'helm_release')).map(release => at(release));
    const ofServers = releases.filter(
      ({ depends_on: earlier = [] }) => /\.(kafka|cassandra)_/.test(`${earlier}`) && !`${earlier}`.includes('migrations'),
    );
    expect(ofServers.map(({ name }) => name)).toEqual(['ingester', 'kafdrop', 'migrations']);
    expect(new Set(ofServers.map(({ timeout }) => timeout))).toEqual(new Set([1_800]));
  });

  it('has the migrations make tables of the next generation where that is said, and otherwise not', () => {
    const values = (spareGeneration: boolean) =>
      valuesOf(synthesised([{ ...environments.eks, imageTag: 'test', spareGeneration }]).get('eks-pipeline'), 'migrations');
    expect([values(true).spareGeneration, values(false).spareGeneration]).toEqual([true, undefined]);
  });

  it('lets operators reach the API server where that is known to be, and only those at 443 of the world that call somebody there', () => {
    const platform = synthesised([{ ...environments.eks, imageTag: 'test', kubernetesApiCidrs: ['10.40.3.7/32', '172.20.0.1/32'] }]);
    const policies = Object.values(at(platform.get('eks-platform'), 'resource', 'kubernetes_network_policy_v1')).map(policy => at(policy));
    const open = policies.filter(policy => JSON.stringify(policy).includes('"443"'));
    expect(open.map(policy => [at(policy, 'metadata').name, at(policy, 'spec').pod_selector, peersOf(policy)])).toEqual([
      ['cert-manager-to-authorities', selector('In', 'cert-manager'), ['0.0.0.0/0']],
      ['external-secrets-to-secret-manager', selector('In', 'external-secrets'), ['0.0.0.0/0']],
      ['operators-to-kubernetes-api', selector('NotIn', 'alertmanager'), ['10.40.3.7/32', '172.20.0.1/32']],
    ]);
    expect(peersOf(policyOf(stacks, 'operators-to-kubernetes-api'))).toEqual(['0.0.0.0/0']);
  });

  it('lets Prometheus read the metrics of the reloaders beside itself and Alertmanager, which the chart of both has it do', () => {
    expect(at(policyOf(stacks, 'prometheus-to-config-reloaders'), 'spec')).toMatchObject({
      pod_selector: { match_expressions: [{ operator: 'In', values: ['prometheus', 'alertmanager'] }] },
      ingress: [{ ports: [{ port: '8080' }], from: [{ pod_selector: { match_labels: { 'app.kubernetes.io/name': 'prometheus' } } }] }],
    });
  });

  it.each([
    ['eks', { exportRegion: 'eu-central-1' }],
    ['gke', { exportRegion: 'europe-west3', exportEndpoint: 'https://storage.googleapis.com' }],
  ] as const)('exports to a bucket of the cloud where one is named: %s', (name, where) => {
    const environment = { ...environments[name], imageTag: 'test', exportBucket: 'ours' };
    const pipeline = synthesised([environment]).get(`${name}-pipeline`);
    const values = (chart: string) => valuesOf(pipeline, chart);
    expect(values('daily-jobs')).toMatchObject({
      exportBucket: 'ours',
      exportKeySecret: 'export-bucket',
      exportImageRepository: 'registry.example.com/tapeline/live-board',
      ...where,
    });
    expect(values('secrets').secrets).toContainEqual({
      name: 'export-bucket',
      namespaces: ['tapeline'],
      keys: ['accessKeyId', 'secretAccessKey'],
    });
  });
});

/** What a release of a stack is given. */
function valuesOf(stack: JsonMap | undefined, name: string) {
  const releases = Object.values(at(stack, 'resource', 'helm_release')).map(release => at(release));
  return JSON.parse(String(at(releases.find(release => release.name === name)).values));
}

/** A NetworkPolicy of the platform on EKS. */
function policyOf(made: Stacks, name: string): JsonMap | undefined {
  const policies = Object.values(at(made.get('eks-platform'), 'resource', 'kubernetes_network_policy_v1')).map(policy => at(policy));
  return policies.find(policy => at(policy, 'metadata').name === name);
}

function selector(operator: 'In' | 'NotIn', app: string) {
  return { match_expressions: [{ key: 'app.kubernetes.io/name', operator, values: [app] }] };
}

/** The addresses that a policy lets its pods reach. */
function peersOf(policy: JsonMap | undefined): readonly unknown[] {
  const { egress } = at(policy, 'spec') as { readonly egress?: readonly { readonly to: readonly JsonMap[] }[] };
  return (egress ?? []).flatMap(({ to }) => to.map(peer => at(peer, 'ip_block').cidr));
}

function filesIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length))
    .toSorted();
}

function contents(folder: string): ReadonlyMap<string, string> {
  return new Map(filesIn(folder).map(file => [file, readFileSync(join(folder, file), 'utf8')]));
}
