/**
 * The life of one owned partition: restore → read → fold → results durable → commit; a snapshot now and then and at the end.
 * All order that exactness needs is in this file: nothing is committed or saved before the results before it are durable.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, PipelineError, reasonOf } from '@tapeline/core/errors';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { MarketStore, SnapshotKey } from '@tapeline/database/market-store';
import type { LogBatch, LogRecord, MarketLog, PartitionClaim } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import { type FoldOptions, foldFormat, PartitionFold } from './fold/partition-fold.ts';
import type { ProcessorMetrics } from './processor-metrics.ts';
import { ResultBatch } from './result-batch.ts';

export interface PartitionProcessorOptions {
  readonly claim: PartitionClaim;
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly group: string;
  readonly fold: FoldOptions;
  readonly barPartitions: number;
  readonly snapshotIntervalMs: number;
  /** A snapshot is taken after so many records, too. @default 2,000,000 */
  readonly snapshotRecords?: number;
  /** @default 1,000 */
  readonly commitIntervalMs?: number;
  /** Aborts when the process stops: what is read is finished first. */
  readonly stopping: AbortSignal;
  readonly metrics: ProcessorMetrics;
  readonly logger: Logger;
}

/** Thrown inside to leave a partition that was lost: its unfinished work is its successor's. */
class PartitionLost extends Error {}

/**
 * Processes a claim until it is lost or the process stops.
 * @throws PipelineError `snapshot.too-old`, `snapshot.invalid` with the remedy.
 */
export async function processPartition(options: PartitionProcessorOptions): Promise<void> {
  const run = new PartitionRun(options);
  try {
    await run.restore();
    await run.process();
    if (!options.claim.lost.aborted) await run.save();
  } catch (error) {
    if (!(error instanceof PartitionLost)) throw error;
  } finally {
    run.forgetMetrics();
    options.claim.release();
  }
}

class PartitionRun {
  readonly #options: PartitionProcessorOptions;
  readonly #key: SnapshotKey;
  #fold: PartitionFold;
  #nextOffset = 0;
  #savedOffset = -1;
  #savedAtMs = performance.now();
  #committedAtMs = performance.now();

  constructor(options: PartitionProcessorOptions) {
    this.#options = options;
    this.#key = { consumerGroup: options.group, topic: options.claim.topic, partition: options.claim.partition };
    this.#fold = new PartitionFold(options.fold);
  }

  async restore(): Promise<void> {
    const { log, store, claim, logger } = this.#options;
    const snapshot = await this.#untilDurable('loading the snapshot', () => store.loadSnapshot(this.#key));
    const offsets = await this.#untilDurable('asking for offsets', () => log.offsets(claim.topic));
    const range = offsets.find(candidate => candidate.partition === claim.partition);
    const low = range?.lowOffset ?? 0;
    if (snapshot === undefined) {
      this.#nextOffset = low;
    } else {
      this.#refuseUnreadable(snapshot.nextOffset, low, range?.highWatermark ?? 0);
      this.#fold = PartitionFold.decode(snapshot.state, this.#options.fold);
      this.#nextOffset = snapshot.nextOffset;
      this.#savedOffset = snapshot.nextOffset;
    }
    logger.info({ partition: claim.partition, nextOffset: this.#nextOffset, restored: snapshot !== undefined }, 'partition assigned');
  }

  async process(): Promise<void> {
    for await (const batch of this.#options.claim.read(this.#nextOffset)) {
      const goesOn = await this.#processBatch(batch);
      if (!goesOn) return this.#pause();
      await this.#commitNowAndThen();
      await this.#saveNowAndThen();
    }
  }

  /** Saves the state and commits the offset, unless that very state is saved already. */
  async save(): Promise<void> {
    const { store, metrics } = this.#options;
    if (this.#nextOffset !== this.#savedOffset) {
      const end = metrics.snapshotSeconds.startTimer();
      const snapshot = {
        nextOffset: this.#nextOffset,
        versionUs: this.#fold.versionUs,
        formatVersion: foldFormat,
        state: this.#fold.encode(),
      };
      await this.#untilDurable('saving the snapshot', () => store.saveSnapshot(this.#key, snapshot));
      this.#savedOffset = this.#nextOffset;
      end();
    }
    this.#savedAtMs = performance.now();
    await this.#commit();
  }

  forgetMetrics(): void {
    const partition = String(this.#options.claim.partition);
    this.#options.metrics.watermark.remove(partition);
    this.#options.metrics.lag.remove(partition);
  }

  /** False when a record of a newer format stands in the way; all before it is durable. */
  async #processBatch(batch: LogBatch): Promise<boolean> {
    const results = new ResultBatch();
    let goesOn = true;
    let count = 0;
    for (const record of batch.records) {
      if (record.offset < this.#nextOffset) continue;
      goesOn = this.#apply(record, results);
      if (!goesOn) break;
      count += 1;
      this.#nextOffset = record.offset + 1;
    }
    await this.#makeDurable(results);
    this.#observe(batch, results, count);
    return goesOn;
  }

  #apply(record: LogRecord, results: ResultBatch): boolean {
    const { claim, logger, metrics } = this.#options;
    const origin = `${claim.topic}/${claim.partition}@${record.offset}`;
    try {
      const decoded = decodeRecord(record.value);
      this.#fold.apply(decoded, output => {
        if (output.kind === 'repeated') metrics.repeated.inc({ why: output.why });
        results.add(output, origin);
      });
      return true;
    } catch (error) {
      if (hasCode(error, 'record.newer')) {
        logger.error({ origin, ...error.fields }, `${error.message}; partition ${claim.partition} is paused here`);
        return false;
      }
      if (!hasCode(error, 'record.invalid')) throw error;
      this.#fold.passOver();
      const value = record.value === undefined ? '' : Buffer.from(record.value).toString('utf8');
      results.refuse({ reason: 'malformed', detail: error.message, origin, timeMs: Math.floor(this.#fold.versionUs / 1_000), value });
      return true;
    }
  }

  async #makeDurable(results: ResultBatch): Promise<void> {
    const { log, store, metrics, barPartitions } = this.#options;
    const rows = results.rows();
    const records = results.records(barPartitions);
    const end = metrics.flushSeconds.startTimer();
    await Promise.all([
      rows === undefined ? undefined : this.#untilDurable('writing results', () => store.write(rows)),
      records.length === 0 ? undefined : this.#untilDurable('publishing results', () => log.append(records)),
    ]);
    end();
  }

  /** Tries until it succeeds or the partition is lost: meanwhile nothing more is read, so memory stays bounded and nothing is dropped. */
  async #untilDurable<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    const { claim, logger, metrics, stopping } = this.#options;
    for (let tries = 0; ; tries += 1) {
      if (claim.lost.aborted) throw new PartitionLost();
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof PipelineError) || !(error.retriable || error.code.endsWith('.full'))) throw error;
        if (stopping.aborted && tries > 0) throw error;
        metrics.sinkRetries.inc();
        logger.error(
          { partition: claim.partition, code: error.code, tries },
          `${doing}: ${reasonOf(error)}; trying again, partition waits`,
        );
        await sleep(Math.min(5_000, 100 * 2 ** tries), undefined, { signal: AbortSignal.any([claim.lost, stopping]) }).catch(
          () => undefined,
        );
      }
    }
  }

  #refuseUnreadable(nextOffset: number, low: number, high: number): void {
    const place = `${this.#key.topic}/${this.#key.partition}`;
    if (nextOffset < low) {
      throw new PipelineError(
        'snapshot.too-old',
        `the snapshot of ${place} goes on at offset ${nextOffset}, but the log begins at ${low}: records in between are lost to it; rebuild from a log that still has them, or start from an empty store`,
        { retriable: false },
      );
    }
    if (nextOffset > high) {
      throw new PipelineError(
        'snapshot.invalid',
        `the snapshot of ${place} goes on at offset ${nextOffset}, but the log ends at ${high}: this store belongs to another log; name the right log, or start from an empty store`,
        { retriable: false },
      );
    }
  }

  async #commitNowAndThen(): Promise<void> {
    if (performance.now() - this.#committedAtMs >= (this.#options.commitIntervalMs ?? 1_000)) await this.#commit();
  }

  async #saveNowAndThen(): Promise<void> {
    const isDue = performance.now() - this.#savedAtMs >= this.#options.snapshotIntervalMs;
    const isFar = this.#nextOffset - Math.max(0, this.#savedOffset) >= (this.#options.snapshotRecords ?? 2_000_000);
    if (isDue || isFar) await this.save();
  }

  async #commit(): Promise<void> {
    this.#committedAtMs = performance.now();
    await this.#options.claim.commit(this.#nextOffset);
  }

  #observe(batch: LogBatch, results: ResultBatch, count: number): void {
    const { metrics } = this.#options;
    const partition = String(batch.partition);
    metrics.records.inc(count);
    metrics.ticks.inc(results.tickCount);
    for (const bar of results.bars) {
      metrics.bars.inc({ interval: bar.interval });
      if (bar.revision > 0) metrics.corrections.inc();
    }
    for (const letter of results.deadLetters) metrics.deadLetters.inc({ reason: letter.reason });
    metrics.lag.set({ partition }, batch.highWatermark - this.#nextOffset);
    const watermarkMs = Math.max(0, ...this.#fold.feeds().map(feed => feed.watermarkMs));
    if (watermarkMs > 0) metrics.watermark.set({ partition }, (Date.now() - watermarkMs) / 1_000);
  }

  /** Keeps the partition without reading on, so that no older reader gets it instead, until it is lost or the process stops. */
  async #pause(): Promise<void> {
    const { claim, metrics, stopping } = this.#options;
    metrics.pausedPartitions.inc();
    const over = AbortSignal.any([claim.lost, stopping]);
    if (!over.aborted) await new Promise(resolve => over.addEventListener('abort', resolve, { once: true }));
    metrics.pausedPartitions.dec();
  }
}
