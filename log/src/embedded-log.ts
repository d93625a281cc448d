/**
 * The log of the standalone process: topics in one SQLite file, `log.sqlite` in `DATA_DIR`.
 *
 * Offsets rise by one from 0 in each partition. One process writes; readers in it are woken by each append, readers in other
 * processes look every so often. What an append has promised survives `kill -9`; whether it survives a power cut is
 * {@link Durability}.
 */
import { isPassing, PipelineError, usageError } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import { Bell } from './bell.ts';
import { Claim } from './claim.ts';
import { EmbeddedAppender, type GrownTail } from './embedded-appender.ts';
import { type Durability, type EmbeddedDatabase, openDatabase } from './embedded-database.ts';
import { EmbeddedGroups, giveClaims } from './embedded-group.ts';
import { readEmbedded } from './embedded-reader.ts';
import { EmbeddedRecords, type TopicRow } from './embedded-records.ts';
import { deleteExpired, RetentionClock } from './embedded-retention.ts';
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
import { plainCursor } from './plain-batch.ts';
import type { RecordBlock } from './record-block.ts';
import { sqliteFailure } from './sqlite-failure.ts';

export interface EmbeddedLogOptions {
  /** The folder of `log.sqlite`; made when missing. */
  readonly directory: string;
  readonly logger: Logger;
  /** True for a reader beside the writer, or of a log that nobody writes. @default false */
  readonly readOnly?: boolean;
  /** @default 'process' */
  readonly durability?: Durability;
  /** What the file may grow to, in bytes; an append beyond is refused with `log.full`. @default no limit */
  readonly maxBytes?: number;
  /** How often a read-only log looks for new records. @default 50 */
  readonly pollIntervalMs?: number;
  /** How often records over their topic's retention are deleted. @default 60,000 */
  readonly retentionIntervalMs?: number;
  /** Called for the records of each partition that a transaction made durable. */
  readonly appended?: ((range: AppendedRange) => void) | undefined;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
}

/**
 * Opens the log of a data directory.
 * @throws PipelineError `data-dir.unusable` when the folder cannot be used, or another process writes it; it is named.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<MarketLog> {
  const { directory, readOnly = false, durability = 'process', maxBytes } = options;
  const database = openDatabase({ directory, readOnly, durability, maxBytes });
  try {
    return new EmbeddedLog(options, database);
  } catch (error) {
    database.close();
    throw sqliteFailure(error, directory);
  }
}

interface GroupOffset {
  readonly group: string;
  readonly topicId: number;
  readonly partition: number;
  readonly nextOffset: number;
}

class EmbeddedLog implements MarketLog {
  readonly #options: EmbeddedLogOptions;
  readonly #database: EmbeddedDatabase;
  readonly #records: EmbeddedRecords;
  readonly #appender: EmbeddedAppender;
  readonly #groups = new EmbeddedGroups();
  readonly #bells = new Map<string, Bell>();
  readonly #closing = new AbortController();
  readonly #retention: NodeJS.Timeout | undefined;

  constructor(options: EmbeddedLogOptions, database: EmbeddedDatabase) {
    const { now = Date.now, readOnly = false, retentionIntervalMs = 60_000, appended } = options;
    this.#options = options;
    this.#database = database;
    this.#records = new EmbeddedRecords(database.connection);
    this.#appender = new EmbeddedAppender({
      records: this.#records,
      now,
      grown: appended && ((topic, tail) => appended(this.#rangeOf(topic, tail))),
      appended: topics => this.#wake(topics),
      failure: error => this.#failure(error),
    });
    for (const topic of this.#records.topics()) this.#appender.addTopic(topic);
    if (readOnly) return;
    const clock = new RetentionClock(this.#records.newestAppendTimeMs() ?? now());
    this.#retention = setInterval(() => void this.#deleteExpired(clock.believed(now())), retentionIntervalMs).unref();
  }

  async ensureTopics(
    topics: readonly { readonly name: string; readonly partitions: number; readonly retentionMs?: number }[],
  ): Promise<void> {
    this.#checkWritable();
    const known = new Set(this.#topics().map(topic => topic.name));
    const missing = topics.filter(topic => !known.has(topic.name));
    if (missing.length === 0) return;
    this.#guarded(() =>
      this.#records.transaction(() => {
        for (const { name, partitions, retentionMs } of missing) this.#records.createTopic(name, partitions, retentionMs);
      }),
    );
    for (const topic of this.#topics()) this.#appender.addTopic(topic);
  }

  async partitionCount(topic: string): Promise<number> {
    return this.#topic(topic).partitions.length;
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#topic(topic).partitions;
  }

  async append(entries: readonly Append[]): Promise<void> {
    this.#checkWritable();
    if (entries.length > 0) await this.#appender.append(entries);
  }

  async appendBlocks(blocks: readonly RecordBlock[]): Promise<void> {
    this.#checkWritable();
    const filled = blocks.filter(({ count }) => count > 0);
    if (filled.length > 0) await this.#appender.appendBlocks(filled);
  }

  async *read(request: ReadRequest): AsyncGenerator<LogBatch, void, void> {
    const signals = request.signal === undefined ? [] : [request.signal];
    const signal = AbortSignal.any([...signals, this.#closing.signal]);
    const { id } = this.#partition(request.topic, request.partition);
    yield* readEmbedded({
      records: this.#records,
      topic: request.topic,
      topicId: id,
      partition: request.partition,
      fromOffset: request.fromOffset,
      toOffset: request.toOffset ?? Number.MAX_SAFE_INTEGER,
      bell: this.#bell(request.topic),
      pollIntervalMs: this.#options.readOnly === true ? (this.#options.pollIntervalMs ?? 50) : undefined,
      signal,
      failure: error => this.#failure(error),
    });
  }

  async *join({ topic, group, signal, onAssigned }: JoinRequest): AsyncGenerator<PartitionClaim, void, void> {
    this.#checkWritable();
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const { id, partitions } = this.#topic(topic);
    const leave = await this.#groups.enter(JSON.stringify([group, topic]), stop);
    if (leave === undefined) return;
    onAssigned?.();
    const claims = partitions.map(({ partition }) => this.#claim({ topic, topicId: id, group, partition, stop }));
    try {
      yield* giveClaims(claims, stop);
    } finally {
      leave();
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    clearInterval(this.#retention);
    this.#appender.flush();
    this.#closing.abort();
    this.#database.close();
  }

  #claim(owned: { topic: string; topicId: number; group: string; partition: number; stop: AbortSignal }): Claim {
    const { topic, topicId, group, partition, stop } = owned;
    return new Claim({
      topic,
      partition,
      stop,
      committedOffset: this.#guarded(() => this.#records.committedOffset(group, topicId, partition)),
      read: (fromOffset, signal) => this.read({ topic, partition, fromOffset, signal }),
      commit: async nextOffset => this.#commit({ group, topicId, partition, nextOffset }),
    });
  }

  /** Committed offsets are for people: a full disk delays one, and ends nothing. */
  #commit({ group, topicId, partition, nextOffset }: GroupOffset): void {
    try {
      this.#guarded(() => this.#records.commit(group, topicId, partition, nextOffset));
    } catch (error) {
      if (!isPassing(error)) throw error;
      const place = { group, partition, nextOffset };
      this.#options.logger.warn({ ...place, code: error.code }, 'an offset was not committed, the next commit takes its place');
    }
  }

  async #deleteExpired(nowMs: number): Promise<void> {
    const { directory, logger } = this.#options;
    try {
      const deleted = await deleteExpired(this.#records, nowMs, this.#closing.signal);
      if (deleted > 0) logger.debug({ directory, deleted }, 'records over their retention were deleted');
    } catch (error) {
      logger.warn(
        { directory, err: this.#failure(error) },
        'records over their retention could not be deleted, the next round tries again',
      );
    }
  }

  #rangeOf(topic: string, { topicId, partition, fromOffset, toOffset }: GrownTail): AppendedRange {
    const read = () => plainCursor(this.#records.read(topicId, partition, fromOffset, toOffset));
    return { topic, partition, fromOffset, lastOffset: toOffset - 1, cursor: read };
  }

  #wake(topics: ReadonlySet<string>): void {
    for (const topic of topics) this.#bells.get(topic)?.ring();
  }

  #bell(topic: string): Bell {
    const bell = this.#bells.get(topic) ?? new Bell();
    this.#bells.set(topic, bell);
    return bell;
  }

  #partition(topic: string, partition: number): TopicRow {
    const row = this.#topic(topic);
    if (row.partitions[partition] !== undefined) return row;
    throw new PipelineError('log.unavailable', `topic ${topic} has no partition ${partition}, it has ${row.partitions.length}`, {
      retriable: false,
      fields: { topic, partition },
    });
  }

  #topic(name: string): TopicRow {
    const topic = this.#topics().find(row => row.name === name);
    if (topic !== undefined) return topic;
    throw new PipelineError('log.unavailable', `topic ${name} does not exist in the log of ${this.#options.directory}: create it first`, {
      retriable: false,
      fields: { topic: name },
    });
  }

  #topics(): readonly TopicRow[] {
    return this.#guarded(() => this.#records.topics());
  }

  #guarded<T>(work: () => T): T {
    this.#checkOpen();
    try {
      return work();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): unknown {
    return sqliteFailure(error, this.#options.directory);
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new PipelineError('log.unavailable', 'the log was closed', { retriable: false });
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#options.readOnly !== true) return;
    throw usageError('the log was opened read-only: neither appends nor groups are possible');
  }
}
