/** *Pipeline*: from the feed to the store, as Prometheus counts it. */
import type { Dashboard, ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import type { NameOf } from '@tapeline/core/metrics/catalogue';
import { dashboardOf } from './dashboard.ts';
import { green, type Heading, orange, red, thresholds, tile } from './panels.ts';
import { prometheusChart, type Queries } from './prometheus-chart.ts';
import { countRate, cpuRate, increase, max, min, quantile, rate, type Series, since, sum, times, value, where } from './promql.ts';
import { newest, prometheusSource } from './sources.ts';

/** The pipeline dashboard. */
export function pipeline(): Dashboard {
  return dashboardOf({
    name: 'pipeline',
    title: 'Pipeline',
    description: 'From the feed to the store: how much, how late, what went wrong, and how near its bounds it is.',
    from: 'now-1h',
    panels: [...tiles(), ...rates(), ...lags(), ...latencies(), ...requests(), ...errors(), ...alerts(), ...saturation()],
  });
}

function number(title: string, description: string, series: Series, colors: ThresholdsConfigBuilder, unit = 'short') {
  return tile({ title, description, width: 4, height: 4 })
    .datasource(prometheusSource)
    .unit(unit)
    .thresholds(colors)
    .withTarget(newest(series));
}

function chart(heading: Omit<Heading, 'height'>, unit: string, queries: Queries) {
  return prometheusChart({ ...heading, height: 8 }, unit, queries);
}

function quantiles(metric: NameOf<'histogram'>, name: string): Queries {
  return [
    [quantile(0.5, metric), `${name}, half`],
    [quantile(0.99, metric), `${name}, 99 %`],
  ];
}

function tiles() {
  return [
    number(
      'Active ingesters',
      'One, always: none means that nothing is received, two would fight for the vendor’s connections.',
      sum(value('tapeline_ingester_leader')),
      thresholds(red, [1, green], [2, red]),
    ),
    number(
      'Feeds connected',
      '1 while each feed has a session, 0 while one of them has none.',
      min(max(value('tapeline_ingester_connected'), 'feed')),
      thresholds(red, [1, green]),
    ),
    number(
      'Behind the clock',
      'Wall clock minus the watermark, of the partition that is furthest behind: bars close so late.',
      max(value('tapeline_stream_processor_watermark_lag_seconds')),
      thresholds(green, [10, orange], [60, red]),
      's',
    ),
    number(
      'Records to do',
      'Records of the feed topic after the last one that was processed.',
      sum(value('tapeline_stream_processor_lag_records')),
      thresholds(green, [100_000, orange], [1_000_000, red]),
    ),
    number(
      'Partitions owned',
      'By all processors together: as many as market-data.feed has, 24 by default.',
      sum(value('tapeline_stream_processor_partitions')),
      thresholds(red, [1, green]),
    ),
    number(
      'Partitions paused',
      'By a record of a newer format: upgrade the processors.',
      sum(value('tapeline_stream_processor_paused_partitions')),
      thresholds(green, [1, red]),
    ),
  ];
}

function rates() {
  return [
    chart(
      { title: 'Ticks a second', description: 'From the socket to the bars: received = in the log + refused + lost.', width: 12 },
      'cps',
      [
        [sum(rate('tapeline_ingester_ticks_received_total', '1m')), 'received'],
        [sum(rate('tapeline_ingester_ticks_accepted_total', '1m')), 'in the log'],
        [sum(rate('tapeline_stream_processor_ticks_total', '1m')), 'in bars'],
        [sum(rate('tapeline_ingester_ticks_lost_total', '1m')), 'lost'],
        [sum(rate('tapeline_stream_processor_ticks_repeated_total', '1m')), 'repeated'],
      ],
    ),
    chart(
      { title: 'Bars a second', description: 'Given out by the processors, by interval, and of these the corrections.', width: 12 },
      'cps',
      [
        [sum(rate('tapeline_stream_processor_bars_total', '1m'), 'interval'), '{{interval}}'],
        [sum(rate('tapeline_stream_processor_corrections_total', '1m')), 'corrections'],
      ],
    ),
  ];
}

function lags() {
  return [
    chart(
      {
        title: 'Behind the clock, by partition',
        description: 'Wall clock minus the watermark; all partitions at once: the feed is away.',
        width: 12,
      },
      's',
      [[max(value('tapeline_stream_processor_watermark_lag_seconds'), 'partition'), 'partition {{partition}}']],
    ),
    chart(
      { title: 'Records behind, by partition', description: 'Of the processors, and of the board that is furthest behind.', width: 12 },
      'short',
      [
        [sum(value('tapeline_stream_processor_lag_records'), 'partition'), 'processors {{partition}}'],
        [max(sum(value('tapeline_live_board_lag_records'), 'pod')), 'board'],
      ],
    ),
  ];
}

function latencies() {
  return [
    chart(
      {
        title: 'Time to make results durable',
        description: 'By stage: an append to the log, one batch of results, the rows in the store.',
        width: 12,
      },
      's',
      [
        ...quantiles('tapeline_log_append_duration_seconds', 'log'),
        ...quantiles('tapeline_stream_processor_flush_duration_seconds', 'batch'),
        ...quantiles('tapeline_store_write_duration_seconds', 'store'),
      ],
    ),
    chart({ title: 'Time to save a snapshot', description: 'The state of one partition, every ten seconds by default.', width: 12 }, 's', [
      ...quantiles('tapeline_stream_processor_snapshot_duration_seconds', 'snapshot'),
    ]),
  ];
}

function requests() {
  return [
    chart(
      { title: 'Requests to the board a second', description: 'To pages, tables and probes, by the class of their status.', width: 12 },
      'cps',
      [[sum(countRate('tapeline_live_board_http_request_duration_seconds', '1m'), 'status'), '{{status}}']],
    ),
    chart(
      {
        title: 'Time of answers',
        description: 'Of the board to requests, of the vendor’s REST API, and of receivers of alerts.',
        width: 12,
      },
      's',
      [
        ...quantiles('tapeline_live_board_http_request_duration_seconds', 'board'),
        ...quantiles('tapeline_rest_request_duration_seconds', 'vendor'),
        ...quantiles('tapeline_notifier_send_duration_seconds', 'receiver'),
      ],
    ),
  ];
}

function errors() {
  return [
    chart(
      { title: 'Dead letters a second', description: 'Records that cannot be used, by reason; read them in Kafdrop.', width: 12 },
      'cps',
      [
        [sum(rate('tapeline_stream_processor_dead_letters_total', '5m'), 'reason'), 'processors: {{reason}}'],
        [sum(rate('tapeline_ingester_ticks_refused_total', '5m'), 'reason'), 'ingester: {{reason}}'],
      ],
    ),
    chart(
      {
        title: 'Failures a minute',
        description: 'What was tried again or given up, by stage, and connections of feeds that ended.',
        width: 12,
      },
      'short',
      [
        [times(60, sum(rate('tapeline_stream_processor_sink_retries_total', '5m'))), 'store or log was away'],
        [times(60, sum(rate('tapeline_ingester_disconnects_total', '5m'), 'kind')), 'feed: {{kind}}'],
        [times(60, sum(rate('tapeline_backfiller_failures_total', '5m'), 'code')), 'backfill: {{code}}'],
        [times(60, sum(rate('tapeline_log_append_failures_total', '5m'), 'code')), 'append: {{code}}'],
        [times(60, sum(rate('tapeline_store_write_failures_total', '5m'), 'code')), 'store: {{code}}'],
        [times(60, sum(rate('tapeline_rest_failures_total', '5m'), 'endpoint')), 'REST: {{endpoint}}'],
        [times(60, sum(rate('tapeline_notifier_failures_total', '5m'), 'destination')), 'message: {{destination}}'],
        [times(60, sum(rate('tapeline_export_job_failures_total', '5m'), 'code')), 'export: {{code}}'],
        [times(60, sum(rate('tapeline_trace_spans_dropped_total', '5m'), 'reason')), 'spans: {{reason}}'],
      ],
    ),
  ];
}

function alerts() {
  return [
    chart(
      { title: 'Alerts an hour', description: 'Given out by the processors, by severity, and sent to people, by destination.', width: 12 },
      'short',
      [
        [sum(increase('tapeline_stream_processor_alerts_total', '1h'), 'severity'), 'found: {{severity}}'],
        [sum(increase('tapeline_notifier_alerts_sent_total', '1h'), 'destination'), 'sent: {{destination}}'],
        [max(value('tapeline_alert_rules_file_faults')), 'faults in the rules file'],
      ],
    ),
    chart(
      {
        title: 'Alerts that wait to be sent',
        description: 'Age of the oldest by destination: a receiver that is down holds up no other, and nothing is lost.',
        width: 12,
      },
      's',
      [[since(max(where(value('tapeline_notifier_oldest_waiting_timestamp_seconds'), '> 0'), 'destination')), 'waiting: {{destination}}']],
    ),
  ];
}

function saturation() {
  return [
    chart(
      {
        title: 'Waiting rows and ticks',
        description: 'Before the store and before the log; a number that stays high says what is slow.',
        width: 6,
      },
      'short',
      [
        [sum(value('tapeline_store_waiting_rows')), 'rows that wait for the store'],
        [sum(value('tapeline_store_in_flight_rows')), 'rows under way'],
        [sum(value('tapeline_ingester_ticks_buffered')), 'ticks before the log'],
      ],
    ),
    chart(
      {
        title: 'Feeds held back',
        description:
          'Share of the time that the socket of a feed was not read because too much waited for the log: nothing is lost by it, but late.',
        width: 6,
      },
      'percentunit',
      [[sum(rate('tapeline_ingester_held_back_seconds_total', '1m'), 'feed'), '{{feed}}']],
    ),
    chart({ title: 'Results not durable yet', description: 'By partition; reading waits beyond a bound.', width: 6 }, 'bytes', [
      [sum(value('tapeline_stream_processor_pending_result_bytes'), 'partition'), 'partition {{partition}}'],
    ]),
    chart({ title: 'Screens', description: 'Boards that are open, and updates that slow ones were spared.', width: 6 }, 'short', [
      [sum(value('tapeline_live_board_clients')), 'connected'],
      [sum(rate('tapeline_live_board_updates_skipped_total', '1m')), 'updates a second that slow ones were spared'],
    ]),
    chart(
      { title: 'Processor time', description: 'Cores that each process uses; Node runs one thread of ours, so 1 is full.', width: 6 },
      'short',
      [[sum(cpuRate('1m'), 'pod'), '{{pod}}']],
    ),
    chart(
      {
        title: 'Clock of the ingester',
        description:
          'By how much it has jumped ahead of the time that the feed counts, or behind it (below 0). The feed goes on counting; a jump of two minutes is believed.',
        width: 6,
      },
      's',
      [[max(value('tapeline_ingester_clock_jump_seconds'), 'feed'), '{{feed}}']],
    ),
    chart(
      {
        title: 'Credits of the REST API',
        description: 'What the plan still allows by the minute and by the day, and backfills that wait.',
        width: 12,
      },
      'short',
      [
        [min(value('tapeline_rest_credits_minute_left')), 'left this minute'],
        [where(min(value('tapeline_rest_credits_day_left')), '>= 0'), 'left today'],
        [sum(value('tapeline_backfiller_jobs')), 'backfills in the queue'],
      ],
    ),
  ];
}
