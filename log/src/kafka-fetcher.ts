/**
 * Reads partitions of one topic straight from their leaders, with the positions in our own hands.
 *
 * kafkajs' consumer is not asked for records at all. It would start at committed offsets after each rebalance, deliver batches
 * that were fetched before a seek, skip offsets without saying so, and stop its heartbeats while a batch is worked on; here a
 * position moves only by what was delivered, whatever the group does. Each leader has one request in flight, for every
 * partition whose buffer has room for a whole piece or is empty: a slow reader is simply not fetched for. A batch is a view on the
 * response that brought it, so a buffer counts what its batches keep alive, not what they hold.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BackOff } from '@tapeline/core/back-off';
import { reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import { Bell } from './bell.ts';
import {
  byTurn,
  fail,
  isHungry,
  type PartitionReading,
  type Position,
  pieceBytesOf,
  responseBytes,
  roomOf,
  wantedOffset,
} from './fetch-position.ts';
import { type Cluster, leaderOf } from './kafka-client.ts';
import { endsOf } from './kafka-ends.ts';
import { failureType, isLasting, isUnknownTopic, kafkaFailure, missingTopic } from './kafka-failure.ts';
import { type FetchedPiece, fetchPieces } from './kafka-fetch.ts';
import { endCutReadings } from './kafka-lost-end.ts';
import { askKafka, type Patience } from './kafka-question.ts';
import type { LogBatch, PartitionOffsets } from './market-log.ts';
import { outOfRange } from './out-of-range.ts';

export interface KafkaFetcherOptions {
  readonly topic: string;
  readonly cluster: Cluster;
  readonly logger: Logger;
  /** How long a broker holds a request that finds nothing. @default 250 */
  readonly maxWaitMs?: number;
  /** Compare the checksums of batches. @default false */
  readonly checkCrcs?: boolean;
}

export class KafkaFetcher {
  readonly #options: KafkaFetcherOptions;
  readonly #positions = new Set<Position>();
  readonly #busyLeaders = new Set<string>();
  readonly #closing = new AbortController();
  readonly #backOff = new BackOff({ baseMs: 100, capMs: 2_000 });
  /** How long a request in haste may wait: the longer, the longer nobody takes what is buffered. */
  #hasteMs = 0;
  #served = 0;

  constructor(options: KafkaFetcherOptions) {
    this.#options = options;
  }

  /**
   * Connects and learns the leaders.
   * @throws PipelineError `log.unavailable`.
   */
  async open(patience: Patience): Promise<void> {
    const { cluster, topic } = this.#options;
    await askKafka(
      `reading ${topic}`,
      async () => {
        await cluster.connect();
        await cluster.addTargetTopic(topic).catch((error: unknown) => {
          throw isUnknownTopic(error) ? missingTopic(topic) : error;
        });
      },
      patience,
    );
  }

  /** Batches of a partition until `toOffset`; ends early, and quietly, when `signal` aborts or the fetcher closes. */
  async *read(reading: PartitionReading): AsyncGenerator<LogBatch, void, void> {
    const { partition, fromOffset, toOffset, maxBufferedBytes } = reading;
    const signal = AbortSignal.any([reading.signal, this.#closing.signal]);
    const offsets = await this.#offsets(partition, signal);
    if (offsets === undefined) return;
    if (fromOffset < offsets.lowOffset || fromOffset > offsets.highWatermark) throw outOfRange(this.#options.topic, fromOffset, offsets);
    if (fromOffset >= toOffset) return;
    const position: Position = {
      partition,
      maxBufferedBytes,
      fromOffset,
      toOffset,
      bell: new Bell(),
      buffer: [],
      bufferedBytes: 0,
      // The record before, too: it says under which leader epoch the log went so far, also while there is no newer one.
      nextOffset: Math.max(offsets.lowOffset, fromOffset - 1),
      leaderEpoch: -1,
      isBehind: true,
      servedAt: 0,
      fetching: false,
      failure: undefined,
    };
    this.#positions.add(position);
    try {
      yield* this.#deliver(position, signal);
    } finally {
      this.#positions.delete(position);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#options.cluster.disconnect();
  }

  async *#deliver(position: Position, signal: AbortSignal): AsyncGenerator<LogBatch, void, void> {
    this.#fetchMore();
    while (!signal.aborted) {
      const next = position.buffer.shift();
      if (next !== undefined) {
        position.bufferedBytes -= next.heldBytes;
        this.#hasteMs = 0;
        this.#fetchMore();
        // The next request is on its way before this batch is worked on.
        await nextTurn();
        if (!signal.aborted) yield next.batch;
        continue;
      }
      if (position.failure !== undefined) throw position.failure;
      if (position.nextOffset >= position.toOffset) return;
      await position.bell.wait(signal);
    }
  }

  /** Asks each leader that has nothing to do for the partitions that have room. */
  #fetchMore(): void {
    if (this.#closing.signal.aborted) return;
    const byLeader = new Map<string, Position[]>();
    const sated = new Set<string>();
    const pieceBytes = pieceBytesOf(this.#positions.size);
    for (const position of this.#positions) {
      if (position.fetching || position.failure !== undefined) continue;
      const leader = this.#leader(position.partition) ?? noLeader;
      if (isHungry(position, pieceBytes)) byLeader.set(leader, [...(byLeader.get(leader) ?? []), position]);
      else sated.add(leader);
    }
    for (const [leader, positions] of byLeader) {
      if (!this.#busyLeaders.has(leader)) void this.#fetchFrom(leader, positions, sated.has(leader));
    }
  }

  async #fetchFrom(leader: string, positions: readonly Position[], inHaste: boolean): Promise<void> {
    this.#busyLeaders.add(leader);
    for (const position of positions) position.fetching = true;
    try {
      await this.#fetchUntilAnswered(leader, positions, inHaste);
    } finally {
      for (const position of positions) position.fetching = false;
      this.#busyLeaders.delete(leader);
    }
    this.#fetchMore();
  }

  /**
   * One answer, or a refreshed view of the cluster after a failure; never throws. In haste an answer without records comes soon:
   * partitions that are read to their end would have the others of their leader wait, whose buffers are soon empty.
   */
  async #fetchUntilAnswered(leader: string, positions: readonly Position[], inHaste: boolean): Promise<void> {
    const { cluster, logger, topic, checkCrcs = false } = this.#options;
    const longestMs = this.#options.maxWaitMs ?? 250;
    const maxWaitMs = inHaste ? Math.min(this.#hasteMs, longestMs) : longestMs;
    this.#hasteMs = inHaste ? Math.max(5, 2 * maxWaitMs) : 0;
    const pieceBytes = pieceBytesOf(this.#positions.size);
    try {
      const broker = await cluster.findBroker({ nodeId: leader });
      const partitions = [...positions].sort(byTurn).map(position => {
        const { partition, nextOffset } = position;
        return { partition, nextOffset, maxBytes: Math.min(pieceBytes, roomOf(position)) };
      });
      const pieces = await fetchPieces(broker, { topic, partitions, maxBytes: responseBytes, maxWaitMs, checkCrcs }, logger);
      await endCutReadings(broker, { topic, positions, pieces, logger });
      const progress = this.#accept(positions, pieces);
      this.#backOff.succeeded();
      // An answer that does not lead on comes at once, and for ever.
      if (progress) this.#hasteMs = 0;
      else await pause(5, this.#closing.signal);
    } catch (error) {
      await this.#recover(error, positions);
    }
  }

  /** True when a position has moved. */
  #accept(positions: readonly Position[], pieces: readonly FetchedPiece[]): boolean {
    let progress = false;
    for (const piece of pieces) {
      const position = positions.find(candidate => candidate.partition === piece.partition);
      if (position === undefined || !this.#positions.has(position) || !leadsOn(position, piece)) {
        if (position !== undefined && piece.failure !== undefined) fail([position], piece.failure);
        piece.release?.();
        continue;
      }
      const batch = piece.batch(wantedOffset(position), position.toOffset);
      position.nextOffset = piece.nextOffset;
      if (piece.lastEpoch >= 0) position.leaderEpoch = piece.lastEpoch;
      this.#served += 1;
      position.servedAt = this.#served;
      position.isBehind = batch !== undefined && batch.lastOffset + 1 < batch.highWatermark;
      progress = true;
      if (batch === undefined) piece.release?.();
      else {
        position.buffer.push({ batch, heldBytes: piece.heldBytes });
        position.bufferedBytes += piece.heldBytes;
      }
      position.bell.ring();
    }
    return progress;
  }

  async #recover(error: unknown, positions: readonly Position[]): Promise<void> {
    const { cluster, logger, topic } = this.#options;
    if (this.#closing.signal.aborted) return;
    if (isProgrammingError(error) || isLasting(error)) return fail(positions, kafkaFailureOf(error, topic));
    if (failureType(error) === 'OFFSET_OUT_OF_RANGE') await this.#endReading(error, positions);
    const level = this.#backOff.attempts === 3 ? 'warn' : 'debug';
    logger[level]({ topic, type: failureType(error), reason: reasonOf(error) }, 'a partition could not be read, trying again until it can');
    await this.#backOff.wait(this.#closing.signal);
    await cluster.refreshMetadata().catch((cause: unknown) => {
      logger.debug({ topic, reason: reasonOf(cause) }, 'the leaders of the topic could not be found, trying again');
    });
  }

  /**
   * Ends the reading of the partition that the broker said it of, also when the log has the offset again: a leader has all that was ever
   * given out, so it has lost records since, or the topic was made anew. Whoever begins again looks which log it is.
   */
  async #endReading(error: unknown, positions: readonly Position[]): Promise<void> {
    const partition = partitionOf(error);
    for (const position of positions.filter(each => partition === undefined || each.partition === partition)) {
      const offsets = await this.#offsets(position.partition, this.#closing.signal);
      if (offsets === undefined) return;
      fail([position], outOfRange(this.#options.topic, wantedOffset(position), offsets));
    }
  }

  /** Ends of a partition, asked for until there is an answer; `undefined` when `signal` aborts first. */
  async #offsets(partition: number, signal: AbortSignal): Promise<PartitionOffsets | undefined> {
    const { cluster, logger, topic } = this.#options;
    const backOff = new BackOff({ baseMs: 100, capMs: 2_000 });
    while (!signal.aborted) {
      try {
        const [ends] = await endsOf(cluster, topic, [partition]);
        return ends as PartitionOffsets;
      } catch (error) {
        if (isProgrammingError(error)) throw error;
        logger.debug({ topic, partition, reason: reasonOf(error) }, 'the offsets of a partition could not be read, trying again');
        await backOff.wait(signal);
        await cluster.refreshMetadata().catch(() => {});
        if (backOff.attempts > 5 && this.#leader(partition) === undefined) throw missingTopic(topic, partition);
      }
    }
    return undefined;
  }

  #leader(partition: number): string | undefined {
    return leaderOf(this.#options.cluster, this.#options.topic, partition);
  }
}

/** No broker has this number; asking for it refreshes the metadata. */
const noLeader = '-1';

function leadsOn(position: Position, piece: FetchedPiece): boolean {
  return position.failure === undefined && piece.nextOffset > position.nextOffset;
}

/** The partition that a broker refused, as kafkajs says it. */
function partitionOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'partition' in error && typeof error.partition === 'number'
    ? error.partition
    : undefined;
}

function isProgrammingError(error: unknown): boolean {
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  return name === 'TypeError' || name === 'RangeError' || name === 'ReferenceError';
}

function kafkaFailureOf(error: unknown, topic: string): unknown {
  return isProgrammingError(error) ? error : kafkaFailure(error, `reading ${topic}`, { topic });
}
