/** Metrics of the stream processor, of the file of alert rules, and of the notifier. */
import { alertConditions, alertSeverities } from '../alerts.ts';
import { deadLetterReasons } from '../dead-letters.ts';
import { intervals } from '../intervals.ts';
import { historyActions } from '../records.ts';
import { counter, durations, gauge, gaugeFromZero, matching, oneOf } from './metric-kinds.ts';

const buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
export const partition = matching(/^\d{1,4}$/, 1_024, 'partition of `market-data.feed`, of those that the process owns');
const destination = matching(/^(mail-\d{1,2}|webhook)$/, 11, '`mail-1` to `mail-10`, `webhook`');

export const streamProcessorMetrics = {
  tapeline_stream_processor_records_total: counter('rate', 'records read from market-data.feed'),
  tapeline_stream_processor_ticks_total: counter('rate', 'ticks taken into bars'),
  tapeline_stream_processor_ticks_repeated_total: counter(
    'rate',
    'ticks that were there before: last prices sent again on a new session, and records that stand in the log twice',
    { why: oneOf('resent', 'duplicate') },
  ),
  tapeline_stream_processor_bars_total: counter('rate', 'bars given out, revisions included', { interval: oneOf(...intervals) }),
  tapeline_stream_processor_corrections_total: counter('rate', 'bars given out again with a change'),
  tapeline_stream_processor_history_records_total: counter(
    'rate',
    'history records taken in; those refused are dead letters with the reason early',
    { action: oneOf(...historyActions) },
  ),
  tapeline_stream_processor_alerts_total: counter('rate', 'alerts given out; by rule they stand in the store', {
    condition: oneOf(...alertConditions),
    severity: oneOf(...alertSeverities),
  }),
  tapeline_stream_processor_dead_letters_total: counter('errors', 'records refused', { reason: oneOf(...deadLetterReasons) }),
  tapeline_stream_processor_sink_retries_total: counter('errors', 'writes tried again because the store or the log was away'),
  tapeline_stream_processor_flush_duration_seconds: durations('results of one batch made durable', buckets),
  tapeline_stream_processor_snapshot_duration_seconds: durations('state of one partition saved', buckets),
  tapeline_stream_processor_pending_result_bytes: gauge('saturation', 'results that are not durable yet; reading waits beyond a bound', {
    partition,
  }),
  tapeline_stream_processor_lag_records: gauge(
    'saturation',
    'records after the last one processed; absent while the log does not say where it ends',
    { partition },
  ),
  tapeline_stream_processor_watermark_lag_seconds: gauge('saturation', 'wall clock minus the watermark', { partition }),
  tapeline_stream_processor_paused_partitions: gaugeFromZero('errors', 'partitions paused by a record of a newer format'),
  tapeline_stream_processor_partitions: gaugeFromZero('state', 'partitions that this process owns'),
  tapeline_stream_processor_generation: gauge(
    'state',
    'generation of the tables that it works for; 0 while those that serve are of another fold',
  ),
} as const;

export const alertRuleMetrics = {
  tapeline_alert_rules_published_total: counter('rate', 'records of rules put into the log'),
  tapeline_alert_rules_file_faults: gauge('errors', 'what is wrong with ALERT_RULES_FILE; the former rules stay in force'),
  tapeline_alert_rules_in_force: gauge('state', 'rules of the file that stand in the log'),
} as const;

export const notifierMetrics = {
  tapeline_notifier_messages_sent_total: counter('rate', 'messages sent', { destination }),
  tapeline_notifier_alerts_sent_total: counter(
    'rate',
    'alerts in messages that were sent: each by itself (listed) or summed up (counted)',
    {
      destination,
      told: oneOf('listed', 'counted'),
    },
  ),
  tapeline_notifier_alerts_skipped_total: counter(
    'rate',
    'alerts that were not sent, by reason: sent before (known), not wanted there (filtered), no alert (invalid)',
    { destination, reason: oneOf('known', 'filtered', 'invalid') },
  ),
  tapeline_notifier_failures_total: counter('errors', 'attempts to send that failed and are repeated', { destination }),
  tapeline_notifier_messages_refused_total: counter('errors', 'messages that were refused for good and given up', { destination }),
  tapeline_notifier_refusals_kept: gauge('errors', 'messages that were refused for good within the last weeks', { destination }),
  tapeline_notifier_paused: gaugeFromZero('errors', '1 when the topic has records of a newer format'),
  tapeline_notifier_send_duration_seconds: durations('one attempt to send a message', [0.03, 0.1, 0.3, 1, 3, 10, 30], { destination }),
  tapeline_notifier_oldest_waiting_timestamp_seconds: gauge(
    'saturation',
    'time of the oldest alert that waits to be sent; 0 when none does',
    { destination },
  ),
  tapeline_notifier_sender: gaugeFromZero('state', '1 while this process sends, 0 while it stands by'),
} as const;
