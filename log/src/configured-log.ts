/** Opens the log that the settings ask for, and creates the topics of the catalogue in it. */
import { type Configuration, fileOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import type { Registry } from '@tapeline/core/metrics/registered-metrics';
import { topics } from '@tapeline/core/topics';
import { untilThere } from '@tapeline/core/waiting-start';
import type { Logger } from 'pino';
import type { KafkaConnectionOptions } from './kafka-client.ts';
import { KafkaInspection } from './kafka-inspection.ts';
import type { AppendedRange, MarketLog } from './market-log.ts';
import { measuredLog } from './measured-log.ts';
import { openLog } from './open-log.ts';
import type { PeerAddress } from './peer-listener.ts';
import { prefixedLog } from './prefixed-log.ts';

/** Partitions of the embedded log: one process reads them all, so a few are enough to take the same way as in a cluster. */
const embeddedPartitions = 4;

export interface ConfiguredLogOptions {
  /** The running thing, an agent noun: brokers show it. */
  readonly clientId: string;
  readonly logger: Logger;
  /** Where appends are counted. @default nowhere */
  readonly registry?: Registry;
  /** Called for records that were made durable, in a row; topics without their prefix. @default nobody is told */
  readonly appended?: ((range: AppendedRange) => void) | undefined;
  /** For a reader beside the process that writes; topics must exist. @default false */
  readonly readOnly?: boolean;
  /** On Kafka: where other members of a group can watch this process. @default its session alone says that it lives */
  readonly peer?: PeerAddress;
  /** Until it aborts, a Kafka that is away is waited for. @default one that is away is an error */
  readonly signal?: AbortSignal | undefined;
}

/** @throws PipelineError `log.unavailable`, `data-dir.unusable`, `configuration.invalid`. */
export async function openConfiguredLog(configuration: Configuration, options: ConfiguredLogOptions): Promise<MarketLog> {
  const { logger, signal } = options;
  const open = () => openOnce(configuration, options);
  // What is wrong with files of this machine somebody has to mend.
  return signal === undefined || configuration.KAFKA_BROKERS === undefined ? open() : untilThere('Kafka', open, { logger, signal });
}

async function openOnce(configuration: Configuration, options: ConfiguredLogOptions): Promise<MarketLog> {
  const { KAFKA_BROKERS, KAFKA_TOPIC_PREFIX, DATA_DIR } = configuration;
  const { readOnly = false, logger, registry, clientId, peer, appended } = options;
  const kafka =
    KAFKA_BROKERS === undefined
      ? undefined
      : { ...kafkaOptions(configuration, KAFKA_BROKERS, clientId), ...(peer === undefined ? {} : { peer }) };
  const prefix = kafka === undefined ? '' : (KAFKA_TOPIC_PREFIX ?? '');
  const told = appended && ((range: AppendedRange) => appended({ ...range, topic: range.topic.slice(prefix.length) }));
  // A power cut must not leave a snapshot, in a file of its own, that goes on behind the log's end.
  const embedded = { dataDirectory: DATA_DIR, durability: 'power', readOnly } as const;
  const opened = await openLog({ ...embedded, appended: told, ...(kafka === undefined ? {} : { kafka }) }, logger);
  const named = prefix !== '' ? prefixedLog(opened, prefix) : opened;
  const log = registry === undefined ? named : measuredLog(named, registry);
  const partitions = kafka === undefined ? embeddedPartitions : configuration.KAFKA_FEED_PARTITIONS;
  if (readOnly) return log;
  try {
    await log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? partitions })));
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** How the settings say that Kafka is reached. @throws PipelineError `configuration.invalid` without brokers, or when the certificate cannot be read. */
export function configuredKafka(
  configuration: Configuration,
  { clientId, logger }: Pick<ConfiguredLogOptions, 'clientId' | 'logger'>,
): KafkaConnectionOptions {
  const { KAFKA_BROKERS: brokers } = configuration;
  if (brokers === undefined) throw new PipelineError('configuration.invalid', 'KAFKA_BROKERS must be set for this', { retriable: false });
  return { ...kafkaOptions(configuration, brokers, clientId), logger };
}

/** A look at the configured Kafka; `undefined` without one. Topics go by their whole names there, with the prefix. */
export function configuredKafkaInspection(configuration: Configuration, logger: Logger): KafkaInspection | undefined {
  const { KAFKA_BROKERS: brokers } = configuration;
  return brokers && new KafkaInspection({ ...kafkaOptions(configuration, brokers, 'doctor'), logger });
}

function kafkaOptions(configuration: Configuration, brokers: readonly string[], clientId: string) {
  const { KAFKA_TLS, KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = configuration;
  const ca = fileOf(configuration, 'KAFKA_CA_FILE');
  return {
    brokers,
    clientId,
    sessionTimeoutMs: configuration.KAFKA_SESSION_TIMEOUT_MS,
    checkCrcs: configuration.KAFKA_CHECK_CRCS,
    ...(KAFKA_TLS ? { ssl: ca === undefined ? true : { ca } } : {}),
    ...(mechanism && username && password ? { sasl: { mechanism, username, password } } : {}),
  };
}
