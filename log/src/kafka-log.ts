/** The log on Kafka. Topics, appends, reading and groups each have a file of their own; this one puts them together. */
import { PipelineError } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import { KafkaAppender } from './kafka-appender.ts';
import { type Admin, connections, type KafkaConnection, type KafkaConnectionOptions, kafkaClient } from './kafka-client.ts';
import { KafkaEnds } from './kafka-ends.ts';
import { kafkaFailure, missingTopic } from './kafka-failure.ts';
import { KafkaFetcher } from './kafka-fetcher.ts';
import { KafkaMember } from './kafka-member.ts';
import { KafkaProducer } from './kafka-producer.ts';
import type { Patience } from './kafka-question.ts';
import { KafkaTopics, type WantedTopic } from './kafka-topics.ts';
import type {
  Append,
  AppendedRange,
  JoinRequest,
  LogBatch,
  MarketLog,
  PartitionClaim,
  PartitionOffsets,
  ReadRequest,
} from './market-log.ts';
import type { PeerAddress } from './peer-listener.ts';
import type { RecordBlock } from './record-block.ts';

export interface KafkaLogOptions extends KafkaConnectionOptions {
  /** After so long without a heartbeat a member's partitions go to others. @default 6,000 */
  readonly sessionTimeoutMs?: number;
  /** Where other members of a group can watch this process, so that its death is noticed at once. @default sessions decide alone */
  readonly peer?: PeerAddress;
  /** Called for each batch that was written. */
  readonly appended?: ((range: AppendedRange) => void) | undefined;
  /** How long a question to the brokers is repeated before it is `log.unavailable`. @default 30,000 */
  readonly patienceMs?: number;
  /** Compare the checksums of what is read. @default false */
  readonly checkCrcs?: boolean;
}

const defaultBufferBytes = 4 * 1_048_576;
/** Longer than owners have for their release, so that their group is left. */
const closeDeadlineMs = 15_000;

/**
 * Connects to Kafka.
 * @throws PipelineError `log.unavailable` when no broker answers within about 10 s, or the credentials are refused.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<MarketLog> {
  const connection = kafkaClient(options);
  const admin = connection.kafka.admin({ retry: { retries: 2 } });
  try {
    await admin.connect();
  } catch (error) {
    await inTime(admin.disconnect(), 2_000);
    connection.cut();
    throw kafkaFailure(error, `connecting to Kafka at ${options.brokers.join(', ')}`, { brokers: options.brokers });
  }
  return new KafkaLog(options, connection, admin);
}

class KafkaLog implements MarketLog {
  readonly #options: KafkaLogOptions;
  readonly #logger: Logger;
  readonly #connection: KafkaConnection;
  readonly #admin: Admin;
  readonly #patience: Patience;
  readonly #ends: KafkaEnds;
  readonly #topics: KafkaTopics;
  readonly #producer: KafkaProducer;
  readonly #appender: KafkaAppender;
  readonly #closing = new AbortController();
  /** Memberships of groups that have not ended. */
  readonly #joined = new Set<Promise<void>>();
  /** Appends are let in one after another: an unknown topic must not let a later call overtake. */
  #admitted: Promise<unknown> = Promise.resolve();

  constructor(options: KafkaLogOptions, connection: KafkaConnection, admin: Admin) {
    const { logger, patienceMs = 30_000 } = options;
    this.#patience = { logger, patienceMs, closing: this.#closing.signal };
    this.#options = options;
    this.#logger = logger;
    this.#connection = connection;
    this.#admin = admin;
    this.#ends = new KafkaEnds(connections(connection.kafka));
    this.#topics = new KafkaTopics({ admin, ends: this.#ends, ...this.#patience });
    this.#producer = new KafkaProducer(connections(connection.kafka));
    this.#appender = new KafkaAppender({ producer: this.#producer, logger, appended: options.appended });
  }

  async ensureTopics(topics: readonly WantedTopic[]): Promise<void> {
    this.#checkOpen();
    await this.#topics.ensure(topics);
  }

  async partitionCount(topic: string): Promise<number> {
    this.#checkOpen();
    return this.#topics.partitionCount(topic);
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    this.#checkOpen();
    return this.#topics.offsets(topic);
  }

  /**
   * Waits for Kafka for as long as it takes: entries that may have been written are not given back to be written again. It fails
   * only when no repetition helps (no such topic, no right to write, a value too large), or when the log is closed.
   */
  async append(entries: readonly Append[]): Promise<void> {
    this.#checkOpen();
    if (entries.length > 0) await this.#admit(entries, () => this.#appender.append(entries));
  }

  async appendBlocks(blocks: readonly RecordBlock[]): Promise<void> {
    this.#checkOpen();
    const filled = blocks.filter(({ count }) => count > 0);
    if (filled.length > 0) await this.#admit(filled, () => this.#appender.appendBlocks(filled));
  }

  async #admit(targets: readonly Target[], append: () => Promise<void>): Promise<void> {
    const admitting = this.#admitted.then(async () => {
      await this.#checkPartitions(targets);
      return { settled: append() };
    });
    this.#admitted = admitting.catch(() => {});
    await (await admitting).settled;
  }

  async *read({ topic, partition, fromOffset, toOffset, signal }: ReadRequest): AsyncGenerator<LogBatch, void, void> {
    this.#checkOpen();
    await this.#checkPartition(topic, partition);
    const fetcher = this.#fetcher(topic);
    try {
      await fetcher.open(this.#patience);
      yield* fetcher.read({
        partition,
        fromOffset,
        toOffset: toOffset ?? Number.MAX_SAFE_INTEGER,
        signal: AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]),
        maxBufferedBytes: defaultBufferBytes,
      });
    } finally {
      await inTime(fetcher.close(), 2_000);
    }
  }

  async *join({
    topic,
    group,
    signal,
    onAssigned,
    onLost,
    maxBufferedBytes = defaultBufferBytes,
  }: JoinRequest): AsyncGenerator<PartitionClaim, void, void> {
    this.#checkOpen();
    await this.#topics.partitionCount(topic);
    const fetcher = this.#fetcher(topic);
    const connection = kafkaClient(this.#options);
    const left = Promise.withResolvers<void>();
    this.#joined.add(left.promise);
    try {
      await fetcher.open(this.#patience);
      const member = new KafkaMember({
        kafka: connection.kafka,
        topic,
        group,
        sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 6_000,
        peer: this.#options.peer,
        logger: this.#logger,
        stop: AbortSignal.any([signal, this.#closing.signal]),
        onAssigned,
        onLost,
        committedOffsets: () => this.#topics.committedOffsets(group, topic),
        read: (partition, fromOffset, until) =>
          fetcher.read({ partition, fromOffset, toOffset: Number.MAX_SAFE_INTEGER, signal: until, maxBufferedBytes }),
      });
      yield* member.claims();
    } finally {
      await inTime(fetcher.close(), 2_000);
      connection.cut();
      left.resolve();
      this.#joined.delete(left.promise);
    }
  }

  /** Leaves the groups, then waits for what was appended; owners that append while they flush are to be stopped before. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const giveUp = new AbortController();
    const deadline = pause(closeDeadlineMs, giveUp.signal);
    this.#closing.abort();
    await Promise.race([Promise.all(this.#joined), deadline]);
    await this.#appender.close(deadline);
    await Promise.race([this.#topics.settled(), deadline]);
    await Promise.race([Promise.allSettled([this.#producer.close(), this.#ends.close(), this.#admin.disconnect()]), deadline]);
    this.#connection.cut();
    giveUp.abort();
  }

  #fetcher(topic: string): KafkaFetcher {
    const { checkCrcs = false } = this.#options;
    return new KafkaFetcher({ topic, cluster: connections(this.#connection.kafka), logger: this.#logger, checkCrcs });
  }

  async #checkPartitions(targets: readonly Target[]): Promise<void> {
    const highest = new Map<string, number>();
    for (const { topic, partition } of targets) highest.set(topic, Math.max(partition, highest.get(topic) ?? 0));
    for (const [topic, partition] of highest) {
      const known = this.#topics.knownPartitionCount(topic);
      if (known === undefined || partition >= known) await this.#checkPartition(topic, partition);
    }
  }

  async #checkPartition(topic: string, partition: number): Promise<void> {
    const known = await this.#topics.partitionCount(topic);
    const count = partition < known ? known : await this.#topics.refreshPartitionCount(topic);
    if (partition < 0 || partition >= count) throw missingTopic(topic, partition);
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new PipelineError('log.unavailable', 'the log was closed', { retriable: false });
  }
}

interface Target {
  readonly topic: string;
  readonly partition: number;
}

/** Waits for what closes, but not for long: what is left is cut. */
async function inTime(closing: Promise<unknown>, deadlineMs: number): Promise<void> {
  const giveUp = new AbortController();
  await Promise.race([Promise.allSettled([closing]), pause(deadlineMs, giveUp.signal)]);
  giveUp.abort();
}
