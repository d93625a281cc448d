/** Metrics of the history job: how much of its own queue is left, and what became of the vendor's bars. */
import type { Registry } from 'prom-client';
import type { QueueGauges } from '../backfill/backfill-metrics.ts';
import { counterOf, gaugeOf } from '../metrics.ts';

export function historyGauges(registry: Registry): QueueGauges {
  return {
    jobs: gaugeOf(registry, 'history_jobs', 'loads in the queue of the history job'),
    refusedJobs: gaugeOf(registry, 'history_jobs_refused', 'loads in that queue that the vendor refuses'),
    windowsLeft: gaugeOf(registry, 'history_windows_left', 'windows of history that are still to be asked for'),
    oldest: gaugeOf(
      registry,
      'history_oldest_job_queued_timestamp_seconds',
      'when the load that waits longest was queued; 0 without loads',
    ),
  };
}

/** The vendor's bars that were looked at: `loaded`, or `stored` already. */
export function historyBars(registry: Registry) {
  return counterOf(registry, 'history_bars_total', "the vendor's bars of days that were loaded", ['outcome']);
}
