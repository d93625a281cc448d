/**
 * Every environment variable that Tapeline reads, in one table: the README's list is generated from it, and
 * `configuration.ts` checks the environment against it.
 */
import { z } from 'zod';
import { type AlertSeverity, alertSeverities } from './alerts.ts';
import { type Interval, intervals } from './intervals.ts';
import {
  absent,
  addresses,
  flag,
  headersOf,
  intervalList,
  isMailAddress,
  list,
  path,
  type Setting,
  secretText,
  share,
  text,
  url,
  whole,
} from './setting-kinds.ts';

/** Where prices can come from. */
export const feedNames = ['twelve-data', 'finnhub', 'yahoo', 'recording'] as const;
export type FeedName = (typeof feedNames)[number];

/** What can be exported. */
export const exportTables = ['bars', 'ticks', 'gaps', 'alerts'] as const;
export type ExportTable = (typeof exportTables)[number];

export const settings = {
  TWELVE_DATA_API_KEY: absent<string>({
    ...secretText,
    help: 'key of TwelveData; without it and without TWELVE_DATA_URL, `npm start` simulates a market',
  }),
  TWELVE_DATA_URL: absent<string>({
    schema: url('ws', 'wss'),
    expected: 'a ws:// or wss:// address',
    example: 'wss://ws.twelvedata.com/v1/quotes/price',
    help: "address of the price stream; the vendor's when absent",
  }),
  TWELVE_DATA_REST_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://api.twelvedata.com',
    help: "address of the REST API that gaps are filled from; when absent the vendor's, where the price stream is the vendor's too, and gaps stay otherwise",
  }),
  TWELVE_DATA_CREDITS_PER_MINUTE: {
    schema: whole(1, 1_000_000),
    otherwise: 8,
    expected: 'a whole number from 1 to 1000000',
    example: '55',
    help: 'credits of the plan for the REST API; all who share the key and the store (or DATA_DIR) share them',
  } as Setting<number>,
  TWELVE_DATA_CREDITS_PER_DAY: {
    schema: whole(0, 1_000_000_000),
    otherwise: 800,
    expected: 'a whole number from 0 (no limit) to 1000000000',
    example: '0',
    help: 'the same for a day (UTC)',
  } as Setting<number>,
  BACKFILL_SETTLE_MS: {
    schema: whole(1_000, 86_400_000),
    otherwise: 120_000,
    expected: 'a whole number of milliseconds from 1000 to 86400000',
    example: '120000',
    help: 'the vendor is asked for a bar so long after it can no longer be corrected by a late tick: it needs time to finish its own',
  } as Setting<number>,
  RECONCILE_PRICE_TOLERANCE: {
    schema: share,
    otherwise: 0.001,
    expected: 'a number from 0 to 1',
    example: '0.001',
    help: "how far open, high, low and close may be from the vendor's bar, relative to it: the stream leaves trades out, so an extreme may be missed by some hundredths of a per cent, and a wrong price is further off",
  } as Setting<number>,
  RECONCILE_VOLUME_TOLERANCE: {
    schema: share,
    otherwise: 0.25,
    expected: 'a number from 0 to 1',
    example: '1',
    help: 'the same for volume, relative to the greater one: it is counted when the stream next tells it, so it slips between neighbouring bars; 1 compares prices only',
  } as Setting<number>,
  FEEDS: {
    schema: list
      .refine(names => names.every(name => (feedNames as readonly string[]).includes(name)))
      .transform(names => names as FeedName[]),
    otherwise: ['twelve-data'],
    expected: `one or more of ${feedNames.join(', ')}, separated by commas`,
    example: 'twelve-data,finnhub',
    help: 'where prices come from, into one log; each feed has its own list of symbols, for each vendor spells them in its own way',
  } as Setting<readonly FeedName[]>,
  FINNHUB_API_KEY: absent<string>({ ...secretText, help: 'key of Finnhub, for the feed finnhub' }),
  FINNHUB_URL: absent<string>({
    schema: url('ws', 'wss'),
    expected: 'a ws:// or wss:// address',
    example: 'wss://ws.finnhub.io',
    help: "address of Finnhub's stream; the vendor's when absent",
  }),
  FINNHUB_SYMBOLS: absent<readonly string[]>({
    schema: list,
    expected: 'symbols as Finnhub spells them, separated by commas',
    example: 'AAPL,BINANCE:BTCUSDT,OANDA:EUR_USD',
    help: 'what the feed finnhub subscribes to',
  }),
  YAHOO_URL: {
    schema: url('http', 'https'),
    otherwise: 'https://query1.finance.yahoo.com',
    expected: 'an http:// or https:// address',
    example: 'https://query1.finance.yahoo.com',
    help: 'where the feed yahoo asks; nothing official documents it: for demonstrations only',
  } as Setting<string>,
  YAHOO_SYMBOLS: absent<readonly string[]>({
    schema: list,
    expected: 'symbols as Yahoo spells them, separated by commas',
    example: 'AAPL,BTC-USD,EURUSD=X',
    help: 'what the feed yahoo asks for',
  }),
  YAHOO_POLL_INTERVAL_MS: {
    schema: whole(1_000, 3_600_000),
    otherwise: 15_000,
    expected: 'a whole number of milliseconds from 1000 to 3600000',
    example: '15000',
    help: 'how often the feed yahoo asks for each symbol',
  } as Setting<number>,
  REPLAY_FILE: absent<string>({
    ...path,
    example: 'day.jsonl',
    help: 'the recording that the feed recording plays, once into a log',
  }),
  REPLAY_SPEED: absent<number>({
    schema: z
      .string()
      .regex(/^\s*\d+(\.\d+)?\s*$/)
      .transform(Number)
      .pipe(z.number().positive().max(1_000_000)),
    expected: 'a number above 0',
    example: '1',
    help: "how fast it is played: 1 is the recording's own speed; as fast as it is read when absent",
  }),
  SYMBOLS: {
    schema: list.refine(names => new Set(names.map(name => name.split(':')[0])).size === names.length),
    otherwise: ['BTC/USD', 'ETH/USD', 'ETH/BTC', 'AAPL', 'MSFT', 'NVDA', 'EUR/USD', 'XAU/USD'],
    expected:
      'symbols as the vendor spells them, separated by commas, each on one exchange only (prices of RY and RY:TSX are both named RY)',
    example: 'AAPL,BTC/USD',
    help: 'what the feed twelve-data subscribes to',
  } as Setting<readonly string[]>,
  SYMBOLS_FILE: absent<string>({
    ...path,
    example: '/etc/tapeline/symbols.txt',
    help: 'symbols of the feed twelve-data, a line each or separated by commas, in place of SYMBOLS; when it changes, the running feed follows within seconds',
  }),
  TWELVE_DATA_SHARDS: {
    schema: whole(1, 3),
    otherwise: 1,
    expected: 'a whole number from 1 to 3',
    example: '2',
    help: 'connections that share the symbols of the feed twelve-data, each a feed of its own in the log (twelve-data/0, twelve-data/1 …); the vendor takes 3 for a key, on its small plans 1',
  } as Setting<number>,
  BAR_INTERVALS: {
    schema: intervalList,
    otherwise: intervals,
    expected: `one or more of ${intervals.join(', ')}, separated by commas`,
    example: '1s,1m,1h',
    help: 'intervals of the bars',
  } as Setting<readonly Interval[]>,
  ALLOWED_LATENESS_MS: {
    schema: whole(0, 3_600_000),
    otherwise: 2_000,
    expected: 'a whole number of milliseconds from 0 to 3600000',
    example: '2000',
    help: 'how long a window waits for stragglers after its end',
  } as Setting<number>,
  CORRECTION_HORIZON_MS: {
    schema: whole(0, 86_400_000),
    otherwise: 60_000,
    expected: 'a whole number of milliseconds from 0 to 86400000',
    example: '60000',
    help: 'how long after its end a closed bar can still be corrected by a late tick',
  } as Setting<number>,
  FEED_MUTE_TIMEOUT_MS: absent<number>({
    schema: whole(100, 86_400_000),
    expected: 'a whole number of milliseconds from 100 to 86400000',
    example: '30000',
    help: 'a feed without prices for so long is left for a new connection; exact when set, else 15 s to 5 min, as its open markets usually are',
  }),
  MARKET_HOURS: {
    schema: z.enum(['regular', 'extended']),
    otherwise: 'regular',
    expected: 'regular or extended',
    example: 'extended',
    help: 'when stock exchanges count as open: regular trading, or pre- and post-market too, where theirs are known',
  } as Setting<'regular' | 'extended'>,
  FEED_CLOCK: {
    schema: z.enum(['wall', 'feed']),
    otherwise: 'wall',
    expected: 'wall or feed',
    example: 'feed',
    help: 'feed (tests only): the simulator says the time',
  } as Setting<'wall' | 'feed'>,
  FEED_RECORDING_FILE: absent<string>({
    ...path,
    example: 'day.jsonl',
    help: 'write all that the socket of the feed twelve-data receives to this file, as a recording',
  }),
  KAFKA_BROKERS: absent<readonly string[]>({
    schema: addresses,
    expected: 'addresses as host:port, separated by commas',
    example: 'broker-1:9092,broker-2:9092',
    help: 'Kafka takes the place of the embedded log',
  }),
  KAFKA_FEED_PARTITIONS: {
    schema: whole(1, 1_024),
    otherwise: 24,
    expected: 'a whole number from 1 to 1024',
    example: '24',
    help: 'partitions of market-data.feed and market-data.bars when they are created',
  } as Setting<number>,
  KAFKA_TOPIC_PREFIX: absent<string>({
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,100}$/),
    expected: 'lower-case letters, digits, dots and hyphens',
    example: 'staging.',
    help: 'put before the name of each topic, so that several pipelines share a cluster',
  }),
  KAFKA_GROUP: {
    schema: text,
    otherwise: 'stream-processor',
    expected: 'text that is not empty',
    example: 'stream-processor',
    help: 'consumer group of the stream processors',
  } as Setting<string>,
  KAFKA_SESSION_TIMEOUT_MS: {
    schema: whole(2_000, 300_000),
    otherwise: 6_000,
    expected: 'a whole number of milliseconds from 2000 to 300000',
    example: '6000',
    help: 'a processor that is silent for so long loses its partitions',
  } as Setting<number>,
  PROCESSOR_PEER_HOST: absent<string>({
    schema: text.regex(/^[^\s/]+$/),
    expected: 'a host name or address of this host',
    example: '10.244.1.7',
    help: 'where the other processors of the group see that this one lives, so that a dead one loses its partitions at once and not after KAFKA_SESSION_TIMEOUT_MS',
  }),
  PROCESSOR_PEER_PORT: {
    schema: whole(0, 65_535),
    otherwise: 0,
    expected: 'a port number from 0 (any free one) to 65535',
    example: '7020',
    help: 'its port; used with PROCESSOR_PEER_HOST',
  } as Setting<number>,
  KAFKA_TLS: {
    schema: flag,
    otherwise: false,
    expected: 'true or false',
    example: 'true',
    help: 'connect to Kafka by TLS',
  } as Setting<boolean>,
  KAFKA_CA_FILE: absent<string>({ ...path, help: "certificate authority of Kafka's certificates" }),
  KAFKA_SASL_MECHANISM: absent<'plain' | 'scram-sha-256' | 'scram-sha-512'>({
    schema: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
    expected: 'plain, scram-sha-256 or scram-sha-512',
    example: 'scram-sha-512',
    help: 'how to authenticate to Kafka',
  }),
  KAFKA_USERNAME: absent<string>({ schema: text, expected: 'text that is not empty', example: 'ingester', help: 'user of Kafka' }),
  KAFKA_PASSWORD: absent<string>({ ...secretText, help: "the user's password" }),
  CASSANDRA_CONTACT_POINTS: absent<readonly string[]>({
    schema: list.refine(items => items.every(item => /^[^\s/,]+$/.test(item))),
    expected: 'addresses as host or host:port, separated by commas',
    example: 'cassandra-1:9042',
    help: 'Cassandra takes the place of SQLite',
  }),
  CASSANDRA_LOCAL_DATACENTER: absent<string>({
    schema: text,
    expected: 'text that is not empty',
    example: 'datacenter1',
    help: 'data centre of the contact points; asked of the server when absent',
  }),
  CASSANDRA_KEYSPACE: {
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
    otherwise: 'market_data',
    expected: 'a lower-case name of letters, digits and _',
    example: 'market_data',
    help: 'keyspace of the tables',
  } as Setting<string>,
  CASSANDRA_REPLICATION_FACTOR: {
    schema: whole(1, 9),
    otherwise: 1,
    expected: 'a whole number from 1 to 9',
    example: '3',
    help: 'copies of each row, when the keyspace is created',
  } as Setting<number>,
  CASSANDRA_USERNAME: absent<string>({ schema: text, expected: 'text that is not empty', example: 'writer', help: 'user of Cassandra' }),
  CASSANDRA_PASSWORD: absent<string>({ ...secretText, help: "the user's password" }),
  CASSANDRA_TLS: {
    schema: flag,
    otherwise: false,
    expected: 'true or false',
    example: 'true',
    help: 'connect to Cassandra by TLS',
  } as Setting<boolean>,
  CASSANDRA_CA_FILE: absent<string>({ ...path, help: "certificate authority of Cassandra's certificates" }),
  CASSANDRA_TICK_RETENTION_DAYS: absent<number>({
    schema: whole(1, 36_500),
    expected: 'a whole number of days from 1 to 36500',
    example: '30',
    help: 'raw ticks are dropped so long after their time; kept for ever when absent',
  }),
  STORE_TICKS: {
    schema: flag,
    otherwise: true,
    expected: 'true or false',
    example: 'false',
    help: 'store raw ticks beside the bars',
  } as Setting<boolean>,
  ALERT_RULES_FILE: absent<string>({
    ...path,
    example: '/etc/tapeline/alert-rules.yaml',
    help: 'rules that alerts are given by, YAML or JSON (`tapeline alerts check` tells what it says); when it changes, the running flow follows within seconds',
  }),
  SNAPSHOT_INTERVAL_MS: {
    schema: whole(100, 3_600_000),
    otherwise: 10_000,
    expected: 'a whole number of milliseconds from 100 to 3600000',
    example: '10000',
    help: 'how often a processor saves its state',
  } as Setting<number>,
  INGESTER_LEASE: absent<string>({
    schema: text.regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/),
    expected: 'the name of a Kubernetes Lease',
    example: 'ingester',
    help: 'ingesters that share this Lease stand by for the one that holds it; when absent, this process is the only one',
  }),
  POD_NAME: absent<string>({
    schema: text,
    expected: 'text that is not empty',
    example: 'ingester-0',
    help: 'who holds the Lease, for people',
  }),
  POD_NAMESPACE: absent<string>({ schema: text, expected: 'text that is not empty', example: 'tapeline', help: 'namespace of the Lease' }),
  KUBECONFIG: absent<string>({
    ...path,
    example: '/etc/tapeline/kubeconfig',
    help: "how to reach the API server for the Lease; the pod's own service account when absent",
  }),
  EXPORT_FOLDER: absent<string>({
    ...path,
    expected: 'the path of a folder',
    example: '/var/lib/tapeline/export',
    help: 'where each day is exported to as Parquet files, once it is over; nothing is exported when this and EXPORT_BUCKET are absent',
  }),
  EXPORT_BUCKET: absent<string>({
    schema: text.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    expected: 'the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens',
    example: 'market-data',
    help: 'the same, to a bucket of AWS or of a store that speaks its protocol',
  }),
  EXPORT_PREFIX: absent<string>({
    schema: text.regex(/^[^/](.{0,500}[^/])?$/),
    expected: 'text without a slash at its begin or end',
    example: 'tapeline/prod',
    help: 'what all names in the bucket begin with',
  }),
  EXPORT_ENDPOINT: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://storage.example.com',
    help: "address of the store; AWS's when absent",
  }),
  EXPORT_REGION: {
    schema: text,
    otherwise: 'us-east-1',
    expected: 'the name of a region',
    example: 'eu-central-1',
    help: 'region of the bucket',
  } as Setting<string>,
  EXPORT_ACCESS_KEY: absent<string>({
    ...secretText,
    help: 'id of an access key for the bucket; what the machine is given by AWS when absent',
  }),
  EXPORT_SECRET_KEY: absent<string>({ ...secretText, help: 'its secret access key' }),
  EXPORT_TABLES: {
    schema: list
      .refine(names => names.every(name => (exportTables as readonly string[]).includes(name)))
      .transform(names => exportTables.filter(name => names.includes(name)) as readonly ExportTable[]),
    otherwise: ['bars', 'gaps', 'alerts'],
    expected: `one or more of ${exportTables.join(', ')}, separated by commas`,
    example: 'bars,ticks,gaps,alerts',
    help: 'what is exported',
  } as Setting<readonly ExportTable[]>,
  EXPORT_INTERVALS: {
    schema: intervalList,
    otherwise: ['1m', '5m', '15m', '1h', '1d'],
    expected: `one or more of ${intervals.join(', ')}, separated by commas`,
    example: '1m,1d',
    help: 'of the bars, as far as BAR_INTERVALS has them',
  } as Setting<readonly Interval[]>,
  EXPORT_DAYS: {
    schema: whole(1, 1_000),
    otherwise: 7,
    expected: 'a whole number from 1 to 1000',
    example: '30',
    help: 'so many days (UTC) that are over are made up for where they are missing',
  } as Setting<number>,
  DATA_DIR: {
    schema: text,
    otherwise: '.tapeline/data',
    expected: 'the path of a folder',
    example: '/var/lib/tapeline',
    help: 'embedded log and store',
  } as Setting<string>,
  HTTP_HOST: {
    schema: text,
    otherwise: '127.0.0.1',
    expected: 'a host name or address',
    example: '0.0.0.0',
    help: 'address that the board, probes and metrics listen on',
  } as Setting<string>,
  HTTP_PORT: {
    schema: whole(0, 65_535),
    otherwise: 8080,
    expected: 'a port number from 0 (any free one) to 65535',
    example: '8080',
    help: 'their port',
  } as Setting<number>,
  HTTP_TOKEN: absent<string>({
    schema: z
      .string()
      .regex(/^\s*[\w.~-]{16,256}\s*$/)
      .transform(value => value.trim()),
    expected: '16 to 256 letters, digits and . _ ~ - (as of `openssl rand -hex 24`)',
    example: 'what `openssl rand -hex 24` prints',
    secret: true,
    help: 'what the board asks everybody for, who open it once as /?token=… or send it as a bearer; nobody is asked when absent',
  }),
  ALERT_MAIL_TO: absent<readonly string[]>({
    schema: list.refine(items => items.length <= 10 && items.every(isMailAddress)),
    expected: 'at most 10 mail addresses, separated by commas',
    example: 'desk@example.com',
    help: 'who gets alerts by mail, each a mail of their own; nobody when absent',
  }),
  ALERT_MAIL_FROM: absent<string>({
    schema: text.refine(value => isMailAddress(/^[^\p{Cc}<>"]*<([^<>]*)>$/u.exec(value)?.[1] ?? value)),
    expected: 'a mail address, with or without a name before it',
    example: 'Tapeline <tapeline@example.com>',
    help: 'the sender of these mails',
  }),
  ALERT_MAIL_SEVERITY: {
    schema: z.enum(alertSeverities),
    otherwise: 'info',
    expected: 'info, warning or critical',
    example: 'warning',
    help: 'alerts below this severity are not mailed',
  } as Setting<AlertSeverity>,
  ALERT_MAIL_RULES: absent<readonly string[]>({
    schema: list,
    expected: 'names of rules, separated by commas',
    example: 'feed-stale,big-drop',
    help: 'only alerts of these rules are mailed; those of all when absent',
  }),
  SMTP_URL: absent<string>({
    schema: url('smtp', 'smtps').refine(value => URL.canParse(value) && new URL(value).hostname !== ''),
    expected: 'an smtp:// or smtps:// address',
    example: 'smtp://user:password@mail.example.com:587',
    secret: true,
    help: 'mail server with user and password in one; smtps:// is TLS from the start, smtp:// as SMTP_SECURITY says',
  }),
  SMTP_HOST: absent<string>({
    schema: text.regex(/^[^\s/:@]+$/),
    expected: 'a host name or address',
    example: 'mail.example.com',
    help: 'mail server, in place of SMTP_URL',
  }),
  SMTP_PORT: absent<number>({
    schema: whole(1, 65_535),
    expected: 'a port number from 1 to 65535',
    example: '587',
    help: 'its port; 587 when absent, 465 with SMTP_SECURITY=tls',
  }),
  SMTP_SECURITY: {
    schema: z.enum(['starttls', 'tls', 'none']),
    otherwise: 'starttls',
    expected: 'starttls, tls or none',
    example: 'tls',
    help: 'starttls: no mail before the connection has become TLS; tls: TLS from the start; none: in clear, for a relay on the same machine',
  } as Setting<'starttls' | 'tls' | 'none'>,
  SMTP_CA_FILE: absent<string>({ ...path, help: "certificate authority of the mail server's certificate" }),
  SMTP_USERNAME: absent<string>({ schema: text, expected: 'text that is not empty', example: 'tapeline', help: 'user of the mail server' }),
  SMTP_PASSWORD: absent<string>({ ...secretText, help: "the user's password" }),
  ALERT_WEBHOOK_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://hooks.example.com/…',
    secret: true,
    help: 'where alerts are posted to, as JSON',
  }),
  ALERT_WEBHOOK_SECRET: absent<string>({
    ...secretText,
    help: 'signs each post: header tapeline-signature, `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body" in hex>`',
  }),
  ALERT_WEBHOOK_FORMAT: {
    schema: z.enum(['json', 'slack']),
    otherwise: 'json',
    expected: 'json or slack',
    example: 'slack',
    help: "what is posted: whole alerts, or a text for people in the shape of Slack's incoming webhooks",
  } as Setting<'json' | 'slack'>,
  ALERT_WEBHOOK_SEVERITY: {
    schema: z.enum(alertSeverities),
    otherwise: 'info',
    expected: 'info, warning or critical',
    example: 'critical',
    help: 'alerts below this severity are not posted',
  } as Setting<AlertSeverity>,
  ALERT_WEBHOOK_RULES: absent<readonly string[]>({
    schema: list,
    expected: 'names of rules, separated by commas',
    example: 'feed-stale,big-drop',
    help: 'only alerts of these rules are posted; those of all when absent',
  }),
  ALERT_GATHER_MS: {
    schema: whole(0, 600_000),
    otherwise: 2_000,
    expected: 'a whole number of milliseconds from 0 to 600000',
    example: '10000',
    help: 'alerts that come within this time of the first share a message',
  } as Setting<number>,
  ALERT_SUMMARY_AFTER_MS: {
    schema: whole(60_000, 604_800_000),
    otherwise: 3_600_000,
    expected: 'a whole number of milliseconds from 60000 to 604800000',
    example: '3600000',
    help: 'alerts that are older when they can be sent are summed up in one mail',
  } as Setting<number>,
  ALERT_BOARD_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://board.example.com',
    help: 'address of the live board, for links in messages',
  }),
  ALERT_GRAFANA_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://grafana.example.com',
    help: 'address of Grafana, for links in messages',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'http://otel-collector:4318',
    help: 'where sampled ticks are traced to, by OTLP over HTTP (its `/v1/traces`); nothing is traced when absent',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: absent<string>({
    ...secretText,
    schema: text.refine(value => headersOf(value) !== undefined),
    expected: 'names and values of headers, as name=value, separated by commas, with % codes in values',
    example: 'api-key=…',
    help: 'headers that the collector wants',
  }),
  TRACE_SAMPLING: {
    schema: whole(1, 1_000_000_000),
    otherwise: 100_000,
    expected: 'a whole number from 1 (all) to 1000000000',
    example: '10000',
    help: 'one of so many records of a partition is traced, by its offset; the same for all processes',
  } as Setting<number>,
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    otherwise: 'info',
    expected: 'trace, debug, info, warn, error, fatal or silent',
    example: 'debug',
    help: 'what is logged, as JSON lines on standard error',
  } as Setting<string>,
} as const;

export type SettingName = keyof typeof settings;

/** Prefixes whose every name must be in the table: a misspelt one is a fault, not ignored. */
export const strictPrefixes = ['TWELVE_DATA_', 'FINNHUB_', 'YAHOO_', 'KAFKA_', 'CASSANDRA_', 'EXPORT_', 'SMTP_', 'ALERT_'] as const;
