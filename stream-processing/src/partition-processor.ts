/**
 * The life of one owned partition: restore → read → fold, and behind it results → snapshot → commit. The fold goes on while results of
 * former records are written; nothing is committed or saved before the results before it are durable.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PipelineError } from '@tapeline/core/errors';
import type { Tracing } from '@tapeline/core/tracing/tracing';
import { LogLag } from '@tapeline/log/log-lag';
import type { LogBatch, MarketLog, RecordCursor } from '@tapeline/log/market-log';
import { BarPartitions } from './bar-partitions.ts';
import { FeedFold } from './feed-fold.ts';
import type { FoldOptions, HotFold } from './hot/hot-fold.ts';
import type { LastRecord } from './hot/hot-snapshot.ts';
import { lastRecordOf, readOn } from './last-record.ts';
import { PartitionSaving, type ReadPlace, type SavingOptions } from './partition-saving.ts';
import { PartitionTrace } from './partition-trace.ts';
import { PartitionLost, untilDurable } from './patience.ts';
import { countResults } from './processor-metrics.ts';
import type { NotOwner } from './refused-feeds.ts';
import { otherRecord, type RestoredPartition, restoredPartition, snapshotKeyOf } from './restored-partition.ts';
import { ResultBatch } from './result-batch.ts';
import { ResultSink } from './result-sink.ts';
import { Turn } from './turn.ts';

export interface PartitionProcessorOptions extends SavingOptions {
  readonly log: MarketLog;
  readonly group: string;
  readonly fold: FoldOptions;
  /** Partitions of `market-data.bars`. */
  readonly barPartitions: number;
  /** Raw ticks are rows of the store, too. @default true */
  readonly storeTicks?: boolean;
  /** Results that are not durable yet, in bytes, before the fold waits. @default 4 MiB */
  readonly maxPendingBytes?: number;
  /** Sampled ticks are followed. @default none */
  readonly tracing?: Tracing | undefined;
  /** Told of each price that is refused so. @default nobody is told */
  readonly notOwner?: NotOwner;
  /** Called at once when results cannot be written, so that reading ends; `processPartition` throws the same. */
  readonly failed: (reason: unknown) => void;
}

/** Everyday ticks that are taken in at once at most. */
const ticksOfRun = 256;
/** So often it is told how the partition stands. */
const observeIntervalMs = 1_000;

/**
 * Processes a claim until it is lost or the process stops.
 * @throws PipelineError `snapshot.too-old`, `snapshot.invalid` with the remedy; `log.out-of-range`.
 */
export async function processPartition(options: PartitionProcessorOptions): Promise<void> {
  let run: PartitionRun | undefined;
  try {
    run = new PartitionRun(options, await restoredPartition(options));
    await run.begin();
    await run.process();
    if (!options.claim.lost.aborted) await run.finish();
  } catch (error) {
    if (!(error instanceof PartitionLost)) throw error;
  } finally {
    run?.close();
    options.claim.release();
  }
}

class PartitionRun {
  readonly #options: PartitionProcessorOptions;
  readonly #fold: HotFold;
  readonly #feedFold: FeedFold;
  readonly #sink: ResultSink;
  readonly #saving: PartitionSaving;
  readonly #trace: PartitionTrace | undefined;
  readonly #lag: LogLag;
  /** Its snapshot is there already: that of a former owner. */
  readonly #isSaved: boolean;
  #nextOffset: number;
  /** By which whoever goes on from the next snapshot knows the log again. */
  #lastRecord: LastRecord | undefined;
  /** Until the records of the newest flush are on their way. */
  #publishing = Promise.resolve();
  readonly #turn = new Turn();
  /** Records so far. */
  #processed = 0;
  #observing: NodeJS.Timeout | undefined;

  constructor(options: PartitionProcessorOptions, { fold, nextOffset, lastRecord, isSaved }: RestoredPartition) {
    const { claim, log, metrics } = options;
    const { topic, partition } = claim;
    this.#options = options;
    this.#fold = fold;
    this.#feedFold = new FeedFold(fold, `${topic}/${partition}`);
    this.#isSaved = isSaved;
    this.#nextOffset = nextOffset;
    this.#lastRecord = lastRecord;
    this.#lag = new LogLag({ log, topic, gauge: metrics.lag, nextOffsets: () => [[partition, this.#nextOffset]] });
    const barPartitions = new BarPartitions(options.barPartitions);
    const { storeTicks = true, tracing, group, notOwner } = options;
    this.#trace = tracing && new PartitionTrace(tracing, { group, bars: options.fold.intervals });
    this.#sink = new ResultSink({
      newBatch: () => new ResultBatch(fold, { storeTicks, barPartitions, notOwner }),
      nextOffset,
      flush: results => this.#flush(results),
      durable: () => this.#saving.commitNowAndThen(),
      failed: reason => this.#failed(reason),
      lost: claim.lost,
      ...(options.maxPendingBytes === undefined ? {} : { maxPendingBytes: options.maxPendingBytes }),
    });
    this.#saving = new PartitionSaving(options, {
      key: snapshotKeyOf(options),
      fold,
      sink: this.#sink,
      savedOffset: isSaved ? nextOffset : -1,
      failed: reason => this.#failed(reason),
    });
  }

  /**
   * Where the log has lost its first records, the begin is saved before any result: a partition with results and without a snapshot was
   * then folded from another record on.
   */
  async begin(): Promise<void> {
    this.#observe();
    this.#observing = setInterval(() => this.#observe(), observeIntervalMs);
    if (!this.#isSaved && this.#nextOffset > 0) await this.finish();
  }

  async process(): Promise<void> {
    for await (const batch of this.#batches()) {
      this.#turn.begin();
      const newer = this.#trace === undefined ? await this.#processBatch(batch) : await this.#processTraced(batch, this.#trace);
      this.#lag.tell(this.#options.claim.partition, Math.max(0, batch.highWatermark - this.#nextOffset));
      batch.release();
      if (newer !== undefined) return this.#pause(newer);
      await this.#saving.saveNowAndThen(this.#place, batch.highWatermark);
    }
  }

  #batches(): AsyncIterable<LogBatch> {
    const { claim } = this.#options;
    const nextOffset = this.#nextOffset;
    const refused = (last: LastRecord) => otherRecord(snapshotKeyOf(this.#options), nextOffset, last);
    return readOn({ nextOffset, lastRecord: this.#lastRecord, read: fromOffset => claim.read(fromOffset), refused });
  }

  /** All results durable, the state saved, the offset committed. */
  finish(): Promise<void> {
    return this.#saving.finish(this.#place);
  }

  get #place(): ReadPlace {
    return { nextOffset: this.#nextOffset, lastRecord: this.#lastRecord };
  }

  close(): void {
    const { metrics, claim } = this.#options;
    const partition = String(claim.partition);
    clearInterval(this.#observing);
    this.#sink.close();
    this.#trace?.close();
    this.#lag.close();
    metrics.watermark.remove(partition);
    metrics.pendingBytes.remove(partition);
  }

  async #processTraced(batch: LogBatch, trace: PartitionTrace): Promise<PipelineError | undefined> {
    trace.taken(batch, this.#nextOffset, Date.now());
    const newer = await this.#processBatch(batch);
    trace.folded(this.#nextOffset, Date.now());
    return newer;
  }

  /** Gives the error of a record of a newer format, which stands in the way: all before it is taken in. */
  async #processBatch(batch: LogBatch): Promise<PipelineError | undefined> {
    const cursor = batch.cursor();
    const before = this.#processed;
    let newer: PipelineError | undefined;
    while (newer === undefined) {
      if (this.#processRuns(cursor) && !this.#turn.isOver(this.#processed)) {
        if (!cursor.next()) break;
        newer = this.#processRecord(cursor);
      }
      if (this.#turn.isOver(this.#processed) || !this.#sink.hasRoom) await this.#giveTurn();
    }
    if (newer === undefined) {
      this.#nextOffset = Math.max(this.#nextOffset, batch.lastOffset + 1);
      this.#lastRecord = lastRecordOf(batch) ?? this.#lastRecord;
    }
    this.#options.metrics.records.inc(this.#processed - before);
    this.#sink.advance(this.#nextOffset);
    await this.#sink.room();
    return newer;
  }

  /** Everyday ticks in a row, as long as the turn lasts; true when another record comes next, or none. */
  #processRuns(cursor: RecordCursor): boolean {
    while (!this.#turn.isOver(this.#processed) && this.#sink.hasRoom) {
      const progress = this.#feedFold.applyRun(cursor, this.#nextOffset, ticksOfRun, this.#sink.results);
      if (progress === undefined) return true;
      this.#processed += progress.count;
      this.#nextOffset = progress.nextOffset;
      if (progress.isStopped) return true;
    }
    return false;
  }

  /** The record at which the cursor stands. What is no everyday tick may make a lot: a heartbeat closes bars, poison becomes letters. */
  #processRecord(cursor: RecordCursor): PipelineError | undefined {
    const { offset } = cursor;
    if (offset < this.#nextOffset) return undefined;
    const { results } = this.#sink;
    if (!this.#feedFold.applyTick(cursor, results)) {
      this.#turn.lookSoon();
      const newer = this.#feedFold.apply(cursor, results);
      if (newer !== undefined) return newer;
    }
    this.#processed += 1;
    this.#nextOffset = offset + 1;
    return undefined;
  }

  /** The event loop gets its turn, and results without end (a flood of poison) their room. */
  async #giveTurn(): Promise<void> {
    this.#sink.advance(this.#nextOffset);
    await this.#sink.room();
    await nextTurn();
    this.#turn.begin();
  }

  async #flush(results: ResultBatch): Promise<void> {
    const { store, metrics } = this.#options;
    const rows = results.rows();
    const closed = this.#trace?.closed(results.results.bars, Date.now());
    const end = metrics.flushSeconds.startTimer();
    await Promise.all([
      rows === undefined ? undefined : untilDurable('writing results', () => store.write(rows), this.#options),
      this.#publish(results),
    ]);
    if (closed !== undefined) this.#trace?.written(closed, Date.now());
    end();
    countResults(results, metrics);
  }

  /** Appends the results part by part; the next flush begins when all parts are on their way, so that bars keep their order in the log. */
  async #publish(results: ResultBatch): Promise<void> {
    const before = this.#publishing;
    const { promise, resolve: isOnItsWay } = Promise.withResolvers<void>();
    this.#publishing = promise;
    try {
      await before;
      let left = results.partCount;
      for (const blocks of results.parts()) {
        const appended = untilDurable('publishing results', () => this.#options.log.appendBlocks(blocks), this.#options);
        left -= 1;
        if (left === 0) isOnItsWay();
        await appended;
      }
    } finally {
      isOnItsWay();
    }
  }

  #failed(reason: unknown): void {
    if (!(reason instanceof PartitionLost)) this.#options.failed(reason);
  }

  /** By the clock, not with the records: lags grow while none comes, and while the partition waits for a store that is away. */
  #observe(): void {
    const { metrics, claim } = this.#options;
    const partition = String(claim.partition);
    const watermarkMs = Math.max(0, ...this.#fold.feeds().map(feed => feed.watermarkMs));
    if (watermarkMs > 0) metrics.watermark.set({ partition }, (Date.now() - watermarkMs) / 1_000);
    metrics.pendingBytes.set({ partition }, this.#sink.pendingBytes);
    this.#lag.look();
  }

  /** Keeps the partition without reading on, so that no older reader gets it instead, until it is lost or the process stops. */
  async #pause(newer: PipelineError): Promise<void> {
    const { claim, metrics, stopping, logger } = this.#options;
    const origin = `${claim.topic}/${claim.partition}@${this.#nextOffset}`;
    logger.error({ origin, ...newer.fields }, `${newer.message}; partition ${claim.partition} is paused here`);
    metrics.pausedPartitions.inc();
    try {
      await this.#sink.settled();
      await this.#saving.commit();
      const over = AbortSignal.any([claim.lost, stopping]);
      if (!over.aborted) await new Promise(resolve => over.addEventListener('abort', resolve, { once: true }));
    } finally {
      metrics.pausedPartitions.dec();
    }
  }
}
