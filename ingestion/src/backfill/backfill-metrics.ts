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
  readonly #records;
  readonly #refusedBars;
  readonly #failures;

  constructor(registry: Registry) {
    this.#jobs = gaugeOf(registry, 'ingester_backfill_jobs', 'backfills in the queue');
    this.#refusedJobs = gaugeOf(registry, 'ingester_backfill_jobs_refused', 'backfills in the queue that the vendor refuses');
    this.#windowsLeft = gaugeOf(registry, 'ingester_backfill_windows_left', 'windows that are still to be asked for');
    this.#finished = counterOf(registry, 'ingester_backfill_jobs_done_total', 'backfills that are done');
    this.#records = counterOf(registry, 'ingester_backfill_records_total', 'history records that were delivered');
    this.#refusedBars = counterOf(registry, 'ingester_backfill_bars_refused_total', "the vendor's bars that cannot be used");
    this.#failures = counterOf(registry, 'ingester_backfill_failures_total', 'requests of the backfill that failed', ['code']);
  }

  show({ jobs, refused, windowsLeft }: BackfillProgress): void {
    this.#jobs.set(jobs);
    this.#refusedJobs.set(refused);
    this.#windowsLeft.set(windowsLeft);
  }

  finished(): void {
    this.#finished.inc();
  }

  delivered(): void {
    this.#records.inc();
  }

  refusedBars(count: number): void {
    this.#refusedBars.inc(count);
  }

  failed(code: ErrorCode): void {
    this.#failures.inc({ code });
  }
}
