/** Metrics of what stages share: appends to the log, writes to the store, and spans on their way to a collector. */
import { topics } from '../topics.ts';
import { counter, durations, errorCode, gaugeFromZero, oneOf } from './metric-kinds.ts';

export const logMetrics = {
  tapeline_log_records_appended_total: counter('rate', 'records that the log took', { topic: oneOf(...topics.map(({ name }) => name)) }),
  tapeline_log_append_failures_total: counter('errors', 'appends that the log did not take; whoever asked for them says what follows', {
    code: errorCode,
  }),
  tapeline_log_append_duration_seconds: durations(
    'from the call of an append to its records being durable',
    [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  ),
  tapeline_log_appends_in_flight: gaugeFromZero('saturation', 'appends that are not answered yet'),
} as const;

export const storeMetrics = {
  tapeline_store_rows_written_total: counter('rate', 'rows written, each version of a row once', {
    table: oneOf(
      ...['ticks_by_symbol_hour', 'bars_by_symbol_interval', 'latest_by_board', 'gaps_by_day', 'alerts_by_day', 'instruments_by_board'],
      ...['ticks', 'bars', 'latest', 'gaps', 'alerts', 'instruments'],
    ),
  }),
  tapeline_store_ticks_expired_total: counter('rate', 'ticks older than the retention when they were received, not stored'),
  tapeline_store_snapshots_superseded_total: counter('rate', 'snapshots not saved because a newer one was there'),
  tapeline_store_write_failures_total: counter('errors', 'writes that the store did not take; whoever asked for them tries again', {
    code: errorCode,
  }),
  tapeline_store_write_duration_seconds: durations(
    'from the call of a write to its rows being durable',
    [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
  ),
  tapeline_store_waiting_rows: gaugeFromZero('saturation', 'rows that wait to be written because enough is under way'),
  tapeline_store_in_flight_rows: gaugeFromZero('saturation', 'rows sent to the store and not yet durable'),
} as const;

export const traceMetrics = {
  tapeline_trace_spans_exported_total: counter('rate', 'spans that the collector took'),
  tapeline_trace_spans_dropped_total: counter(
    'errors',
    'spans that were dropped: too many waited (full), the collector did not take them (refused), or what they wait for did not come (unfinished)',
    { reason: oneOf('full', 'refused', 'unfinished') },
  ),
  tapeline_trace_export_duration_seconds: durations('one request to the collector', [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]),
  tapeline_trace_spans_waiting: gaugeFromZero('saturation', 'spans on their way to the collector'),
} as const;
