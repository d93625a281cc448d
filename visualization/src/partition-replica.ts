/**
 * A replica of the fold over one partition, for reading only: it begins where a processor's snapshot ends, reads the log and
 * applies the very same fold, so a screen shows what the processors will store.
 */
import { setImmediate } from 'node:timers/promises';
import { hasCode, PipelineError, reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { decodeRecord } from '@tapeline/core/record-codec';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { LogBatch, MarketLog, RecordCursor } from '@tapeline/log/market-log';
import type { FoldOutput } from '@tapeline/stream-processing/fold/outputs';
import { type FoldOptions, type FoldResults, HotFold } from '@tapeline/stream-processing/hot/hot-fold';
import { type LastRecord, snapshotHeader } from '@tapeline/stream-processing/hot/hot-snapshot';
import { isStillThere, lastRecordOf, readOn } from '@tapeline/stream-processing/last-record';
import type { Logger } from 'pino';
import type { BoardTrace } from './board-trace.ts';

export interface ReplicaOptions {
  readonly log: MarketLog;
  readonly store: MarketStore;
  /** Consumer group whose snapshots are read. */
  readonly group: string;
  readonly fold: FoldOptions;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The fold was put in the place of another: all that was known of its symbols may have changed. */
  readonly restored: () => void;
  /** Outputs of one batch in their order, and the symbols whose latest tick is a newer one. */
  readonly applied: (outputs: readonly FoldOutput[], moved: readonly string[]) => void;
  /** Sampled ticks are followed. @default none */
  readonly trace?: BoardTrace | undefined;
  readonly progress: (records: number, lag: number) => void;
  readonly skipped: (code: string) => void;
  /** What keeps it from following; it tries again by itself. */
  readonly troubled: (problem: string) => void;
}

/** The log does not go on from what was read of it. */
const ofAnotherLog: ReadonlySet<string> = new Set(['log.out-of-range', 'snapshot.invalid']);
const firstBackOffMs = 250;
const longestBackOffMs = 10_000;
const quietLogMs = 10_000;
/** So long the fold keeps the event loop at most: the screens' timers get their turns in between. */
const turnMs = 10;
const recordsOfLook = 128;

export class PartitionReplica {
  #fold: HotFold;
  #results: FoldResults;
  #nextOffset = 0;
  /** By which the log is known again when it is read on. */
  #lastRecord: LastRecord | undefined;
  /** End of the partition when the replica was restored: from there on it shows the present. */
  #targetOffset = Number.POSITIVE_INFINITY;
  #restored = false;
  #problem: string | undefined = 'loading';
  #lastSkipLoggedMs = Number.NEGATIVE_INFINITY;
  /** Aborts the reading that goes on, and no later one. */
  #restarting = new AbortController();
  readonly #options: ReplicaOptions;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#fold = new HotFold(options.fold);
    this.#results = this.#fold.results();
  }

  get fold(): HotFold {
    return this.#fold;
  }

  /** True once all that was in the log when it was restored has been applied. */
  get caughtUp(): boolean {
    return this.#restored && this.#nextOffset >= this.#targetOffset;
  }

  /** Of the next record that is applied; `undefined` while no snapshot is loaded. */
  get nextOffset(): number | undefined {
    return this.#restored ? this.#nextOffset : undefined;
  }

  /** What keeps it from following the log; `undefined` when nothing does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Leaves what it has for the store's newest snapshot. */
  restart(): void {
    this.#restarting.abort();
  }

  /**
   * Follows the partition until the signal aborts. An error of the log or the store is waited out, with full jitter, and goes on
   * where it stopped; what the log no longer holds is taken from a newer snapshot.
   * @throws what is not a `PipelineError`: a programming error.
   */
  async run(): Promise<void> {
    const { signal, troubled } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (!this.#restored || this.#restarting.signal.aborted) await this.#restore();
        await this.#follow(() => {
          failures = 0;
        });
        if (this.#restarting.signal.aborted) continue;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof PipelineError)) throw error;
        if (ofAnotherLog.has(error.code)) this.#restored = false;
        this.#problem = error.message;
      }
      if (signal.aborted) return;
      const waitMs = Math.round(Math.random() * Math.min(longestBackOffMs, firstBackOffMs * 2 ** failures)) + 50;
      failures = Math.min(failures + 1, 10);
      troubled(this.#problem ?? 'the log ended');
      await pause(waitMs, signal);
    }
  }

  async #restore(): Promise<void> {
    this.#restarting = new AbortController();
    this.#restored = false;
    const { log, store, group, fold: options, logger } = this.#options;
    const { partition } = options;
    const snapshot = await store.loadSnapshot({ consumerGroup: group, topic: feedTopic.name, partition });
    const offsets = (await log.offsets(feedTopic.name)).find(candidate => candidate.partition === partition);
    if (offsets === undefined) {
      throw new PipelineError('log.unavailable', `partition ${partition} of ${feedTopic.name} is missing`, { retriable: true });
    }
    if (snapshot !== undefined && snapshot.nextOffset < offsets.lowOffset) {
      throw new PipelineError(
        'snapshot.too-old',
        `the snapshot ends at offset ${snapshot.nextOffset}, the log begins at ${offsets.lowOffset}: waiting for a stream processor to save a newer one`,
        { retriable: true },
      );
    }
    const fold = snapshot === undefined ? new HotFold(options) : foldSavedAs(snapshot.state, options);
    const lastRecord = snapshot === undefined ? undefined : await this.#knownRecord(snapshot.state, offsets.lowOffset);
    this.#fold = fold;
    this.#results = this.#fold.results();
    this.#nextOffset = snapshot?.nextOffset ?? offsets.lowOffset;
    this.#lastRecord = lastRecord;
    this.#targetOffset = offsets.highWatermark;
    this.#restored = true;
    this.#problem = undefined;
    logger.debug({ partition, nextOffset: this.#nextOffset, targetOffset: this.#targetOffset }, 'live market restored');
    this.#options.restored();
  }

  /**
   * The record that the snapshot's log is known by, if retention has left it: nothing of another log is shown.
   * @throws PipelineError `snapshot.invalid`, retriable: processors refuse it, too, until somebody has named the right log or store.
   */
  async #knownRecord(state: Uint8Array, lowOffset: number): Promise<LastRecord | undefined> {
    const { log, fold } = this.#options;
    const { lastRecord } = snapshotHeader(state);
    const place = { topic: feedTopic.name, partition: fold.partition };
    if (lastRecord === undefined || lastRecord.offset < lowOffset) return undefined;
    if (!(await isStillThere(lastRecord, log, place))) throw otherLog('the snapshot was made from another log', lastRecord);
    return lastRecord;
  }

  async #follow(moved: () => void): Promise<void> {
    const { log, fold } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#restarting.signal]);
    const reading = readOn({
      nextOffset: this.#nextOffset,
      lastRecord: this.#lastRecord,
      read: fromOffset => log.read({ topic: feedTopic.name, partition: fold.partition, fromOffset, signal }),
      refused: last => otherLog('the log is another one now', last),
    });
    this.#problem = undefined;
    for await (const batch of reading) {
      await this.#applyTraced(batch);
      this.#lastRecord = lastRecordOf(batch) ?? this.#lastRecord;
      batch.release();
      moved();
      // A long log is read without a pause for I/O in between; the screens' timers get their turn here.
      await setImmediate();
      if (signal.aborted) return;
    }
  }

  async #applyTraced(batch: LogBatch): Promise<void> {
    const { trace } = this.#options;
    if (trace === undefined) return this.#applyBatch(batch);
    const sampled = trace.fetched(batch, this.#nextOffset);
    const startMs = Date.now();
    await this.#applyBatch(batch);
    trace.folded(sampled, { startMs, endMs: Date.now() });
  }

  async #applyBatch(batch: LogBatch): Promise<void> {
    const cursor = batch.cursor();
    let turnStartMs = performance.now();
    let count = 0;
    while (cursor.next()) {
      if (cursor.offset < this.#nextOffset) continue;
      this.#apply(cursor);
      this.#nextOffset = cursor.offset + 1;
      count += 1;
      if (count % recordsOfLook !== 0 || performance.now() - turnStartMs < turnMs) continue;
      this.#tell();
      await setImmediate();
      if (this.#options.signal.aborted) return;
      turnStartMs = performance.now();
    }
    this.#nextOffset = Math.max(this.#nextOffset, batch.lastOffset + 1);
    this.#tell();
    this.#options.progress(count, Math.max(0, batch.highWatermark - this.#nextOffset));
  }

  /** Gives on what came out since the last time. */
  #tell(): void {
    const { outputs, bars } = this.#results;
    const told: FoldOutput[] = [...outputs];
    for (const bar of bars) told.push({ kind: 'bar', bar });
    const moved: string[] = [];
    for (let index = 0; index < this.#results.changedCount; index += 1) moved.push(this.#fold.symbolAt(this.#results.changed(index)));
    this.#results.clear();
    this.#options.applied(told, moved);
  }

  #apply({ bytes, valueStart, valueEnd, offset }: RecordCursor): void {
    if (valueStart >= 0 && this.#fold.applyTick(bytes, valueStart, valueEnd, this.#results)) return;
    try {
      this.#fold.apply(decodeRecord(valueStart < 0 ? undefined : bytes.subarray(valueStart, valueEnd)), this.#results);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#fold.passOver();
      this.#options.skipped(error.code);
      this.#logSkip(offset, error);
    }
  }

  /** At most one line in 10 s: a stretch of bad records must not fill a disk. */
  #logSkip(offset: number, error: PipelineError): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastSkipLoggedMs < quietLogMs) return;
    this.#lastSkipLoggedMs = nowMs;
    const { logger, fold } = this.#options;
    logger.warn(
      { partition: fold.partition, offset, code: error.code },
      `live market skips a record: ${reasonOf(error)}; further ones within 10 s are only counted`,
    );
  }
}

function otherLog(what: string, { offset }: LastRecord): PipelineError {
  const message = `${what}: at offset ${offset} stands another record than the one that was read there`;
  return new PipelineError('snapshot.invalid', message, { retriable: true });
}

/** @throws PipelineError `snapshot.invalid`, retriable: a processor may save another one. */
function foldSavedAs(state: Uint8Array, options: FoldOptions): HotFold {
  try {
    return HotFold.decode(state, options);
  } catch (error) {
    if (!hasCode(error, 'snapshot.invalid')) throw error;
    const message = `the board goes on from what the stream processors save, and needs their version and settings: ${error.message}`;
    throw new PipelineError(error.code, message, { retriable: true, cause: error });
  }
}
