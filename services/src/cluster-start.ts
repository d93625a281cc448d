/**
 * This file starts the nodes of one cluster together, on ports that it had before or on free ones.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { PipelineError } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { type Cluster, HOST, nodeDirectoryOf, readCluster, writeCluster } from './cluster-file.ts';
import { exclusively } from './exclusive.ts';
import { freePorts, isFree } from './free-ports.ts';
import { runningPid } from './process-identity.ts';
import { alreadyRunning, type ServerNode } from './server-node.ts';
import { usableFolder } from './usable-folder.ts';

const PORT_ATTEMPTS = 4;

/** What both servers' start functions take. */
export interface StartOptions {
  /** Where state and logs are kept; created when absent, used again when it holds a cluster that is down. */
  readonly directory: string;
  /** @default readEnvironment().cacheDirectory */
  readonly cacheDirectory?: string | undefined;
  /** Largest Java heap of each node, in MB. @default 512 for Kafka, 768 for Cassandra */
  readonly heapMb?: number | undefined;
  /** The heap is as large from the start, as start scripts of servers for long use make it: few and even collections. @default false */
  readonly wholeHeap?: boolean | undefined;
  /** True when the servers are to outlive this process; otherwise they end with it, even when it is killed. @default false */
  readonly keep?: boolean | undefined;
  /** True to join servers that run in `directory` already, which are refused otherwise. @default false */
  readonly adopt?: boolean | undefined;
  readonly logger?: Logger | undefined;
  /** Gives the start up and ends what it had started. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClusterPlan {
  readonly service: Cluster['service'];
  readonly nodeCount: number;
  readonly portsPerNode: number;
  readonly isSecured: boolean;
  /** The first port of the first node. @default a free one */
  readonly port?: number | undefined;
  /** Called for each set of ports that is tried, before any node starts. */
  readonly makeNodes: (cluster: Cluster, directory: string) => Promise<readonly ServerNode[]>;
}

/** A cluster of which every node answers. */
export interface StartedCluster {
  readonly cluster: Cluster;
  readonly nodes: readonly ServerNode[];
}

/** @throws PipelineError `services.unavailable` */
export async function startCluster(plan: ClusterPlan, options: StartOptions): Promise<StartedCluster> {
  const directory = await usableFolder(options.directory);
  const onWait = () => options.logger?.info({ directory }, `${plan.service}: waiting for another process that starts it in ${directory}`);
  return await exclusively(join(directory, 'start.lock'), () => startLocked(plan, directory, options), { onWait, signal: options.signal });
}

async function startLocked(plan: ClusterPlan, directory: string, options: StartOptions): Promise<StartedCluster> {
  const before = await readCluster(directory);
  if (before !== undefined) refuseOther(plan, before, directory);
  const running = before === undefined ? 0 : await countRunning(before, directory, plan.service, options.adopt ?? false);
  for (let attempt = 1; ; attempt++) {
    const cluster = running > 0 && before !== undefined ? before : await withPorts(plan, before, attempt);
    await writeCluster(directory, cluster);
    const nodes = await plan.makeNodes(cluster, directory);
    try {
      await startNodes(nodes, options);
      return { cluster, nodes };
    } catch (error) {
      // Somebody took a port between our look and the server's bind.
      const again = error instanceof PipelineError && error.fields.portTaken === true && running === 0 && attempt < PORT_ATTEMPTS;
      if (!again) throw error;
      options.logger?.warn({ directory, attempt }, `${plan.service}: a port was taken meanwhile, trying others`);
    }
  }
}

function refuseOther(plan: ClusterPlan, before: Cluster, directory: string): void {
  if (before.service === plan.service && before.isSecured !== plan.isSecured) {
    const [is, wanted] = before.isSecured ? ['a secured', 'an open'] : ['an open', 'a secured'];
    const message = `${directory} holds ${is} ${plan.service}, but ${wanted} one was asked for; name another folder`;
    throw new PipelineError('services.unavailable', message, { retriable: false, fields: { directory } });
  }
  if (before.service === plan.service && before.nodes.length === plan.nodeCount) return;
  const message =
    `${directory} holds ${before.nodes.length} ${before.service} node(s), but ${plan.nodeCount} of ${plan.service} were asked for; ` +
    `stop them and remove the folder, or name another`;
  throw new PipelineError('services.unavailable', message, { retriable: false, fields: { directory } });
}

async function countRunning(cluster: Cluster, directory: string, service: string, adopt: boolean): Promise<number> {
  let count = 0;
  for (const { id } of cluster.nodes) {
    const nodeDirectory = nodeDirectoryOf(directory, id);
    const pid = await runningPid(nodeDirectory);
    if (pid !== undefined && !adopt) throw alreadyRunning(`${service} node ${id}`, pid, nodeDirectory);
    count += pid === undefined ? 0 : 1;
  }
  return count;
}

/** The ports of last time while they are free, because clients may know them; else new ones. */
async function withPorts(plan: ClusterPlan, before: Cluster | undefined, attempt: number): Promise<Cluster> {
  if (before !== undefined && attempt === 1 && (await keepsPorts(plan, before))) return before;
  const ports = [...(await freePorts(plan.nodeCount * plan.portsPerNode))];
  if (plan.port !== undefined) ports[0] = await wantedPort(plan.port);
  const nodes = Array.from({ length: plan.nodeCount }, (_, index) => ({
    id: index + 1,
    ports: ports.slice(index * plan.portsPerNode, (index + 1) * plan.portsPerNode),
  }));
  return { service: plan.service, clusterId: before?.clusterId ?? newClusterId(), isSecured: plan.isSecured, nodes };
}

async function wantedPort(port: number): Promise<number> {
  if (await isFree(port, HOST)) return port;
  const message = `port ${port} on ${HOST} is taken; name another one, or none to have a free one chosen`;
  throw new PipelineError('services.unavailable', message, { retriable: true, fields: { port } });
}

async function keepsPorts(plan: ClusterPlan, before: Cluster): Promise<boolean> {
  const ports = before.nodes.flatMap(node => node.ports);
  if (plan.port !== undefined && ports[0] !== plan.port) return false;
  return (await Promise.all(ports.map(port => isFree(port, HOST)))).every(free => free);
}

/** Kafka's form: 16 bytes in URL-safe base 64; one that begins with a hyphen would look like an option to its tools. */
function newClusterId(): string {
  return `T${randomBytes(16).toString('base64url').slice(1, 22)}`;
}

/** Starts those that do not run; when one fails, those that this call started end again. */
async function startNodes(nodes: readonly ServerNode[], options: StartOptions): Promise<void> {
  const failure = new AbortController();
  const signal = options.signal === undefined ? failure.signal : AbortSignal.any([failure.signal, options.signal]);
  const startedHere: ServerNode[] = [];
  const startOne = async (node: ServerNode) => {
    if (await node.adopt(signal)) return;
    startedHere.push(node);
    await node.start(signal);
  };
  const abort = (error: unknown) => {
    failure.abort(error);
    throw error;
  };
  const results = await Promise.allSettled(nodes.map(node => startOne(node).catch(abort)));
  if (results.every(({ status }) => status === 'fulfilled')) return;
  await Promise.all(startedHere.map(node => node.kill('SIGKILL')));
  options.signal?.throwIfAborted();
  throw failure.signal.reason;
}
