/** Metrics of the live board and of the export job. */
import { counter, durations, errorCode, gauge, gaugeFromZero, matching, oneOf } from './metric-kinds.ts';
import { partition } from './processing-metrics.ts';

const route = matching(
  /^(\/[a-zA-Z0-9/._-]*\*?|other)$/,
  40,
  'a path that the board serves, as it was registered; `other` for all that it does not know',
);

export const liveBoardMetrics = {
  tapeline_live_board_records_total: counter('rate', 'records of the feed topic that the board applied'),
  tapeline_live_board_updates_sent_total: counter('rate', 'updates sent to screens'),
  tapeline_live_board_rows_sent_total: counter('rate', 'rows in the updates that were sent'),
  tapeline_live_board_sent_bytes_total: counter('rate', 'bytes of the updates that were sent'),
  tapeline_live_board_records_skipped_total: counter('errors', 'records of the feed topic that the board could not read', {
    code: errorCode,
  }),
  tapeline_live_board_clients_dropped_total: counter(
    'errors',
    'screens that did not read and were cut off: too many bytes unsent, behind for too long, or no answer to a ping',
    { reason: oneOf('bytes', 'time', 'ping') },
  ),
  tapeline_live_board_turn_duration_seconds: durations(
    'one turn of updates to screens',
    [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
  ),
  tapeline_live_board_http_request_duration_seconds: durations(
    'from a request to the end of its answer; its count by status is the rate and the errors of the HTTP interface',
    [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    { route, status: oneOf('1xx', '2xx', '3xx', '4xx', '5xx') },
  ),
  tapeline_live_board_clients: gaugeFromZero('saturation', 'screens that are connected'),
  tapeline_live_board_updates_skipped_total: counter('saturation', 'updates that a slow screen was spared'),
  tapeline_live_board_lag_records: gauge(
    'saturation',
    'records that the board has not applied yet; absent while the log does not say where it ends',
    { partition },
  ),
} as const;

export const exportJobMetrics = {
  tapeline_export_job_files_total: counter('rate', 'files written'),
  tapeline_export_job_rows_total: counter('rate', 'rows in the files that were written'),
  tapeline_export_job_bytes_total: counter('rate', 'size of the files that were written'),
  tapeline_export_job_failures_total: counter('errors', 'runs that failed', { code: errorCode }),
  tapeline_export_job_file_duration_seconds: durations('one file read from the store and written', [0.1, 0.3, 1, 3, 10, 30, 100]),
  tapeline_export_job_files_left: gauge(
    'saturation',
    'files that the run has not looked at yet; at its end those that wait until the store has their day whole',
  ),
} as const;
