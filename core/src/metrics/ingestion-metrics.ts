/** Metrics of all that asks vendors: the ingester, the backfiller, the daily jobs, and the REST API that they share. */
import { deadLetterReasons } from '../dead-letters.ts';
import { historyActions } from '../records.ts';
import { feedNames } from '../settings/feed-settings.ts';
import { counter, durations, errorCode, gauge, gaugeFromZero, matching, oneOf } from './metric-kinds.ts';

const feed = matching(
  new RegExp(`^(${feedNames.join('|')})(/[0-2])?$`),
  feedNames.length + 3,
  '`FEEDS`, with a shard where there are several',
);
const outcome = { values: ['ok', ...(errorCode.values ?? [])], most: errorCode.most + 1, about: `\`ok\`, or ${errorCode.about}` };
const endpoint = oneOf('time_series', 'quote', 'stocks', 'profile', 'market_state');

export const ingesterMetrics = {
  tapeline_ingester_ticks_received_total: counter('rate', 'prices and unreadable messages that a feed received'),
  tapeline_ingester_ticks_accepted_total: counter('rate', 'prices that are durable in the log'),
  tapeline_ingester_polls_total: counter('rate', 'questions to a vendor that is polled, by what became of them', {
    outcome: oneOf('quote', 'unchanged', 'no-price', 'refused', 'malformed', 'limited', 'failed'),
  }),
  tapeline_ingester_ticks_refused_total: counter('errors', 'prices and messages that went to the dead-letter topic', {
    reason: oneOf(...deadLetterReasons),
  }),
  tapeline_ingester_ticks_lost_total: counter('errors', 'prices and messages dropped because a buffer was full, each in a gap record'),
  tapeline_ingester_disconnects_total: counter('errors', 'connections that ended or could not be made', {
    kind: oneOf('closed', 'failed', 'key-refused', 'limited'),
  }),
  tapeline_ingester_recording_lines_lost_total: counter('errors', 'lines of the recording that could not be written'),
  tapeline_ingester_append_duration_seconds: durations(
    'from taking what waits out of the buffer until the log has it, attempts that failed included',
    [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  ),
  tapeline_ingester_ticks_buffered: gaugeFromZero('saturation', 'prices and messages on their way to the log'),
  tapeline_ingester_held_back_seconds_total: counter('saturation', 'time that the socket of a feed was not read because too much waited', {
    feed,
  }),
  tapeline_ingester_held_back: gauge('saturation', '1 while the socket of a feed is not read because too much waits', { feed }),
  tapeline_ingester_connected: gauge('state', '1 while a session of the feed runs', { feed }),
  tapeline_ingester_superseded: gauge('state', '1 while another ingester has taken the feed over, so that prices of this one are refused', {
    feed,
  }),
  tapeline_ingester_symbols: gauge('state', 'symbols of the running or last session', { feed, state: oneOf('accepted', 'refused') }),
  tapeline_ingester_clock_jump_seconds: gauge(
    'state',
    "by how much the machine's clock is ahead (below 0: behind) of the time that the feed counts; 0 while the feed goes by it",
    { feed },
  ),
  tapeline_ingester_leader: gauge('state', '1 while this process leads, 0 while it stands by'),
  tapeline_ingester_lease_transitions: gauge('state', 'terms that the Lease has seen'),
} as const;

export const restMetrics = {
  tapeline_rest_requests_total: counter('rate', "requests to the vendor's REST API", {
    endpoint,
    outcome,
  }),
  tapeline_rest_credits_claimed_total: counter('rate', "credits of the vendor's REST API that requests were sent for"),
  tapeline_rest_failures_total: counter('errors', 'requests that gave no usable answer', { endpoint }),
  tapeline_rest_request_duration_seconds: durations('from sending a request to its answer being read', [0.03, 0.1, 0.3, 1, 3, 10, 30], {
    endpoint,
  }),
  tapeline_rest_credits_wait_seconds_total: counter('saturation', 'time that requests waited for credits'),
  tapeline_rest_credits_waiting: gauge('saturation', '1 while a request waits for credits'),
  tapeline_rest_credits_minute_left: gauge('saturation', 'credits that can be claimed now, by the minute'),
  tapeline_rest_credits_day_left: gauge('saturation', 'credits that can be claimed now, by the day (UTC); -1 without a limit'),
} as const;

const jobSeconds = [0.1, 1, 10, 60, 600, 3_600, 21_600];

export const backfillerMetrics = {
  tapeline_backfiller_jobs_done_total: counter('rate', 'backfills that are done'),
  tapeline_backfiller_records_total: counter('rate', 'history records that the log took', { action: oneOf(...historyActions) }),
  tapeline_backfiller_bars_compared_total: counter('rate', "bars that were compared with the vendor's", {
    verdict: oneOf('equal', 'split', 'mismatch'),
  }),
  tapeline_backfiller_bars_refused_total: counter('errors', "the vendor's bars that cannot be used"),
  tapeline_backfiller_failures_total: counter('errors', 'requests of the backfill that failed', { code: errorCode }),
  tapeline_backfiller_job_duration_seconds: durations('from queueing a backfill to its last record', jobSeconds),
  tapeline_backfiller_calendar_differences: gauge(
    'state',
    "what the vendor's market states and our calendars said differently when compared last",
  ),
  tapeline_backfiller_jobs: gauge('saturation', 'backfills in the queue'),
  tapeline_backfiller_jobs_refused: gauge('errors', 'backfills in the queue that the vendor refuses'),
  tapeline_backfiller_windows_left: gauge('saturation', 'windows that are still to be asked for'),
  tapeline_backfiller_oldest_job_queued_timestamp_seconds: gauge(
    'saturation',
    'when the job that waits longest was queued; 0 without jobs',
  ),
} as const;

export const historyMetrics = {
  tapeline_history_jobs_done_total: counter('rate', 'loads of history that are done'),
  tapeline_history_records_total: counter('rate', 'history records that the log took', { action: oneOf(...historyActions) }),
  tapeline_history_bars_total: counter('rate', "the vendor's bars of days that were loaded", { outcome: oneOf('loaded', 'stored') }),
  tapeline_history_bars_refused_total: counter('errors', "the vendor's bars that cannot be used"),
  tapeline_history_failures_total: counter('errors', 'requests of the history job that failed', { code: errorCode }),
  tapeline_history_job_duration_seconds: durations('from queueing a load to its last record', jobSeconds),
  tapeline_history_jobs: gauge('saturation', 'loads in the queue of the history job'),
  tapeline_history_jobs_refused: gauge('errors', 'loads in that queue that the vendor refuses'),
  tapeline_history_windows_left: gauge('saturation', 'windows of history that are still to be asked for'),
  tapeline_history_oldest_job_queued_timestamp_seconds: gauge('saturation', 'when the load that waits longest was queued; 0 without loads'),
} as const;

export const instrumentsMetrics = {
  tapeline_instruments_records_total: counter('rate', 'instrument records that the log took'),
  tapeline_instruments_failures_total: counter('errors', 'questions about a symbol that failed', { code: errorCode }),
  tapeline_instruments_run_duration_seconds: durations('one run over all symbols', jobSeconds),
  tapeline_instruments_symbols_left: gauge('saturation', 'symbols that the run still has to ask about'),
} as const;
