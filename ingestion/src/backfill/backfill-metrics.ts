/** Metrics of the backfill: how much is left, how much came, what went wrong. */
import type { ErrorCode } from '@tapeline/core/errors';
import type { Registry } from 'prom-client';
import { counterOf, gaugeOf } from '../metrics.ts';
import type { BackfillProgress } from './backfill-job.ts';

export class BackfillMetrics {
  readonly #jobs;
  readonly #refusedJobs;
  readonly #windowsLeft;
  readonly #finished;
  readonly #oldest;
  readonly #refusedBars;
  readonly #failures;

  constructor(registry: Registry) {
    this.#jobs = gaugeOf(registry, 'backfiller_jobs', 'backfills in the queue');
    this.#refusedJobs = gaugeOf(registry, 'backfiller_jobs_refused', 'backfills in the queue that the vendor refuses');
    this.#windowsLeft = gaugeOf(registry, 'backfiller_windows_left', 'windows that are still to be asked for');
    this.#oldest = gaugeOf(
      registry,
      'backfiller_oldest_job_queued_timestamp_seconds',
      'when the job that waits longest was queued; 0 without jobs',
    );
    this.#finished = counterOf(registry, 'backfiller_jobs_done_total', 'backfills that are done');
    this.#refusedBars = counterOf(registry, 'backfiller_bars_refused_total', "the vendor's bars that cannot be used");
    this.#failures = counterOf(registry, 'backfiller_failures_total', 'requests of the backfill that failed', ['code']);
  }

  show({ jobs, refused, windowsLeft, oldestQueuedMs }: BackfillProgress): void {
    this.#oldest.set((oldestQueuedMs ?? 0) / 1_000);
    this.#jobs.set(jobs);
    this.#refusedJobs.set(refused);
    this.#windowsLeft.set(windowsLeft);
  }

  finished(): void {
    this.#finished.inc();
  }

  refusedBars(count: number): void {
    this.#refusedBars.inc(count);
  }

  failed(code: ErrorCode): void {
    this.#failures.inc({ code });
  }
}
