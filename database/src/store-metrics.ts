/** What a store tells Prometheus, the same for both parts. */
import { PipelineError } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Registry } from 'prom-client';

export type StoreMetrics = ReturnType<typeof storeMetrics>;

/** Registers the metrics, or finds those that another store of this process registered. */
export function storeMetrics(registry: Registry) {
  return {
    rowsWritten: metricOf(registry, 'tapeline_store_rows_written_total'),
    /** Ticks that were older than the retention when they were received. */
    ticksExpired: metricOf(registry, 'tapeline_store_ticks_expired_total'),
    /** Snapshots that were not saved because a newer one was there. */
    snapshotsSuperseded: metricOf(registry, 'tapeline_store_snapshots_superseded_total'),
    /** Rows that wait because enough is under way: the backlog of the sink. */
    waitingRows: metricOf(registry, 'tapeline_store_waiting_rows'),
    inFlightRows: metricOf(registry, 'tapeline_store_in_flight_rows'),
    writeFailures: metricOf(registry, 'tapeline_store_write_failures_total'),
    writeSeconds: metricOf(registry, 'tapeline_store_write_duration_seconds'),
  };
}

/** Times a write that is taken, and counts one that is not. */
export async function measuredWrite(metrics: StoreMetrics, write: () => void | Promise<void>): Promise<void> {
  const stop = metrics.writeSeconds.startTimer();
  try {
    await write();
    stop();
  } catch (error) {
    metrics.writeFailures.inc({ code: error instanceof PipelineError ? error.code : 'failed' });
    throw error;
  }
}
