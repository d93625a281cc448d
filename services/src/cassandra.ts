/**
 * This file starts Apache Cassandra: one node on loopback, without authentication unless it is asked for.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PipelineError } from '@tapeline/core/errors';
import { cassandraAnswers } from './answers.ts';
import { cassandraModuleFlags } from './cassandra-modules.ts';
import { type CassandraDurability, type CassandraPorts, cassandraSettings } from './cassandra-settings.ts';
import { type Cluster, HOST, nodeDirectoryOf } from './cluster-file.ts';
import { type StartOptions, startCluster } from './cluster-start.ts';
import { readEnvironment } from './environment.ts';
import { jarFolder } from './jar-cache.ts';
import { findJava, type JavaNeed } from './java.ts';
import { markerOf } from './process-identity.ts';
import type { Security } from './security.ts';
import { type RunningNode, ServerNode } from './server-node.ts';

const VERSION = '5.0.9';
const START_DEADLINE_MS = 180_000;
/** It writes its tables out when it is asked to end. */
export const CASSANDRA_STOP_DEADLINE_MS = 30_000;

const need: JavaNeed = { server: `cassandra ${VERSION}`, minimum: 17, maximum: 17, variable: 'CASSANDRA_CONTACT_POINTS' };
const resources = fileURLToPath(new URL('../resources/cassandra/', import.meta.url));

export interface CassandraOptions extends StartOptions {
  /** @default 1, and no other number yet */
  readonly nodes?: 1 | undefined;
  /** For clients. @default a free one */
  readonly port?: number | undefined;
  /** `synced` when answered writes must survive `kill -9`. @default 'periodic' */
  readonly durability?: CassandraDurability | undefined;
  /** TLS, passwords and rights; at first there is `cassandra` alone, with that password. @default anybody may do everything */
  readonly secured?: Security | undefined;
}

export interface StartedCassandra {
  /** `host:port` of each node. */
  readonly contactPoints: readonly string[];
  readonly port: number;
  /** What a driver's load balancing asks for. */
  readonly localDataCenter: 'datacenter1';
  readonly nodes: readonly RunningNode[];
  /** Ends it; its data stays. */
  stop(): Promise<void>;
}

/**
 * The folder with Cassandra's jars, fetched when they are not in the cache.
 *
 * @throws PipelineError `services.unavailable`: no Maven, or no download
 */
export async function cassandraJars(options: Pick<StartOptions, 'cacheDirectory' | 'logger' | 'signal'> = {}): Promise<string> {
  const pomFile = join(resources, 'pom.xml');
  return await jarFolder({ ...options, name: `cassandra-${VERSION}`, pomFile, need, environment: readEnvironment() });
}

/**
 * Returns when the node answers clients.
 *
 * @throws PipelineError `services.unavailable`: no Java 17, no Maven, no download, running already, or the server's own reason
 */
export async function startCassandra(options: CassandraOptions): Promise<StartedCassandra> {
  const environment = readEnvironment();
  const { cacheDirectory, logger, signal } = options;
  const java = await findJava(need, environment);
  const jars = await cassandraJars({ cacheDirectory, logger, signal });
  const agent = await jammAgent(jars);
  const begin = performance.now();
  const makeNodes = async (cluster: Cluster, directory: string) =>
    await Promise.all(cluster.nodes.map(node => makeNode({ node, directory, java: java.executable, jars, agent, options })));
  const plan = {
    service: 'cassandra',
    nodeCount: 1,
    portsPerNode: 3,
    isSecured: options.secured !== undefined,
    port: options.port,
    makeNodes,
  } as const;
  const { nodes, cluster } = await startCluster(plan, options);
  const port = cluster.nodes[0]?.ports[0] ?? 0;
  const contactPoints = [`${HOST}:${port}`];
  logger?.info(
    { contactPoints },
    `cassandra ${VERSION}: ${contactPoints} ready after ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  );
  const stop = async () => void (await Promise.all(nodes.map(node => node.stop())));
  return { contactPoints, port, localDataCenter: 'datacenter1', nodes, stop };
}

interface NodeParts {
  readonly node: Cluster['nodes'][number];
  readonly directory: string;
  readonly java: string;
  readonly jars: string;
  readonly agent: string;
  readonly options: CassandraOptions;
}

async function makeNode({ node, directory: clusterDirectory, java, jars, agent, options }: NodeParts): Promise<ServerNode> {
  const directory = nodeDirectoryOf(clusterDirectory, node.id);
  const [nativePort = 0, storagePort = 0, jmxPort = 0] = node.ports;
  const ports: CassandraPorts = { nativePort, storagePort, jmxPort };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'cassandra.yaml'), cassandraSettings(HOST, ports, directory, options));
  const memory = memoryFlags(options);
  const properties = systemProperties(directory, jmxPort);
  const main = ['-cp', join(jars, '*'), 'org.apache.cassandra.service.CassandraDaemon'];
  return new ServerNode({
    id: node.id,
    name: `cassandra node ${node.id}`,
    directory,
    executable: java,
    args: [...cassandraModuleFlags, ...memory, `-javaagent:${agent}`, ...properties, markerOf(directory), ...main],
    answers: () => cassandraAnswers(HOST, nativePort, options.secured?.caFile),
    startDeadlineMs: START_DEADLINE_MS,
    stopDeadlineMs: CASSANDRA_STOP_DEADLINE_MS,
    keep: options.keep ?? false,
  });
}

/** Cassandra measures its memtables with this agent and does not start without it. */
async function jammAgent(jars: string): Promise<string> {
  const name = (await readdir(jars)).find(file => file.startsWith('jamm-'));
  if (name !== undefined) return join(jars, name);
  throw new PipelineError('services.unavailable', `no jamm-*.jar in ${jars}; remove that folder to fetch it again`, { retriable: false });
}

function memoryFlags({ heapMb = 768, wholeHeap = false }: StartOptions): readonly string[] {
  return [
    `-Xms${wholeHeap ? heapMb : Math.min(256, heapMb)}m`,
    `-Xmx${heapMb}m`,
    '-Xss256k',
    '-XX:MaxDirectMemorySize=256m',
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=50',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:+PerfDisableSharedMem',
  ];
}

function systemProperties(directory: string, jmxPort: number): readonly string[] {
  return [
    `-Dcassandra.config=${pathToFileURL(join(directory, 'cassandra.yaml'))}`,
    `-Dcassandra.storagedir=${directory}`,
    `-Dcassandra.logdir=${directory}`,
    `-Dcassandra.jmx.local.port=${jmxPort}`,
    // Otherwise it closes standard output and error once it is up, and what a crash says there is lost.
    '-Dcassandra-foreground=yes',
    // A node alone has nobody to gossip with: these waits are for clusters.
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    '-Dcassandra.ring_delay_ms=1000',
    '-Dcassandra.superuser_setup_delay_ms=100',
    '-Dcassandra.consistent.rangemovement=false',
    `-Djava.io.tmpdir=${join(directory, 'tmp')}`,
    '-Djava.net.preferIPv4Stack=true',
    '-Djava.security.manager=allow',
    '-Djdk.attach.allowAttachSelf=true',
    '-Dio.netty.tryReflectionSetAccessible=true',
    `-Dlogback.configurationFile=${join(resources, 'logback.xml')}`,
    `-Dtapeline.log=${join(directory, 'server.log')}`,
  ];
}
