/**
 * The one door to kafkajs: every other file of the log takes its clients and types from here.
 *
 * kafkajs 2.2.4 is pinned and no longer maintained. What it lacks is asked of its public parts: it has no `assign()`, but it
 * hands its cluster (connections, metadata, the fetch request) to each partition assigner, and that is where `connections` gets
 * them from.
 */
import kafkajs from 'kafkajs';
import type { Logger } from 'pino';
import { mendConnection } from './kafka-connection.ts';
import { mendRequestQueue } from './kafka-request-queue.ts';
import { mendSending } from './kafka-sending.ts';
import { KafkaSockets } from './kafka-sockets.ts';

export type { AclEntry, Admin, Broker, Cluster, Consumer, Kafka, PartitionAssigner, Producer, TopicOffsets } from 'kafkajs';

import type { Cluster, Kafka, LogEntry, PartitionAssigner, RetryOptions, SASLOptions } from 'kafkajs';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const { AssignerProtocol, ConfigResourceTypes, Kafka: KafkaClient, logLevel } = kafkajs;
mendRequestQueue();
mendConnection();
mendSending();

export interface KafkaConnectionOptions {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Certificates in PEM; `true` trusts the system's. @default false */
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string };
  readonly logger: Logger;
}

/** kafkajs' own retries: about 8 s, then our own loops decide. Named in full, for kafkajs has other defaults under tests. */
export const innerRetry: RetryOptions = { initialRetryTime: 200, maxRetryTime: 3_000, factor: 0.2, multiplier: 2, retries: 5 };

/** The kind of resource that a topic is, where settings are asked for. */
export const topicResource = ConfigResourceTypes.TOPIC;

/** What an entry of a list of rights says, in Kafka's numbers. */
export const aclTypes = {
  operation: AclOperationTypes,
  permission: AclPermissionTypes,
  resource: AclResourceTypes,
  pattern: ResourcePatternTypes,
} as const;

/** kafkajs' client, and the end of all its connections. */
export interface KafkaConnection {
  readonly kafka: Kafka;
  /** Cuts the connections that are left when everything was closed. */
  cut(): void;
}

/** A client; one for each member of a group, because kafkajs shares committed offsets among the consumers of a client. */
export function kafkaClient({ brokers, clientId, ssl, sasl, logger }: KafkaConnectionOptions): KafkaConnection {
  const sockets = new KafkaSockets();
  const kafka = new KafkaClient({
    socketFactory: sockets.open,
    brokers: [...brokers],
    clientId,
    connectionTimeout: 15_000,
    authenticationTimeout: 15_000,
    requestTimeout: 15_000,
    retry: innerRetry,
    logLevel: logger.isLevelEnabled('trace') ? logLevel.DEBUG : logLevel.INFO,
    logCreator: () => entry => writeLog(logger, entry),
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
  });
  return { kafka, cut: () => sockets.destroy() };
}

/** Connections of their own to the brokers, with metadata and the fetch request, of no consumer group. */
export function connections(kafka: Kafka): Cluster {
  let captured: Cluster | undefined;
  const capture: PartitionAssigner = ({ cluster }) => {
    captured = cluster;
    return { name: 'none', version: 0, assign: async () => [], protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }) };
  };
  kafka.consumer({
    groupId: 'none',
    allowAutoTopicCreation: false,
    readUncommitted: true,
    metadataMaxAge: 60_000,
    partitionAssigners: [capture],
  });
  if (captured === undefined) throw new TypeError('kafkajs did not hand its cluster to the assigner, expected version 2.2.4');
  return captured;
}

/** The leader's number, `-1` while there is none; `undefined` for a partition that nobody has heard of. */
export function leaderOf(cluster: Cluster, topic: string, partition: number): string | undefined {
  try {
    return Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0];
  } catch {
    return undefined;
  }
}

/** What a member tells the leader of its group, in Kafka's encoding. */
export function encodeMember(topics: readonly string[], userData: string): Buffer {
  return AssignerProtocol.MemberMetadata.encode({ version: 0, topics: [...topics], userData: Buffer.from(userData) });
}

/** The other way round. */
export function decodeMember(metadata: Buffer): { readonly topics: readonly string[]; readonly userData: string } {
  // kafkajs makes room for as many topics as are announced; each takes two bytes at least.
  const announced = metadata.length < 6 ? 0 : metadata.readInt32BE(2);
  const decoded = announced * 2 > metadata.length ? null : AssignerProtocol.MemberMetadata.decode(metadata);
  return { topics: decoded?.topics ?? [], userData: decoded?.userData.toString() ?? '' };
}

/** What the leader tells a member. */
export function encodeAssignment(topic: string, partitions: readonly number[]): Buffer {
  return AssignerProtocol.MemberAssignment.encode({ version: 0, assignment: { [topic]: [...partitions] }, userData: Buffer.alloc(0) });
}

/** kafkajs calls an error what it is about to repeat; the log says itself what matters, so all of it is one level quieter. */
function writeLog(logger: Logger, { namespace, level, log }: LogEntry): void {
  const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = log;
  const line = { ...fields, namespace };
  if (level === logLevel.ERROR) logger.debug(line, `kafkajs: ${message}`);
  else if (level === logLevel.WARN) logger.debug(line, `kafkajs: ${message}`);
  else logger.trace(line, `kafkajs: ${message}`);
}
