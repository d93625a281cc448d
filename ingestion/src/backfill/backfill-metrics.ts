/** Metrics of the backfill: how much is left, how much came, what went wrong. */
import type { ErrorCode } from '@tapeline/core/errors';
import type { Gauge, Registry } from 'prom-client';
import { counterOf, gaugeOf } from '../metrics.ts';
import type { BackfillProgress } from './backfill-job.ts';

/** What a queue shows of itself; each queue of a process has its own. */
export interface QueueGauges {
  readonly jobs: Gauge;
  readonly refusedJobs: Gauge;
  readonly windowsLeft: Gauge;
  readonly oldest: Gauge;
}

export function backfillerGauges(registry: Registry): QueueGauges {
  return {
    jobs: gaugeOf(registry, 'backfiller_jobs', 'backfills in the queue'),
    refusedJobs: gaugeOf(registry, 'backfiller_jobs_refused', 'backfills in the queue that the vendor refuses'),
    windowsLeft: gaugeOf(registry, 'backfiller_windows_left', 'windows that are still to be asked for'),
    oldest: gaugeOf(
      registry,
      'backfiller_oldest_job_queued_timestamp_seconds',
      'when the job that waits longest was queued; 0 without jobs',
    ),
  };
}

export class BackfillMetrics {
  readonly #gauges: QueueGauges;
  readonly #finished;
  readonly #refusedBars;
  readonly #failures;

  constructor(registry: Registry, gauges: QueueGauges) {
    this.#gauges = gauges;
    this.#finished = counterOf(registry, 'backfiller_jobs_done_total', 'backfills that are done');
    this.#refusedBars = counterOf(registry, 'backfiller_bars_refused_total', "the vendor's bars that cannot be used");
    this.#failures = counterOf(registry, 'backfiller_failures_total', 'requests of the backfill that failed', ['code']);
  }

  show({ jobs, refused, windowsLeft, oldestQueuedMs }: BackfillProgress): void {
    this.#gauges.oldest.set((oldestQueuedMs ?? 0) / 1_000);
    this.#gauges.jobs.set(jobs);
    this.#gauges.refusedJobs.set(refused);
    this.#gauges.windowsLeft.set(windowsLeft);
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
