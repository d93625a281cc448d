/** Reads the environment against the table of settings and reports all faults at once, before anything connects. */
import { readFileSync } from 'node:fs';
import { isAddress, secretsOfAddress, shownAddress } from './addresses.ts';
import { keepMemoryOutOfCoreFiles } from './core-files.ts';
import { PipelineError, reasonOf } from './errors.ts';
import { messageFaults, secretsOfWebhook } from './message-faults.ts';
import { headersOf, type Setting } from './setting-kinds.ts';
import type { FeedName } from './settings/feed-settings.ts';
import { isStrict, knownNames, type SettingName, settings } from './settings.ts';
import { shardFault } from './shards.ts';
import { namesOfSymbol, symbolListFault } from './symbol-lists.ts';

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The value of each setting, by its name in the environment. */
export type Configuration = { readonly [Name in SettingName]: ValueOf<(typeof settings)[Name]> };

export type Environment = Readonly<Record<string, string | undefined>>;

/** `DATA_DIR` unless it is set, where a simulated market is alone in it: its bars are never to stand beside real ones. */
export const simulatedDataDir = '.tapeline/simulated';

/**
 * Reads and checks the whole environment. Here secrets come into the process, so from here on its memory is kept out of core files.
 * @throws PipelineError `configuration.invalid`: one message, a line for each fault with its remedy; no secret in it.
 */
export function readConfiguration(environment: Environment): Configuration {
  keepMemoryOutOfCoreFiles();
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting<unknown>][]) {
    const text = textOf(name, setting, environment, faults);
    values[name] = text === undefined ? setting.otherwise : parsed(name, setting, text, faults);
  }
  if (!environment.DATA_DIR && isSimulatedAlone(values as Configuration)) values.DATA_DIR = simulatedDataDir;
  faults.push(...unknownNames(environment), ...crossFaults(values as Configuration), ...authorityFaults(values as Configuration));
  if (faults.length > 0) {
    const head = faults.length === 1 ? 'the configuration has a fault:' : `the configuration has ${faults.length} faults:`;
    throw new PipelineError('configuration.invalid', [head, ...faults.map(fault => `  - ${fault}`)].join('\n'), { retriable: false });
  }
  return values as Configuration;
}

/** Whether the prices of the feed twelve-data are simulated: nobody named a server that is to be asked for them. */
export function isSimulated({ FEEDS: feeds, TWELVE_DATA_API_KEY: key, TWELVE_DATA_URL: url }: Configuration): boolean {
  return feeds.includes('twelve-data') && key === undefined && url === undefined;
}

/** Neither log nor store is shared with processes of other settings. */
function isSimulatedAlone(configuration: Configuration): boolean {
  const { KAFKA_BROKERS, CASSANDRA_CONTACT_POINTS } = configuration;
  return isSimulated(configuration) && KAFKA_BROKERS === undefined && CASSANDRA_CONTACT_POINTS === undefined;
}

/** The secrets of a configuration, those within addresses too, for the logger to keep out of every line. */
export function secretsOf(configuration: Configuration): readonly string[] {
  const textsOf = (isWanted: (name: SettingName) => boolean) =>
    (Object.keys(settings) as SettingName[])
      .filter(isWanted)
      .map(name => configuration[name])
      .filter((value): value is string => typeof value === 'string');
  const whole = textsOf(name => 'secret' in settings[name]);
  const inAddresses = textsOf(isAddress).flatMap(secretsOfAddress);
  const headers = headersOf(configuration.OTEL_EXPORTER_OTLP_HEADERS ?? '') ?? {};
  return [...whole, ...inAddresses, ...secretsOfWebhook(configuration), ...Object.values(headers)];
}

const authorityFiles = ['KAFKA_CA_FILE', 'CASSANDRA_CA_FILE', 'SMTP_CA_FILE'] as const;

/**
 * The text of a file that a setting names; `undefined` when the setting is absent.
 * @throws PipelineError `configuration.invalid` when it cannot be read.
 */
export function fileOf(configuration: Configuration, name: (typeof authorityFiles)[number]): string | undefined {
  const path = configuration[name];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `${name} must be a file that can be read, was "${path}" (${reasonOf(cause)}): correct its path or permissions`;
    throw new PipelineError('configuration.invalid', message, { retriable: false, cause });
  }
}

function textOf(name: string, setting: Setting<unknown>, environment: Environment, faults: string[]): string | undefined {
  const direct = environment[name];
  const file = setting.secret ? environment[`${name}_FILE`] : undefined;
  if (direct && file) faults.push(`${name} and ${name}_FILE are both set, expected one of them: unset the other`);
  if (direct) return direct;
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    faults.push(`${name}_FILE must be a file that can be read, was "${file}" (${reasonOf(error)}): correct its path or permissions`);
    return undefined;
  }
}

function parsed(name: string, setting: Setting<unknown>, text: string, faults: string[]): unknown {
  const result = setting.schema.safeParse(text);
  if (result.success) return result.data;
  const shown = isAddress(name) ? shownAddress(text) : text;
  const given = setting.secret || shown === undefined ? '' : `, was "${shown}"`;
  faults.push(`${name} must be ${setting.expected}${given}: set it, for example, to ${setting.example}`);
  return setting.otherwise;
}

function unknownNames(environment: Environment): string[] {
  return Object.keys(environment)
    .filter(name => isStrict(name) && !knownNames.has(name))
    .sort()
    .map(name => `${name} is not a setting: did you mean ${nearest(name, knownNames)}? unset it or correct its name`);
}

/** Authorities of certificates that cannot be read. */
function authorityFaults(values: Configuration): string[] {
  return authorityFiles.flatMap(name => {
    try {
      fileOf(values, name);
      return [];
    } catch (error) {
      return [reasonOf(error)];
    }
  });
}

function crossFaults(values: Configuration): string[] {
  const faults: string[] = [];
  if (values.KAFKA_SASL_MECHANISM && !(values.KAFKA_USERNAME && values.KAFKA_PASSWORD)) {
    faults.push('KAFKA_SASL_MECHANISM needs a user and a password: set KAFKA_USERNAME and KAFKA_PASSWORD (or KAFKA_PASSWORD_FILE)');
  }
  if (!values.KAFKA_SASL_MECHANISM && values.KAFKA_USERNAME) {
    faults.push('KAFKA_USERNAME needs a mechanism: set KAFKA_SASL_MECHANISM, for example to scram-sha-512');
  }
  if (Boolean(values.CASSANDRA_USERNAME) !== Boolean(values.CASSANDRA_PASSWORD)) {
    faults.push('CASSANDRA_USERNAME and CASSANDRA_PASSWORD go together: set both or neither');
  }
  if (values.INGESTER_LEASE && !(values.POD_NAME && values.POD_NAMESPACE)) {
    faults.push('INGESTER_LEASE needs to know its pod: set POD_NAME and POD_NAMESPACE (from metadata.name and metadata.namespace)');
  }
  return [...faults, ...feedFaults(values), ...exportFaults(values), ...messageFaults(values)];
}

/** What a feed needs that is not there. */
function feedFaults(values: Configuration): string[] {
  const faults: string[] = [];
  const { FEEDS: feeds, FINNHUB_SYMBOLS, FINNHUB_SYMBOLS_FILE, YAHOO_SYMBOLS, YAHOO_SYMBOLS_FILE } = values;
  const needs = (feed: FeedName, name: string, isThere: boolean, remedy: string) => {
    if (feeds.includes(feed) && !isThere) faults.push(`FEEDS names ${feed}, which needs ${name}: ${remedy}`);
  };
  needs('finnhub', 'a key', Boolean(values.FINNHUB_API_KEY ?? values.FINNHUB_URL), 'set FINNHUB_API_KEY (or FINNHUB_API_KEY_FILE)');
  needs(
    'finnhub',
    'symbols',
    (FINNHUB_SYMBOLS_FILE ?? FINNHUB_SYMBOLS) !== undefined,
    'set FINNHUB_SYMBOLS, for example to AAPL,BINANCE:BTCUSDT',
  );
  needs('yahoo', 'symbols', (YAHOO_SYMBOLS_FILE ?? YAHOO_SYMBOLS) !== undefined, 'set YAHOO_SYMBOLS, for example to AAPL,BTC-USD');
  needs('recording', 'a file', values.REPLAY_FILE !== undefined, 'set REPLAY_FILE to the recording to play');
  if (feeds.includes('recording') && feeds.length > 1) {
    faults.push('FEEDS names recording beside another feed, but one feed owns a symbol, and a recording may have any: name it alone');
  }
  if (values.INGESTER_LEASE && feeds.includes('recording')) {
    faults.push('FEEDS names recording, which no standby can go on with: unset INGESTER_LEASE');
  }
  if (values.FEED_RECORDING_FILE && !feeds.includes('twelve-data')) {
    faults.push('FEED_RECORDING_FILE records the feed twelve-data, which FEEDS does not name: unset it, or name that feed');
  }
  if (values.FEED_RECORDING_FILE && values.TWELVE_DATA_SHARDS > 1) {
    faults.push(
      'FEED_RECORDING_FILE records one connection, but TWELVE_DATA_SHARDS makes several: set it to 1, or unset FEED_RECORDING_FILE',
    );
  }
  return [...faults, ...symbolFaults(values)];
}

/** Lists that are none, symbols that two feeds would fight for, and shards without one. A file of symbols is checked when it is read. */
function symbolFaults(values: Configuration): string[] {
  const { FEEDS: feeds, FINNHUB_SYMBOLS = [], YAHOO_SYMBOLS = [], TWELVE_DATA_SHARDS: shards } = values;
  const lists = [
    { feed: 'twelve-data', setting: 'SYMBOLS', symbols: values.SYMBOLS_FILE === undefined ? values.SYMBOLS : [] },
    { feed: 'finnhub', setting: 'FINNHUB_SYMBOLS', symbols: values.FINNHUB_SYMBOLS_FILE === undefined ? FINNHUB_SYMBOLS : [] },
    { feed: 'yahoo', setting: 'YAHOO_SYMBOLS', symbols: values.YAHOO_SYMBOLS_FILE === undefined ? YAHOO_SYMBOLS : [] },
  ] as const;
  const faults: string[] = [];
  for (const { feed, setting, symbols } of lists) {
    const fault = symbolListFault(symbols, symbol => namesOfSymbol(feed, symbol).at(-1) ?? symbol);
    if (fault !== undefined) faults.push(`${setting}: ${fault}`);
  }
  const asked = lists.filter(({ feed }) => feeds.includes(feed));
  const twelveData = asked.find(({ feed }) => feed === 'twelve-data')?.symbols ?? [];
  const shardsFault = twelveData.length === 0 ? undefined : shardFault(twelveData, shards);
  if (shardsFault !== undefined) faults.push(shardsFault);
  return [...faults, ...sharedSymbols(asked)];
}

function sharedSymbols(lists: readonly { readonly feed: FeedName; readonly symbols: readonly string[] }[]): string[] {
  const faults: string[] = [];
  const owners = new Map<string, FeedName>();
  for (const { feed, symbols } of lists) {
    for (const symbol of symbols) {
      const names = namesOfSymbol(feed, symbol);
      const owner = names.flatMap(name => owners.get(name) ?? []).find(other => other !== feed);
      if (owner !== undefined) {
        faults.push(`${symbol} is in the lists of ${owner} and of ${feed}, but one feed owns a symbol: take it out of one of the lists`);
      }
      for (const name of names) owners.set(name, feed);
    }
  }
  return faults;
}

/** Settings of an export that do not go together. */
function exportFaults(values: Configuration): string[] {
  const faults: string[] = [];
  if (values.EXPORT_FOLDER && values.EXPORT_BUCKET) {
    faults.push('EXPORT_FOLDER and EXPORT_BUCKET are both set, expected one of them: unset the other');
  }
  if (Boolean(values.EXPORT_ACCESS_KEY) !== Boolean(values.EXPORT_SECRET_KEY)) {
    faults.push('EXPORT_ACCESS_KEY and EXPORT_SECRET_KEY go together: set both or neither');
  }
  for (const name of ['EXPORT_PREFIX', 'EXPORT_ENDPOINT', 'EXPORT_ACCESS_KEY'] as const) {
    if (values[name] && !values.EXPORT_BUCKET) faults.push(`${name} only applies to a bucket: set EXPORT_BUCKET, or unset ${name}`);
  }
  return faults;
}

/** The known name that shares the longest beginning: good enough to catch a misspelling. */
function nearest(name: string, known: ReadonlySet<string>): string {
  let best = '';
  let longest = -1;
  for (const candidate of known) {
    let shared = 0;
    while (shared < name.length && name[shared] === candidate[shared]) shared += 1;
    if (shared > longest) [best, longest] = [candidate, shared];
  }
  return best;
}
