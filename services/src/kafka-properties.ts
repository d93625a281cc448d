/**
 * This file writes a Kafka node's settings: broker and controller in one process, suited to tests and to one machine.
 */
import { join } from 'node:path';
import { serverPrincipal } from './security.ts';

export interface KafkaNode {
  readonly id: number;
  readonly clientPort: number;
  readonly controllerPort: number;
  /** A further listener for clients that come by a proxy: it listens on `port` and tells them to come to the proxy's. */
  readonly behindProxy?: { readonly port: number; readonly proxyPort: number };
}

/** What a node that asks who is there needs. */
export interface KafkaSecurity {
  /** Key and certificate of the nodes, PEM. */
  readonly serverFile: string;
  readonly caFile: string;
  /** Of user `admin`, as whom brokers talk to each other. */
  readonly adminPassword: string;
}

/** The text of `server.properties` for `node`, one of `nodes`. It holds a password with `security`. */
export function kafkaProperties(
  node: KafkaNode,
  nodes: readonly KafkaNode[],
  directory: string,
  security?: KafkaSecurity | undefined,
): string {
  const replicas = nodes.length >= 3 ? 3 : 1;
  const inSync = replicas === 3 ? 2 : 1;
  const settings: Readonly<Record<string, string | number | boolean>> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: listenersOf(node, node.behindProxy?.port, [`CONTROLLER://127.0.0.1:${node.controllerPort}`]),
    'advertised.listeners': listenersOf(node, node.behindProxy?.proxyPort),
    'inter.broker.listener.name': 'CLIENTS',
    ...(security === undefined ? open : secured(security)),
    'log.dirs': join(directory, 'data'),

    'auto.create.topics.enable': false,
    'num.partitions': 4,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,

    // A group of one test should not wait three seconds for more members, and a killed member should be missed soon.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 2000,
    // A broker that was killed is fenced after six seconds instead of nine.
    'broker.session.timeout.ms': 6000,
    'broker.heartbeat.interval.ms': 1000,

    // Retention goes by the records' own times: with the usual seven days a recording from last year would be deleted at once.
    'log.retention.ms': -1,
    // Topics that say so are cut soon: a load test would fill the disk in five minutes.
    'log.retention.check.interval.ms': 10_000,
    'log.segment.bytes': 128 * 1024 * 1024,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
    // As much as the system finds right: the usual 100 KiB wake a reader that catches up for each 100 KiB, for 5 % more of its processor's time.
    'socket.send.buffer.bytes': -1,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

const open = { 'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT' } as const;

/**
 * Clients come by TLS with a password, controllers by certificates of both sides; nobody may do what no ACL allows.
 *
 * @see https://kafka.apache.org/documentation/#security
 */
function secured({ serverFile, caFile, adminPassword }: KafkaSecurity): Readonly<Record<string, string>> {
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
  return {
    'listener.security.protocol.map': 'CLIENTS:SASL_SSL,CONTROLLER:SSL',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
    'listener.name.clients.scram-sha-512.sasl.jaas.config': `${login} username="admin" password="${adminPassword}";`,
    'listener.name.controller.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': serverFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:admin;User:${serverPrincipal}`,
  };
}

function listenersOf({ clientPort }: KafkaNode, proxied: number | undefined, more: readonly string[] = []): string {
  const own = [`CLIENTS://127.0.0.1:${clientPort}`, ...(proxied === undefined ? [] : [`PROXIED://127.0.0.1:${proxied}`])];
  return [...own, ...more].join(',');
}
