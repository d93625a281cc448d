/**
 * This file puts the whole pipeline on a real node, by the stacks of kind and the very steps of `kind:up`; only the images come
 * another way, and custom resource definitions stand in for the operators.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { Values } from '../../src/chart-values.ts';
import { waitUntilReady } from '../../src/deploy/cluster.ts';
import { type DeploymentOptions, deploy } from '../../src/deploy/deployment.ts';
import { type Environment, environments } from '../../src/environments.ts';
import { buildClusterImages, type ClusterImages, serverTag } from './cluster-images.ts';
import type { ComparisonReport } from './compare-with-replay.ts';
import { whileHopeful } from './hopeless-pods.ts';
import { prepareForOldProviders, writeTerraformConfiguration } from './old-providers.ts';
import { execute, type RealNode, startRealNode } from './real-node.ts';
import { makeVolumes } from './volume-maker.ts';

const comparison = fileURLToPath(new URL('./compare-with-replay.ts', import.meta.url));
const crds = (node: RealNode) => join(node.scripts, '..', '..', 'crds');
/** Eight times what it takes on two idle processors, for a machine that does much else; what cannot succeed is noticed long before. */
const READY_WITHIN_SECONDS = 300;
/** Of one application of the stacks; Helm by itself would wait for half an hour. */
const DEPLOY_DEADLINE_MS = 720_000;
/** Secrets that a cloud's manager would give; the simulator takes any key. */
const secrets = { 'twelve-data': { apiKey: 'the-first-key' }, 'board-token': { token: 'the-first-token-of-the-board' } } as const;

export interface PipelineOnNode {
  readonly node: RealNode;
  readonly images: ClusterImages;
  /** What programs show the board at first. */
  readonly boardToken: string;
  /** Applies the stacks again with images of another tag, which are the same ones; returns when everything is ready. */
  upgrade(tag: string): Promise<void>;
  /** Returns when everything is ready; throws at once where nothing can become so. */
  ready(): Promise<void>;
  /** Compares the store with the log; `exact` when nobody writes. */
  compare(exact?: 'exact'): Promise<ComparisonReport>;
  /** Standard output of helm. */
  helm(args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** Starts a node in `directory`, builds the images of the working tree, and installs everything; returns when all is ready. */
export async function startPipelineOnNode(directory: string, tag: string): Promise<PipelineOnNode> {
  const stopping = new AbortController();
  const node = await startRealNode(directory);
  // All that is made on the way lies in the node's folder, which goes with it.
  const scratch = join(directory, 'images');
  mkdirSync(scratch);
  const close = async () => {
    stopping.abort();
    await node.wipe();
  };
  try {
    await installDefinitions(node);
    const images = await buildClusterImages(node.scripts, scratch, tag);
    await node.importImages(images.archive);
    makeVolumes(node, stopping.signal).catch(() => undefined);
    makeSecrets(node, stopping.signal).catch(() => undefined);
    const apply = async (imageTag: string) =>
      await whileHopeful(node, DEPLOY_DEADLINE_MS, signal => deploy({ ...deploymentOf(node, directory, imageTag), signal }));
    await apply(tag);
    const upgrade = async (newTag: string) => {
      const ours = images.weights.map(({ name }) => name).filter(name => name.endsWith(`:${tag}`));
      for (const name of ours) await node.tagImage(name, name.replace(`:${tag}`, `:${newTag}`));
      await apply(newTag).catch(async (error: unknown) => {
        throw new Error(`the upgrade failed: ${reasonOf(error)}\n${await stateOf(node)}`, { cause: error });
      });
    };
    const ready = () => whileHopeful(node, DEPLOY_DEADLINE_MS, () => waitUntilReady(node.kubectl, READY_WITHIN_SECONDS));
    const environment = { ...process.env, KUBECONFIG: node.kubeconfig };
    const helm = (args: readonly string[]) => execute(join(node.bin, 'helm'), args, { environment });
    return { node, images, boardToken: secrets['board-token'].token, ready, upgrade, helm, close, compare: exact => compare(node, exact) };
  } catch (error) {
    const state = await stateOf(node).catch(reasonOf);
    await close();
    throw new Error(`the pipeline did not come up on the node: ${reasonOf(error)}\n${state}`, { cause: error });
  }
}

/** What a person would look at first: pods, the last warnings, and the end of the log of each pod that is not ready. */
export async function stateOf(node: RealNode): Promise<string> {
  const ask = (...args: readonly string[]) => node.kubectl(args).catch(reasonOf);
  const { items } = JSON.parse(await node.kubectl(['get', 'pods', '--all-namespaces', '-o', 'json'])) as { items: readonly Pod[] };
  const unready = items.filter(({ status }) => status.phase !== 'Succeeded' && !status.containerStatuses?.every(({ ready }) => ready));
  const logs = unready.map(({ metadata: { namespace, name } }) => ask('-n', namespace, 'logs', name, '--all-containers', '--tail=20'));
  const pods = await ask('get', 'pods', '--all-namespaces', '-o', 'wide');
  const events = await ask('get', 'events', '--all-namespaces', '--field-selector=type=Warning', '--sort-by=.lastTimestamp');
  return [pods, events.split('\n').slice(-25).join('\n'), ...(await Promise.all(logs))].join('\n');
}

interface Pod {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly status: { readonly phase: string; readonly containerStatuses?: readonly { readonly ready: boolean }[] };
}

async function installDefinitions(node: RealNode): Promise<void> {
  const files = readdirSync(crds(node)).filter(file => file.endsWith('.yaml'));
  await node.kubectl(['apply', '--server-side', ...files.flatMap(file => ['-f', join(crds(node), file)])]);
  await node.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
}

/** As soon as the namespace is there, which Terraform makes; pods wait for them. */
async function makeSecrets(node: RealNode, signal: AbortSignal): Promise<void> {
  const items = Object.entries(secrets).map(([name, stringData]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'tapeline' },
    stringData,
  }));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  while (!signal.aborted) {
    const made = await node.kubectl(['apply', '--server-side', '-f', '-'], list).catch(() => undefined);
    if (made !== undefined) return;
    await pause(1_000, signal);
  }
}

function deploymentOf(node: RealNode, directory: string, tag: string): DeploymentOptions {
  return {
    environment: environmentOf(tag),
    outdir: join(directory, 'cdktf.out'),
    kubeconfig: node.kubeconfig,
    context: 'local-test',
    kubectl: node.kubectl,
    processVariables: { ...process.env, TF_CLI_CONFIG_FILE: writeTerraformConfiguration(directory, join(node.bin, 'provider-mirror')) },
    prepare: prepareForOldProviders,
    readyWithinSeconds: READY_WITHIN_SECONDS,
  };
}

/** The environment kind on two processors: smaller requests, the charts' own limits. KEDA is not there, so the number of processors is fixed. */
function environmentOf(tag: string): Environment {
  const server = (name: string): Values => ({ imageRepository: `tapeline-test/${name}`, imageTag: serverTag });
  const modest = { resources: { requests: { cpu: '50m' } } } as const;
  return {
    ...environments.kind,
    imageTag: tag,
    autoscaling: 'none',
    chartValues: {
      kafka: server('kafka'),
      cassandra: server('cassandra'),
      simulator: { ticksPerSecond: 50 },
      ingester: { ...modest, apiKeySecret: 'twelve-data' },
      'stream-processor': { ...modest, replicas: 4, settings: { SNAPSHOT_INTERVAL_MS: '2000' } },
      'live-board': { ...modest, tokenSecret: 'board-token' },
    },
  };
}

async function compare(node: RealNode, exact: 'exact' | undefined): Promise<ComparisonReport> {
  const environment = {
    KAFKA_BROKERS: 'kafka.tapeline-data.svc:9092',
    CASSANDRA_CONTACT_POINTS: 'cassandra.tapeline-data.svc:9042',
    LOG_LEVEL: 'warn',
  };
  const args = ['--disable-warning=ExperimentalWarning', comparison, ...(exact === undefined ? [] : ['--exact'])];
  return JSON.parse(await node.runInside(process.execPath, args, environment)) as ComparisonReport;
}
