/**
 * The schema of the keyspace, as numbered migrations that only ever go forward. One that was released is never edited: a change is a
 * further one. Every statement can be repeated, in case a Job dies between a statement and the note that it ran.
 *
 * Prices are `double`, times are `timestamp` (milliseconds), flags one text, days and buckets text: what Grafana's plug-in reads well.
 * All clustering columns descend together, so that both directions of a range come in the order of (time, session, sequence).
 */
export interface Migration {
  readonly version: number;
  readonly name: string;
  statements(keyspace: string): readonly string[];
}

const unified = `{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}`;
const timeWindows = `{'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': 1}`;

/**
 * The time that hints live: a node that was away for longer, and was not repaired, may bring back what was deleted. A snapshot is not
 * read again then, for its id is never used again; a job is done again. Tombstones that stay would end the reading of a whole queue.
 */
const graceSeconds = 10_800;

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'ticks, bars, latest prices, gaps, instruments and snapshots',
    statements: keyspace => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.ticks_by_symbol_hour (
        symbol text, hour text, time timestamp, session bigint, sequence bigint, feed text, price double, bid double, ask double,
        day_volume double, size double, source_time timestamp, received_time timestamp, trading_day text, trading_day_end timestamp,
        PRIMARY KEY ((symbol, hour), time, session, sequence)
      ) WITH CLUSTERING ORDER BY (time DESC, session DESC, sequence DESC) AND compaction = ${timeWindows}`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.bars_by_symbol_interval (
        symbol text, interval text, bucket text, start timestamp, end_time timestamp,
        open double, high double, low double, close double, volume double, vwap double, vwap_kind text,
        tick_count int, spread_mean double, state text, flags text, revision int,
        sma_20 double, ema_12 double, ema_26 double, macd double, macd_signal double, macd_histogram double, rsi_14 double,
        bollinger_upper double, bollinger_lower double, atr_14 double, momentum_10 double, volatility_20 double,
        PRIMARY KEY ((symbol, interval, bucket), start)
      ) WITH CLUSTERING ORDER BY (start DESC) AND compaction = ${unified}`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.latest_by_board (
        board text, symbol text, price double, bid double, ask double, day_volume double, time timestamp, received_time timestamp,
        PRIMARY KEY ((board), symbol)
      ) WITH compaction = ${unified}`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.gaps_by_day (
        day text, time timestamp, symbol text, id text, to_time timestamp, reason text, filled boolean,
        PRIMARY KEY ((day), time, symbol, id)
      ) WITH CLUSTERING ORDER BY (time DESC, symbol DESC, id DESC) AND compaction = ${unified}`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.instruments_by_board (
        board text, symbol text, name text, exchange text, type text, time_zone text, sector text, currency text, received_time timestamp,
        PRIMARY KEY ((board), symbol)
      ) WITH compaction = ${unified}`,
      `CREATE TYPE IF NOT EXISTS ${keyspace}.snapshot_pointer (
        next_offset bigint, snapshot_id text, chunks int, checksum text, format_version int
      )`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.snapshots (
        consumer_group text, topic text, partition int, pointer frozen<snapshot_pointer>,
        PRIMARY KEY ((consumer_group, topic, partition))
      ) WITH compaction = ${unified}`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.snapshot_chunks (
        snapshot_id text, chunk int, data blob,
        PRIMARY KEY ((snapshot_id), chunk)
      ) WITH compaction = ${unified} AND gc_grace_seconds = ${graceSeconds}`,
    ],
  },
  {
    version: 2,
    name: 'queues and shared values of jobs',
    statements: keyspace => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.work_items (
        queue text, id text, body text,
        PRIMARY KEY ((queue), id)
      ) WITH compaction = ${unified}`,
      `CREATE TABLE IF NOT EXISTS ${keyspace}.work_cells (
        id text, version bigint, body text,
        PRIMARY KEY ((id))
      ) WITH compaction = ${unified}`,
    ],
  },
  {
    version: 3,
    name: 'range of 52 weeks of instruments',
    statements: keyspace => [
      `ALTER TABLE ${keyspace}.instruments_by_board ADD IF NOT EXISTS (fifty_two_week_low double, fifty_two_week_high double)`,
    ],
  },
  {
    version: 4,
    name: 'alerts',
    statements: keyspace => [
      `CREATE TABLE IF NOT EXISTS ${keyspace}.alerts_by_day (
        day text, time timestamp, symbol text, id text, rule text, condition text, severity text, feed text, bar_interval text,
        value double, threshold double, message text,
        PRIMARY KEY ((day), time, symbol, id)
      ) WITH CLUSTERING ORDER BY (time DESC, symbol DESC, id DESC) AND compaction = ${unified}`,
    ],
  },
  {
    version: 5,
    name: 'tombstones of queues go early',
    statements: keyspace => [`ALTER TABLE ${keyspace}.work_items WITH gc_grace_seconds = ${graceSeconds}`],
  },
];

/** The migration that the code needs. */
export const schemaVersion = Math.max(...migrations.map(migration => migration.version));
