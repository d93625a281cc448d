/** The jobs of a queue as they are in memory: how many, how much of them is left, and which comes next. Pure: times are arguments. */
import {
  type BackfillJob,
  type BackfillProgress,
  byUrgency,
  dueMs,
  type GapKey,
  isSameGap,
  settledMs,
  windowsLeft,
} from './backfill-job.ts';

/** So many fresh refusals of a symbol are enough. */
const mostRefusals = 3;

export class JobSet {
  readonly #settleMs: number;
  readonly #jobs = new Map<string, BackfillJob>();
  #refused = 0;
  #windowsLeft = 0;

  /** @param settleMs a window is asked for so long after its end */
  constructor(settleMs: number, jobs: readonly BackfillJob[]) {
    this.#settleMs = settleMs;
    for (const job of jobs) this.set(job);
  }

  get size(): number {
    return this.#jobs.size;
  }

  get progress(): BackfillProgress {
    // Jobs are met in the order in which they were set, not in that in which they were queued.
    const oldest = [...this.#jobs.values()].reduce((oldestMs, { queuedMs }) => Math.min(oldestMs, queuedMs), Number.POSITIVE_INFINITY);
    const oldestQueuedMs = this.#jobs.size === 0 ? undefined : oldest;
    return { jobs: this.#jobs.size, refused: this.#refused, windowsLeft: this.#windowsLeft, oldestQueuedMs };
  }

  get(id: string): BackfillJob | undefined {
    return this.#jobs.get(id);
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  /** In place of the one with the same id. */
  set(job: BackfillJob): void {
    this.delete(job.id);
    this.#jobs.set(job.id, job);
    this.#count(job, 1);
  }

  delete(id: string): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) this.#count(job, -1);
    this.#jobs.delete(id);
  }

  /** The job as it is now: gaps may have joined it while it was worked on. */
  newest(job: BackfillJob): BackfillJob {
    return this.#jobs.get(job.id) ?? job;
  }

  /** The most urgent one that may be worked on. */
  next(nowMs: number): BackfillJob | undefined {
    const held = this.#held(nowMs);
    const due = [...this.#jobs.values()].filter(job => this.#dueMs(job, held) <= nowMs);
    return due.reduce<BackfillJob | undefined>(
      (oldest, job) => (oldest === undefined || byUrgency(job, oldest) < 0 ? job : oldest),
      undefined,
    );
  }

  /** When the first one is due, at the latest `latestMs`. */
  firstDueMs(nowMs: number, latestMs: number): number {
    const held = this.#held(nowMs);
    return [...this.#jobs.values()].reduce((first, job) => Math.min(first, this.#dueMs(job, held)), latestMs);
  }

  /** Those that were refused, or whose symbol is left alone. */
  refused(nowMs: number): readonly BackfillJob[] {
    const held = this.#held(nowMs);
    return [...this.#jobs.values()].filter(({ refused, symbol }) => refused !== undefined || held.has(symbol));
  }

  /** Gaps of the job for which no other job is over; one that the vendor refuses keeps its gap open. */
  lastOf(job: BackfillJob, nowMs: number): readonly GapKey[] {
    const others = [...this.#jobs.values()].filter(
      other => other.id !== job.id && other.symbol === job.symbol && settledMs(other, this.#settleMs) <= nowMs,
    );
    return job.gaps.filter(gap => !others.some(other => other.gaps.some(each => isSameGap(each, gap))));
  }

  /**
   * Symbols that are left alone, and until when: of each several ranges were refused a short while ago. A refusal costs a credit, and mostly it is
   * the symbol that is refused and not a range of it.
   */
  #held(nowMs: number): ReadonlyMap<string, number> {
    if (this.#refused < mostRefusals) return new Map();
    const fresh = [...this.#jobs.values()].filter(({ refused, notBeforeMs }) => refused !== undefined && notBeforeMs > nowMs);
    const several = [...Map.groupBy(fresh, ({ symbol }) => symbol)].filter(([, jobs]) => jobs.length >= mostRefusals);
    return new Map(
      several.map(([symbol, jobs]) => [symbol, jobs.reduce((first, job) => Math.min(first, job.notBeforeMs), Number.POSITIVE_INFINITY)]),
    );
  }

  #dueMs(job: BackfillJob, held: ReadonlyMap<string, number>): number {
    return Math.max(dueMs(job, this.#settleMs), held.get(job.symbol) ?? 0);
  }

  /** Totals are kept, because a queue may be long. */
  #count(job: BackfillJob, sign: 1 | -1): void {
    this.#windowsLeft += sign * windowsLeft(job);
    if (job.refused !== undefined) this.#refused += sign;
  }
}
