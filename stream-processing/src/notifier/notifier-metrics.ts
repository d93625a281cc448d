/** What the notifier counts, by destination (`mail-1`, `webhook`). */
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Registry } from 'prom-client';

export type NotifierMetrics = ReturnType<typeof notifierMetrics>;

/** Each destination shows zeros from the start on, so that its first failure is a rise. */
export function notifierMetrics(registry: Registry, destinations: readonly string[]) {
  const metrics = {
    sender: metricOf(registry, 'tapeline_notifier_sender'),
    paused: metricOf(registry, 'tapeline_notifier_paused'),
    oldestWaiting: metricOf(registry, 'tapeline_notifier_oldest_waiting_timestamp_seconds'),
    refusalsKept: metricOf(registry, 'tapeline_notifier_refusals_kept'),
    messages: metricOf(registry, 'tapeline_notifier_messages_sent_total'),
    alerts: metricOf(registry, 'tapeline_notifier_alerts_sent_total'),
    skipped: metricOf(registry, 'tapeline_notifier_alerts_skipped_total'),
    failures: metricOf(registry, 'tapeline_notifier_failures_total'),
    refused: metricOf(registry, 'tapeline_notifier_messages_refused_total'),
    sendSeconds: metricOf(registry, 'tapeline_notifier_send_duration_seconds'),
  };
  for (const destination of destinations) {
    for (const metric of [metrics.messages, metrics.failures, metrics.refused]) metric.inc({ destination }, 0);
    for (const metric of [metrics.oldestWaiting, metrics.refusalsKept]) metric.set({ destination }, 0);
  }
  return metrics;
}
