/**
 * This file starts Apache Kafka: one broker, or three, each of them broker and controller (KRaft), on loopback.
 */
import { execFile } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { kafkaAnswers } from './answers.ts';
import { type Cluster, HOST, nodeDirectoryOf } from './cluster-file.ts';
import { type StartOptions, startCluster } from './cluster-start.ts';
import { readEnvironment } from './environment.ts';
import { jarFolder } from './jar-cache.ts';
import { findJava, type Java, type JavaNeed } from './java.ts';
import { type KafkaNode, type KafkaSecurity, kafkaProperties } from './kafka-properties.ts';
import { markerOf } from './process-identity.ts';
import type { Security } from './security.ts';
import { type RunningNode, ServerNode } from './server-node.ts';

const run = promisify(execFile);

const VERSION = '4.3.1';
const START_DEADLINE_MS = 120_000;
/** Brokers that stop together may wait for a controller that is gone already. */
export const KAFKA_STOP_DEADLINE_MS = 20_000;

const need: JavaNeed = { server: `kafka ${VERSION}`, minimum: 17, variable: 'KAFKA_BROKERS' };
const resources = fileURLToPath(new URL('../resources/kafka/', import.meta.url));

export interface KafkaOptions extends StartOptions {
  readonly brokers: 1 | 3;
  /** TLS, SCRAM-SHA-512 and ACLs. @default anybody may do everything */
  readonly secured?: SecuredKafkaOptions | undefined;
  /** Ports on loopback of proxies, one for each broker: clients that come by them are told to come by them. */
  readonly proxyPorts?: readonly number[] | undefined;
}

export interface SecuredKafkaOptions {
  readonly security: Security;
  /** Who is known beside `admin`, who may do everything; chosen at the first start, for Kafka takes them when it formats its folder. */
  readonly users: readonly string[];
}

export interface StartedKafka {
  /** `host:port` of each broker. */
  readonly brokers: readonly string[];
  /** Where each proxy of `proxyPorts` leads to; empty without them. */
  readonly behindProxies: readonly string[];
  readonly nodes: readonly RunningNode[];
  /** Ends all brokers; their data stays. */
  stop(): Promise<void>;
}

/**
 * The folder with Kafka's jars, fetched when they are not in the cache.
 *
 * @throws PipelineError `services.unavailable`: no Maven, or no download
 */
export async function kafkaJars(options: Pick<StartOptions, 'cacheDirectory' | 'logger' | 'signal'> = {}): Promise<string> {
  const pomFile = join(resources, 'pom.xml');
  return await jarFolder({ ...options, name: `kafka-${VERSION}`, pomFile, need, environment: readEnvironment() });
}

/**
 * Returns when every broker answers. With three brokers topics have three replicas and need two of them.
 *
 * @throws PipelineError `services.unavailable`: no Java, no Maven, no download, running already, or the server's own reason
 */
export async function startKafka(options: KafkaOptions): Promise<StartedKafka> {
  const environment = readEnvironment();
  const { cacheDirectory, logger, signal } = options;
  const java = await findJava(need, environment);
  const jars = await kafkaJars({ cacheDirectory, logger, signal });
  const logins = options.secured && (await loginsOf(options.secured));
  const begin = performance.now();
  const makeNodes = async (cluster: Cluster, directory: string) => {
    const nodes = kafkaNodesOf(cluster, options);
    return await Promise.all(nodes.map(node => makeNode({ node, nodes, cluster, directory, java, jars, options, logins })));
  };
  const isSecured = options.secured !== undefined;
  const portsPerNode = options.proxyPorts === undefined ? 2 : 3;
  const plan = { service: 'kafka', nodeCount: options.brokers, portsPerNode, isSecured, makeNodes } as const;
  const { nodes, cluster } = await startCluster(plan, options);
  const started = kafkaNodesOf(cluster, options);
  const brokers = started.map(({ clientPort }) => `${HOST}:${clientPort}`);
  const behindProxies = started.flatMap(({ behindProxy }) => (behindProxy === undefined ? [] : [`${HOST}:${behindProxy.port}`]));
  logger?.info({ brokers }, `kafka ${VERSION}: ${brokers.join(',')} ready after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return { brokers, behindProxies, nodes, stop: async () => void (await Promise.all(nodes.map(node => node.stop()))) };
}

interface Logins extends KafkaSecurity {
  /** Password by user. */
  readonly users: ReadonlyMap<string, string>;
}

async function loginsOf({ security, users }: SecuredKafkaOptions): Promise<Logins> {
  const passwords = new Map<string, string>();
  for (const user of ['admin', ...users]) passwords.set(user, (await security.password(`kafka-${user}`)).text);
  const { caFile, serverFile } = security;
  return { caFile, serverFile, adminPassword: passwords.get('admin') ?? '', users: passwords };
}

function kafkaNodesOf({ nodes }: Cluster, { proxyPorts }: KafkaOptions): readonly KafkaNode[] {
  return nodes.map(({ id, ports: [clientPort = 0, controllerPort = 0, port] }, index) => {
    const proxyPort = proxyPorts?.[index];
    const behindProxy = port === undefined || proxyPort === undefined ? {} : { behindProxy: { port, proxyPort } };
    return { id, clientPort, controllerPort, ...behindProxy };
  });
}

interface NodeParts {
  readonly node: KafkaNode;
  readonly nodes: readonly KafkaNode[];
  readonly cluster: Cluster;
  readonly directory: string;
  readonly java: Java;
  readonly jars: string;
  readonly options: KafkaOptions;
  readonly logins: Logins | undefined;
}

async function makeNode({
  node,
  nodes,
  cluster,
  directory: clusterDirectory,
  java,
  jars,
  options,
  logins,
}: NodeParts): Promise<ServerNode> {
  const directory = nodeDirectoryOf(clusterDirectory, node.id);
  const propertiesFile = join(directory, 'server.properties');
  await mkdir(directory, { recursive: true });
  await writeFile(propertiesFile, kafkaProperties(node, nodes, directory, logins), { mode: 0o600 });
  await format(java, jars, cluster.clusterId, directory, logins?.users);
  const classPath = ['-cp', join(jars, '*')];
  return new ServerNode({
    id: node.id,
    name: `kafka node ${node.id}`,
    directory,
    executable: java.executable,
    args: [...javaFlags(directory, options), markerOf(directory), ...classPath, 'kafka.Kafka', propertiesFile],
    answers: () => kafkaAnswers(HOST, node.clientPort, logins?.caFile),
    startDeadlineMs: START_DEADLINE_MS,
    stopDeadlineMs: KAFKA_STOP_DEADLINE_MS,
    keep: options.keep ?? false,
  });
}

function javaFlags(directory: string, { heapMb = 512, wholeHeap = false }: StartOptions): readonly string[] {
  return [
    `-Xms${wholeHeap ? heapMb : Math.min(128, heapMb)}m`,
    `-Xmx${heapMb}m`,
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:+PerfDisableSharedMem',
    '-Djava.net.preferIPv4Stack=true',
    `-Djava.io.tmpdir=${join(directory, 'tmp')}`,
    `-Dlog4j2.configurationFile=${join(resources, 'log4j2.xml')}`,
    `-Dtapeline.log=${join(directory, 'server.log')}`,
  ];
}

/** Gives an empty data folder the cluster's id and its first users, as Kafka wants before a first start. */
async function format(
  java: Java,
  jars: string,
  clusterId: string,
  directory: string,
  users: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const formatted = await access(join(directory, 'data', 'meta.properties')).then(
    () => true,
    () => false,
  );
  if (formatted) return;
  const quickStart = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:+PerfDisableSharedMem'];
  const logging = [`-Dlog4j2.configurationFile=${join(resources, 'log4j2.xml')}`, `-Dtapeline.log=${join(directory, 'format.log')}`];
  const tool = ['format', '-t', clusterId, '-c', join(directory, 'server.properties')];
  const scram = [...users].flatMap(([user, password]) => ['--add-scram', `SCRAM-SHA-512=[name=${user},password=${password}]`]);
  // A command line is everybody's to read; Java takes the passwords from a file.
  const argumentsFile = join(directory, 'format.args');
  try {
    await writeFile(argumentsFile, ['kafka.tools.StorageTool', ...tool, ...scram].map(quoted).join('\n'), { mode: 0o600 });
    await run(java.executable, [...quickStart, ...logging, '-cp', join(jars, '*'), `@${argumentsFile}`]);
  } catch (error) {
    const message = `kafka could not format ${directory}: ${reasonOf(error)}`;
    throw new PipelineError('services.unavailable', message, { retriable: false, cause: error });
  } finally {
    await rm(argumentsFile, { force: true });
  }
}

/** As Java reads a file of arguments: in quotes, backslashes doubled. */
function quoted(argument: string): string {
  return `"${argument.replaceAll('\\', '\\\\')}"`;
}
