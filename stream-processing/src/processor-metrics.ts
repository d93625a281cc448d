/** Metrics of a stream processor. Labels are bounded: partitions, intervals and reasons. */
import { intervals } from '@tapeline/core/intervals';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BarBlock } from './hot/bar-block.ts';
import { barStride, intervalColumn, revisionColumn } from './hot/bar-columns.ts';
import type { ResultBatch } from './result-batch.ts';

export type ProcessorMetrics = ReturnType<typeof createProcessorMetrics>;

export function createProcessorMetrics(registry: Registry) {
  const registers = [registry];
  const buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  return {
    records: new Counter({ name: 'stream_processor_records_total', help: 'records read from market-data.feed', registers }),
    ticks: new Counter({ name: 'stream_processor_ticks_total', help: 'ticks taken into bars', registers }),
    repeated: new Counter({
      name: 'stream_processor_ticks_repeated_total',
      help: 'ticks that were there before: last prices sent again on a new session, and records that stand in the log twice',
      labelNames: ['why'],
      registers,
    }),
    bars: new Counter({
      name: 'stream_processor_bars_total',
      help: 'bars given out, revisions included',
      labelNames: ['interval'],
      registers,
    }),
    corrections: new Counter({ name: 'stream_processor_corrections_total', help: 'bars given out again with a change', registers }),
    history: new Counter({
      name: 'stream_processor_history_records_total',
      help: 'history records taken in; those refused are dead letters with the reason early',
      labelNames: ['action'],
      registers,
    }),
    alerts: new Counter({
      name: 'stream_processor_alerts_total',
      help: 'alerts given out; by rule they stand in the store',
      labelNames: ['condition', 'severity'],
      registers,
    }),
    deadLetters: new Counter({ name: 'stream_processor_dead_letters_total', help: 'records refused', labelNames: ['reason'], registers }),
    flushSeconds: new Histogram({ name: 'stream_processor_flush_seconds', help: 'results of one batch made durable', buckets, registers }),
    snapshotSeconds: new Histogram({ name: 'stream_processor_snapshot_seconds', help: 'state of one partition saved', buckets, registers }),
    sinkRetries: new Counter({
      name: 'stream_processor_sink_retries_total',
      help: 'writes tried again because the store or the log was away',
      registers,
    }),
    pausedPartitions: new Gauge({
      name: 'stream_processor_paused_partitions',
      help: 'partitions paused by a record of a newer format',
      registers,
    }),
    pendingBytes: new Gauge({
      name: 'stream_processor_pending_result_bytes',
      help: 'results that are not durable yet; reading waits beyond a bound',
      labelNames: ['partition'],
      registers,
    }),
    generation: new Gauge({
      name: 'stream_processor_generation',
      help: 'generation of the tables that it works for; 0 while those that serve are of another fold',
      registers,
    }),
    partitions: new Gauge({ name: 'stream_processor_partitions', help: 'partitions that this process owns', registers }),
    watermark: new Gauge({
      name: 'stream_processor_watermark_lag_seconds',
      help: 'wall clock minus the watermark',
      labelNames: ['partition'],
      registers,
    }),
    lag: new Gauge({
      name: 'stream_processor_lag_records',
      help: 'records after the last one processed',
      labelNames: ['partition'],
      registers,
    }),
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
