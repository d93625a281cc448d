/** What a stream processor counts. */
import { intervals } from '@tapeline/core/intervals';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Registry } from 'prom-client';
import type { BarBlock } from './hot/bar-block.ts';
import { barStride, intervalColumn, revisionColumn } from './hot/bar-columns.ts';
import type { ResultBatch } from './result-batch.ts';

export type ProcessorMetrics = ReturnType<typeof createProcessorMetrics>;

export function createProcessorMetrics(registry: Registry) {
  return {
    records: metricOf(registry, 'tapeline_stream_processor_records_total'),
    ticks: metricOf(registry, 'tapeline_stream_processor_ticks_total'),
    repeated: metricOf(registry, 'tapeline_stream_processor_ticks_repeated_total'),
    bars: metricOf(registry, 'tapeline_stream_processor_bars_total'),
    corrections: metricOf(registry, 'tapeline_stream_processor_corrections_total'),
    history: metricOf(registry, 'tapeline_stream_processor_history_records_total'),
    alerts: metricOf(registry, 'tapeline_stream_processor_alerts_total'),
    deadLetters: metricOf(registry, 'tapeline_stream_processor_dead_letters_total'),
    flushSeconds: metricOf(registry, 'tapeline_stream_processor_flush_duration_seconds'),
    snapshotSeconds: metricOf(registry, 'tapeline_stream_processor_snapshot_duration_seconds'),
    sinkRetries: metricOf(registry, 'tapeline_stream_processor_sink_retries_total'),
    pausedPartitions: metricOf(registry, 'tapeline_stream_processor_paused_partitions'),
    pendingBytes: metricOf(registry, 'tapeline_stream_processor_pending_result_bytes'),
    generation: metricOf(registry, 'tapeline_stream_processor_generation'),
    partitions: metricOf(registry, 'tapeline_stream_processor_partitions'),
    watermark: metricOf(registry, 'tapeline_stream_processor_watermark_lag_seconds'),
    lag: metricOf(registry, 'tapeline_stream_processor_lag_records'),
  };
}

/** Counts what a batch of results holds, once it is durable. */
export function countResults(batch: ResultBatch, metrics: ProcessorMetrics): void {
  const { taken, bars } = batch.results;
  metrics.ticks.inc(taken);
  countBars(bars, metrics);
  for (const [why, ticks] of batch.repeated) metrics.repeated.inc({ why }, ticks);
  for (const [action, records] of batch.history) metrics.history.inc({ action }, records);
  for (const { condition, severity } of batch.alerts) metrics.alerts.inc({ condition, severity });
  for (const [reason, letters] of batch.refused) metrics.deadLetters.inc({ reason }, letters);
}

function countBars({ count, columns }: BarBlock, metrics: ProcessorMetrics): void {
  if (count === 0) return;
  const byInterval = new Int32Array(intervals.length);
  let corrections = 0;
  for (let base = 0; base < count * barStride; base += barStride) {
    const interval = columns[base + intervalColumn] as number;
    byInterval[interval] = (byInterval[interval] as number) + 1;
    if ((columns[base + revisionColumn] as number) > 0) corrections += 1;
  }
  for (const [index, interval] of intervals.entries()) {
    if ((byInterval[index] as number) > 0) metrics.bars.inc({ interval }, byInterval[index]);
  }
  if (corrections > 0) metrics.corrections.inc(corrections);
}
