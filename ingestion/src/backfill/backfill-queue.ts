/**
 * Fetches what is missing, the oldest first, one request at a time, as fast as the credits allow. How far a job is, is durable after
 * each answer's records are; a process that was killed in between delivers those records again, the same but for `receivedTimeMs`.
 */
import { BackOff } from '@tapeline/core/back-off';
import { counted } from '@tapeline/core/counted';
import { hasCode, isPassing, PipelineError, reasonOf } from '@tapeline/core/errors';
import { pause as realPause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { TimeSeries } from '../twelve-data/rest-answers.ts';
import type { RestClient, TimeSeriesRequest } from '../twelve-data/rest-client.ts';
import {
  aboutJob,
  type BackfillJob,
  type BackfillProgress,
  type BackfillRequest,
  backfillJob,
  type GapKey,
  nameOf,
  nextRequest,
  withGap,
} from './backfill-job.ts';
import { BackfillMetrics, type QueueOwner } from './backfill-metrics.ts';
import type { BackfillStore } from './backfill-store.ts';
import { JobSet } from './job-set.ts';
import { type VendorWindow, windowsOf } from './vendor-windows.ts';

/** What the vendor answered, for one piece of a job. */
export interface Answer {
  readonly job: BackfillJob;
  /** Ascending; none when the vendor has none there. */
  readonly windows: readonly VendorWindow[];
  /** Windows that begin in `[fromMs, toMs)` were asked for. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Gaps of the job of which nothing that is over is left to be asked for: this is the last answer for them. */
  readonly lastOf: readonly GapKey[];
  readonly receivedTimeMs: number;
}

export interface BackfillQueueOptions {
  readonly client: Pick<RestClient, 'timeSeries'>;
  readonly store: BackfillStore;
  /** Resolves when what follows from the answer is durable; called one at a time. A `PipelineError` that passes (`isPassing`) is tried again, all else ends {@link BackfillQueue.run}. */
  readonly take: (answer: Answer) => Promise<void>;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Whose metrics it shows. @default 'backfiller' */
  readonly owner?: QueueOwner;
  /** A symbol as the vendor is asked for it. @default as it is */
  readonly vendorSymbol?: (symbol: string) => string;
  /** Pre- and post-market too. @default false */
  readonly extendedHours?: boolean;
  /** Windows are asked for so long after their end. @default 120,000 */
  readonly settleMs?: number;
  /** A refused job is asked for again after this. @default 21,600,000 */
  readonly retryRefusedMs?: number;
  /** @default 100,000 */
  readonly mostJobs?: number;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, exclusive. @default Math.random */
  readonly random?: () => number;
}

interface Answered {
  readonly request: TimeSeriesRequest;
  /** `undefined` when the vendor has no bars there. */
  readonly series: TimeSeries | undefined;
}

const longestPutOffMs = 900_000;
/** After about two hours of nothing but bad answers a range is one that the vendor cannot tell: each costs a credit, and a run that waits for it never ends. */
const mostBadAnswers = 20;
const longestWaitMs = 3_600_000;

export class BackfillQueue {
  readonly #options: BackfillQueueOptions;
  readonly #clock: () => number;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  readonly #metrics: BackfillMetrics;
  readonly #jobs: JobSet;
  #wake: (() => void) | undefined;

  private constructor(options: BackfillQueueOptions, jobs: readonly BackfillJob[]) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#backOff = new BackOff({ baseMs: 2_000, capMs: 300_000, leastShare: 0, random: this.#random });
    this.#metrics = new BackfillMetrics(options.registry, options.owner ?? 'backfiller');
    this.#jobs = new JobSet(options.settleMs ?? 120_000, jobs);
    this.#metrics.show(this.progress);
  }

  /** Opens the queue with what the store has. */
  static async open(options: BackfillQueueOptions): Promise<BackfillQueue> {
    const queue = new BackfillQueue(options, await options.store.all());
    const { jobs, windowsLeft: left } = queue.progress;
    if (jobs > 0) options.logger.info({ jobs, windowsLeft: left }, `${jobs} backfills go on where they stopped`);
    return queue;
  }

  get progress(): BackfillProgress {
    return this.#jobs.progress;
  }

  /**
   * Puts a backfill into the queue, durably.
   * @returns false when it is in it already; it is done for the new gap, too, then.
   * @throws as {@link enqueueAll} does.
   */
  async enqueue(request: BackfillRequest): Promise<boolean> {
    return (await this.enqueueAll([request])) === 1;
  }

  /**
   * The same for several at once: none is worked on before all are durable, so the last one of a gap is known as such.
   * @returns how many were not in it yet.
   * @throws PipelineError `usage` for a range that is none; `store.full`, retriable, when there are too many.
   */
  async enqueueAll(requests: readonly BackfillRequest[]): Promise<number> {
    const given = new Map<string, BackfillJob>();
    for (const request of requests) {
      const job = backfillJob(request, this.#clock());
      const known = given.get(job.id) ?? this.#jobs.get(job.id);
      const changed = known === undefined ? job : withGap(known, request.gap);
      if (changed !== undefined) given.set(job.id, changed);
    }
    const fresh = [...given.keys()].filter(id => !this.#jobs.has(id)).length;
    const most = this.#options.mostJobs ?? 100_000;
    if (fresh > 0 && this.#jobs.size + fresh > most) {
      throw new PipelineError('store.full', `the queue must have at most ${most} backfills: ask again when it is shorter`, {
        retriable: true,
      });
    }
    for (const job of given.values()) await this.#options.store.put(job);
    // One that was worked on meanwhile is further than it was; one that was done is done once more, for its new gap.
    for (const job of given.values()) this.#jobs.set({ ...this.#jobs.newest(job), gaps: job.gaps });
    this.#metrics.show(this.progress);
    this.#wake?.();
    return fresh;
  }

  /**
   * Works until the signal aborts, or until only jobs are left that were refused and put off, or whose symbol was.
   * @throws PipelineError `feed.key-refused`, and what `take` and the store throw.
   */
  async run(signal: AbortSignal, until: 'stopped' | 'done' = 'stopped'): Promise<void> {
    while (!signal.aborted) {
      const nowMs = this.#clock();
      const job = this.#jobs.next(nowMs);
      if (job === undefined && until === 'done' && this.#jobs.refused(nowMs).length === this.#jobs.size) return;
      if (job === undefined) await this.#waited(nowMs, signal);
      else await this.#work(job, signal);
    }
  }

  /** Gives up what is still refused of ranges that ended before. */
  async forgetRefused(beforeMs: number): Promise<void> {
    for (const { id } of this.#jobs.refused(this.#clock()).filter(({ toMs }) => toMs < beforeMs)) {
      await this.#options.store.remove(id);
      this.#jobs.delete(id);
    }
    this.#metrics.show(this.progress);
  }

  async #work(job: BackfillJob, signal: AbortSignal): Promise<void> {
    try {
      const request = nextRequest(job);
      const series = await this.#series(request, signal);
      const taken = this.#jobs.newest(job);
      await this.#take(taken, { request, series });
      await this.#advance(taken, request.toMs);
      this.#backOff.succeeded();
    } catch (error) {
      if (signal.aborted) return;
      await this.#failed(this.#jobs.newest(job), error, signal);
    }
  }

  /** `undefined` when the vendor has no bars there. */
  async #series(request: TimeSeriesRequest, signal: AbortSignal): Promise<TimeSeries | undefined> {
    try {
      const symbol = this.#options.vendorSymbol?.(request.symbol) ?? request.symbol;
      const { extendedHours = false } = this.#options;
      return await this.#options.client.timeSeries({ ...request, symbol, extendedHours }, signal);
    } catch (error) {
      if (hasCode(error, 'vendor.no-data')) return undefined;
      throw error;
    }
  }

  async #take(job: BackfillJob, { request, series }: Answered): Promise<void> {
    const receivedTimeMs = this.#clock();
    const { windows, faults } = series === undefined ? { windows: [], faults: [] } : windowsOf(request, series, receivedTimeMs);
    if (faults.length > 0) {
      this.#metrics.refusedBars(faults.length);
      this.#options.logger.warn(
        { ...aboutJob(job), faults: faults.slice(0, 5) },
        `${counted(faults.length, 'bar')} of ${job.symbol} cannot be used: they stay missing`,
      );
    }
    const { fromMs, toMs } = request;
    const lastOf = toMs >= job.toMs ? this.#jobs.lastOf(job, receivedTimeMs) : [];
    await this.#options.take({ job, windows, fromMs, toMs, lastOf, receivedTimeMs });
  }

  async #advance(job: BackfillJob, answeredMs: number): Promise<void> {
    const { store, logger } = this.#options;
    const newest = this.#jobs.newest(job);
    const isLast = answeredMs >= job.toMs;
    const isDone = isLast && newest.gaps.length === job.gaps.length;
    // A gap that joined when the last answer was decided about already has it asked for once more.
    const nextMs = isLast && !isDone ? job.nextMs : answeredMs;
    if (isDone) {
      // From here on a gap queues it anew.
      this.#jobs.delete(job.id);
      await store.remove(job.id);
      this.#metrics.finished(this.#clock() - job.queuedMs);
    } else await this.#keep({ ...newest, nextMs, attempts: 0, notBeforeMs: 0, refused: undefined });
    const { jobs, windowsLeft: left } = this.progress;
    this.#metrics.show(this.progress);
    const state = isDone ? 'done' : `at ${new Date(nextMs).toISOString()}`;
    logger.info({ ...aboutJob(job), nextMs, jobs, windowsLeft: left }, `${nameOf(job)} is ${state}, ${jobs} to go`);
  }

  async #failed(job: BackfillJob, error: unknown, signal: AbortSignal): Promise<void> {
    if (hasCode(error, 'vendor.limited')) return this.#limited(error);
    if (hasCode(error, 'vendor.refused')) return this.#refused(job, error);
    if (!isPassing(error)) throw error;
    const attempts = job.attempts + 1;
    if (error.code === 'vendor.malformed' && attempts >= mostBadAnswers) return this.#refused(job, error);
    const putOffMs = Math.min(longestPutOffMs, 1_000 * 2 ** Math.min(attempts, 20)) * (0.5 + this.#random() / 2);
    await this.#keep({ ...job, attempts, notBeforeMs: this.#clock() + Math.ceil(putOffMs) });
    // A bad answer is this job's alone; all else would meet the next job too.
    const pauseMs = error.code === 'vendor.malformed' ? 0 : this.#backOff.nextMs();
    this.#metrics.failed(error.code);
    this.#options.logger.warn(
      { ...aboutJob(job), code: error.code, attempts, pauseMs },
      `${nameOf(job)} failed and is tried again: ${error.message}`,
    );
    if (pauseMs > 0) await this.#pause(pauseMs, signal);
  }

  #limited(error: PipelineError): void {
    this.#metrics.failed(error.code);
    this.#options.logger.warn({ exhausted: error.fields.exhausted }, `credits are used up, waiting for the next ${error.fields.exhausted}`);
  }

  async #refused(job: BackfillJob, error: PipelineError): Promise<void> {
    const retryMs = this.#options.retryRefusedMs ?? 21_600_000;
    await this.#keep({ ...job, attempts: job.attempts + 1, notBeforeMs: this.#clock() + retryMs, refused: reasonOf(error).slice(0, 500) });
    this.#metrics.failed(error.code);
    this.#metrics.show(this.progress);
    this.#options.logger.error({ ...aboutJob(job), retryMs }, `${nameOf(job)} is refused, its bars stay as they are: ${error.message}`);
  }

  async #keep(job: BackfillJob): Promise<void> {
    await this.#options.store.put(job);
    this.#jobs.set(job);
  }

  /** Until a job is due, or a new one comes. */
  async #waited(nowMs: number, signal: AbortSignal): Promise<void> {
    const firstMs = this.#jobs.firstDueMs(nowMs, nowMs + longestWaitMs);
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await this.#pause(Math.max(1, firstMs - nowMs), AbortSignal.any([signal, woken.signal]));
    this.#wake = undefined;
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await (this.#options.pause ?? realPause)(ms, signal);
  }
}
