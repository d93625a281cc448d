/** Metrics of a queue of backfills, those of the backfiller or of the history job: how much is left, how much came, what went wrong. */
import type { ErrorCode } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Registry } from 'prom-client';
import type { BackfillProgress } from './backfill-job.ts';

/** Whose queue it is; each queue of a process has metrics of its own. */
export type QueueOwner = 'backfiller' | 'history';

export class BackfillMetrics {
  readonly #jobs;
  readonly #refusedJobs;
  readonly #windowsLeft;
  readonly #oldest;
  readonly #finished;
  readonly #seconds;
  readonly #refusedBars;
  readonly #failures;

  constructor(registry: Registry, owner: QueueOwner) {
    this.#jobs = metricOf(registry, `tapeline_${owner}_jobs`);
    this.#refusedJobs = metricOf(registry, `tapeline_${owner}_jobs_refused`);
    this.#windowsLeft = metricOf(registry, `tapeline_${owner}_windows_left`);
    this.#oldest = metricOf(registry, `tapeline_${owner}_oldest_job_queued_timestamp_seconds`);
    this.#finished = metricOf(registry, `tapeline_${owner}_jobs_done_total`);
    this.#seconds = metricOf(registry, `tapeline_${owner}_job_duration_seconds`);
    this.#refusedBars = metricOf(registry, `tapeline_${owner}_bars_refused_total`);
    this.#failures = metricOf(registry, `tapeline_${owner}_failures_total`);
  }

  show({ jobs, refused, windowsLeft, oldestQueuedMs }: BackfillProgress): void {
    this.#oldest.set((oldestQueuedMs ?? 0) / 1_000);
    this.#jobs.set(jobs);
    this.#refusedJobs.set(refused);
    this.#windowsLeft.set(windowsLeft);
  }

  /** @param tookMs since it was queued */
  finished(tookMs: number): void {
    this.#finished.inc();
    this.#seconds.observe(Math.max(0, tookMs) / 1_000);
  }

  refusedBars(count: number): void {
    this.#refusedBars.inc(count);
  }

  failed(code: ErrorCode): void {
    this.#failures.inc({ code });
  }
}
