/** Settings that are each right and do not go together, or leave a door open. Pure. */
import { isLoopback, vendorsInClear } from '@tapeline/core/clear-text';
import type { Configuration } from '@tapeline/core/configuration';
import { type Finding, foundOr, ok, skipped, warning } from './finding.ts';

const check = 'settings';

export function settingsFindings(configuration: Configuration): readonly Finding[] {
  const wrong = [...pairFindings(configuration), ...certificateFindings(configuration), ...exposureFindings(configuration)];
  return foundOr(ok(check, 'no fault in them, and none contradicts another'), wrong);
}

/** Whether prices can come from the vendor at all. */
export function keyFindings(configuration: Configuration): readonly Finding[] {
  const { FEEDS: feeds, TWELVE_DATA_API_KEY: key, TWELVE_DATA_URL: url, KAFKA_BROKERS: brokers } = configuration;
  if (!feeds.includes('twelve-data')) return [ok('vendor key', `the feeds ${feeds.join(', ')} have what they need`)];
  if (key !== undefined) return [ok('vendor key', 'TWELVE_DATA_API_KEY is set')];
  if (url !== undefined) return [ok('vendor key', "TWELVE_DATA_URL names another server than the vendor's, which may ask for none")];
  // In a cluster only whoever asks the vendor is given the key.
  if (brokers !== undefined) return [skipped('vendor key', 'this process has none; the one that runs the ingester needs it')];
  return [
    warning('vendor key', 'TWELVE_DATA_API_KEY is not set, so prices are simulated', 'set it (or TWELVE_DATA_API_KEY_FILE) for real ones'),
  ];
}

function pairFindings(configuration: Configuration): Finding[] {
  const { KAFKA_BROKERS, CASSANDRA_CONTACT_POINTS, FEED_CLOCK, STORE_TICKS, CASSANDRA_TICK_RETENTION_DAYS } = configuration;
  const found: Finding[] = [];
  if (KAFKA_BROKERS !== undefined && CASSANDRA_CONTACT_POINTS === undefined) {
    const what =
      'KAFKA_BROKERS is set and CASSANDRA_CONTACT_POINTS is not: results go into DATA_DIR of each process, where others cannot read them';
    found.push(warning(check, what, 'set CASSANDRA_CONTACT_POINTS, unless there is one process alone'));
  }
  if (KAFKA_BROKERS === undefined && CASSANDRA_CONTACT_POINTS !== undefined) {
    const what = 'CASSANDRA_CONTACT_POINTS is set and KAFKA_BROKERS is not: the log is in DATA_DIR, so no second process can work on it';
    found.push(warning(check, what, 'set KAFKA_BROKERS, unless there is one process alone'));
  }
  if (FEED_CLOCK === 'feed') found.push(warning(check, 'FEED_CLOCK is feed, which is for tests', 'unset FEED_CLOCK'));
  if (!STORE_TICKS && CASSANDRA_TICK_RETENTION_DAYS !== undefined) {
    found.push(warning(check, 'CASSANDRA_TICK_RETENTION_DAYS is set, but STORE_TICKS=false stores none', 'unset one of the two'));
  }
  return found;
}

function certificateFindings(configuration: Configuration): Finding[] {
  const pairs = [
    ['KAFKA_CA_FILE', 'KAFKA_TLS'],
    ['CASSANDRA_CA_FILE', 'CASSANDRA_TLS'],
  ] as const;
  const found: Finding[] = [];
  for (const [file, tls] of pairs) {
    if (configuration[file] !== undefined && !configuration[tls]) {
      found.push(warning(check, `${file} is set, but ${tls} is false: nothing is encrypted`, `set ${tls}=true, or unset ${file}`));
    }
  }
  return found;
}

/** What crosses a network in clear, or is open to all who reach it. */
function exposureFindings(configuration: Configuration): Finding[] {
  const { KAFKA_BROKERS: brokers, CASSANDRA_CONTACT_POINTS: points, HTTP_HOST: host, HTTP_TOKEN: token } = configuration;
  const found: Finding[] = [];
  if (brokers && !brokers.every(isLoopback)) {
    if (!configuration.KAFKA_TLS) found.push(inClear('Kafka', 'KAFKA_TLS', configuration.KAFKA_PASSWORD !== undefined));
    if (configuration.KAFKA_SASL_MECHANISM === undefined)
      found.push(withoutUser('Kafka', 'KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD'));
  }
  if (points && !points.every(isLoopback)) {
    if (!configuration.CASSANDRA_TLS) found.push(inClear('Cassandra', 'CASSANDRA_TLS', configuration.CASSANDRA_PASSWORD !== undefined));
    if (configuration.CASSANDRA_USERNAME === undefined) found.push(withoutUser('Cassandra', 'CASSANDRA_USERNAME, CASSANDRA_PASSWORD'));
  }
  for (const { setting, host: vendor } of vendorsInClear(configuration)) {
    const what = `${setting} reaches ${vendor} unencrypted, over a network: the key can be read on the way, and prices can be changed`;
    found.push(warning(check, what, 'take its wss:// or https:// address, unless it is a simulator'));
  }
  // In a pod the address has to be an open one, and the board's token is where the board is.
  if (brokers === undefined && !isLoopback(host) && token === undefined) {
    found.push(warning(check, `HTTP_HOST is ${host} without HTTP_TOKEN: whoever reaches it sees the board`, 'set HTTP_TOKEN'));
  }
  return found;
}

function inClear(server: string, setting: string, hasPassword: boolean): Finding {
  const what = hasPassword ? 'the password and all data go' : 'all data go';
  return warning(check, `${what} to ${server} unencrypted, over a network`, `set ${setting}=true`);
}

function withoutUser(server: string, settings: string): Finding {
  return warning(check, `${server} asks for no login: whoever reaches it may do everything`, `make it ask for users, and set ${settings}`);
}
