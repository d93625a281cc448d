/** Kafka, and how processes share its partitions. */
import { z } from 'zod';
import { absent, addresses, flag, path, type Setting, secretText, text, whole } from '../setting-kinds.ts';

export const logSettings = {
  KAFKA_BROKERS: absent<readonly string[]>({
    schema: addresses,
    expected: 'addresses as host:port, separated by commas',
    example: 'broker-1:9092,broker-2:9092',
    help: 'Kafka takes the place of the embedded log',
  }),
  KAFKA_FEED_PARTITIONS: {
    schema: whole(1, 1_024),
    otherwise: 24,
    expected: 'a whole number from 1 to 1024',
    example: '24',
    help: 'partitions of market-data.feed and market-data.bars when they are created',
  } as Setting<number>,
  KAFKA_TOPIC_PREFIX: absent<string>({
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,100}$/),
    expected: 'lower-case letters, digits, dots and hyphens',
    example: 'staging.',
    help: 'put before the name of each topic, so that several pipelines share a cluster',
  }),
  KAFKA_GROUP: {
    schema: text,
    otherwise: 'stream-processor',
    expected: 'text that is not empty',
    example: 'stream-processor',
    help: 'consumer group of the stream processors; their snapshots are named by it: under another name bars are made anew from the first record of the log, and refused where it has lost some',
  } as Setting<string>,
  KAFKA_SESSION_TIMEOUT_MS: {
    schema: whole(2_000, 300_000),
    otherwise: 6_000,
    expected: 'a whole number of milliseconds from 2000 to 300000',
    example: '6000',
    help: 'a processor that is silent for this long loses its partitions',
  } as Setting<number>,
  PROCESSOR_PEER_HOST: absent<string>({
    schema: text.regex(/^[^\s/]+$/),
    expected: 'a host name or address of this host',
    example: '10.244.1.7',
    help: 'where the other processors of the group see that this one lives, so that a dead one loses its partitions at once and not after KAFKA_SESSION_TIMEOUT_MS',
  }),
  PROCESSOR_PEER_PORT: {
    schema: whole(0, 65_535),
    otherwise: 0,
    expected: 'a port number from 0 (any free one) to 65535',
    example: '7020',
    help: 'its port; used with PROCESSOR_PEER_HOST',
  } as Setting<number>,
  KAFKA_CHECK_CRCS: {
    schema: flag,
    otherwise: false,
    expected: 'true or false',
    example: 'true',
    help: 'compare the checksum of each batch that is read: one that a disk or the network damaged ends the reading, and is never a wrong price; costs a third more CPU for a tick',
  } as Setting<boolean>,
  KAFKA_TLS: {
    schema: flag,
    otherwise: false,
    expected: 'true or false',
    example: 'true',
    help: 'connect to Kafka by TLS',
  } as Setting<boolean>,
  KAFKA_CA_FILE: absent<string>({ ...path, help: "certificate authority of Kafka's certificates" }),
  KAFKA_SASL_MECHANISM: absent<'plain' | 'scram-sha-256' | 'scram-sha-512'>({
    schema: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
    expected: 'plain, scram-sha-256 or scram-sha-512',
    example: 'scram-sha-512',
    help: 'how to authenticate to Kafka',
  }),
  KAFKA_USERNAME: absent<string>({ schema: text, expected: 'text that is not empty', example: 'ingester', help: 'user of Kafka' }),
  KAFKA_PASSWORD: absent<string>({ ...secretText, help: "the user's password" }),
} as const;
