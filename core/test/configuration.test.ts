import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readConfiguration, secretsOf } from '../src/configuration.ts';
import { faultsOf } from './support/configuration-faults.ts';

describe('configuration', () => {
  it('has sensible defaults when nothing is set', () => {
    expect(readConfiguration({})).toMatchObject({
      BAR_INTERVALS: ['1s', '5s', '15s', '1m', '5m', '15m', '1h', '1d'],
      ALLOWED_LATENESS_MS: 2000,
      FEED_CLOCK: 'wall',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: 8080,
      TWELVE_DATA_API_KEY: undefined,
      FEED_MUTE_TIMEOUT_MS: undefined,
    });
  });

  it('reports every fault in one message, each with what was given, what is expected and a remedy', () => {
    const message = faultsOf({
      ALLOWED_LATENESS_MS: '-5',
      BAR_INTERVALS: '1m,2m',
      HTTP_PORT: '70000',
      KAFKA_BROKERS: 'localhost',
      TWELVE_DATA_URL: 'http://somewhere',
      TWELVE_DATA_APIKEY: 'x',
      KAFKA_BROKER: 'x',
    });
    expect(message).toContain('the configuration has 7 faults:');
    expect(message).toContain(
      'ALLOWED_LATENESS_MS must be a whole number of milliseconds from 0 to 3600000, was "-5": set it, for example, to 2000',
    );
    expect(message).toContain('BAR_INTERVALS must be one or more of 1s, 5s, 15s, 1m, 5m, 15m, 1h, 1d, separated by commas, was "1m,2m"');
    expect(message).toContain('HTTP_PORT must be a port number');
    expect(message).toContain('KAFKA_BROKERS must be addresses as host:port, separated by commas, was "localhost"');
    expect(message).toContain('TWELVE_DATA_URL must be a ws:// or wss:// address, was "http://somewhere"');
    expect(message).toContain('TWELVE_DATA_APIKEY is not a setting: did you mean TWELVE_DATA_API_KEY');
    expect(message).toContain('KAFKA_BROKER is not a setting: did you mean KAFKA_BROKERS');
  });

  it('reads a secret from a file, and never prints one', () => {
    const file = join(temporaryFolder('folder'), 'key');
    writeFileSync(file, 'k-123\n');
    const configuration = readConfiguration({ TWELVE_DATA_API_KEY_FILE: file });
    expect(configuration.TWELVE_DATA_API_KEY).toBe('k-123');
    expect(secretsOf(configuration)).toEqual(['k-123']);
    expect(faultsOf({ TWELVE_DATA_API_KEY: 'k-123', TWELVE_DATA_API_KEY_FILE: file })).not.toContain('k-123');
    expect(faultsOf({ TWELVE_DATA_API_KEY_FILE: '/nowhere/at/all' })).toContain('TWELVE_DATA_API_KEY_FILE must be a file that can be read');
  });

  it('wants authorities of certificates that can be read', () => {
    const message = faultsOf({ KAFKA_CA_FILE: '/nowhere/a', CASSANDRA_CA_FILE: '/nowhere/b', SMTP_CA_FILE: '/nowhere/c', HTTP_PORT: 'x' });
    expect(message).toContain('the configuration has 4 faults:');
    expect(message).toMatch(
      /- KAFKA_CA_FILE must be a file that can be read, was "\/nowhere\/a" \(.*ENOENT.+\): correct its path or permissions/,
    );
    expect(readConfiguration({ KAFKA_CA_FILE: import.meta.filename }).KAFKA_CA_FILE).toBe(import.meta.filename);
  });

  it('wants the parts of a login together', () => {
    expect(faultsOf({ KAFKA_SASL_MECHANISM: 'scram-sha-512' })).toContain('set KAFKA_USERNAME and KAFKA_PASSWORD');
    expect(faultsOf({ CASSANDRA_USERNAME: 'writer' })).toContain('set both or neither');
  });

  it('takes symbols with spaces around commas, each once', () => {
    expect(readConfiguration({ SYMBOLS: ' AAPL , BTC/USD,AAPL ,RY:TSX' }).SYMBOLS).toEqual(['AAPL', 'BTC/USD', 'RY:TSX']);
  });

  it('keeps a simulated market in a folder of its own, unless one is named or servers are shared', () => {
    const folderOf = (environment: Record<string, string>) => readConfiguration(environment).DATA_DIR;
    expect(folderOf({})).toBe('.tapeline/simulated');
    expect(folderOf({ DATA_DIR: '' })).toBe('.tapeline/simulated');
    expect(folderOf({ DATA_DIR: 'mine' })).toBe('mine');
    expect(folderOf({ TWELVE_DATA_API_KEY: 'k' })).toBe('.tapeline/data');
    expect(folderOf({ TWELVE_DATA_URL: 'ws://127.0.0.1:7010' })).toBe('.tapeline/data');
    expect(folderOf({ FEEDS: 'recording', REPLAY_FILE: 'day.jsonl' })).toBe('.tapeline/data');
    expect(folderOf({ KAFKA_BROKERS: '127.0.0.1:9092' })).toBe('.tapeline/data');
    expect(folderOf({ CASSANDRA_CONTACT_POINTS: '127.0.0.1' })).toBe('.tapeline/data');
  });

  it('wants the pod of an ingester that has a Lease', () => {
    expect(faultsOf({ INGESTER_LEASE: 'ingester', POD_NAME: 'ingester-0' })).toContain('set POD_NAME and POD_NAMESPACE');
    expect(faultsOf({ INGESTER_LEASE: 'Ingester' })).toContain('INGESTER_LEASE must be the name of a Kubernetes Lease, was "Ingester"');
    expect(readConfiguration({ INGESTER_LEASE: 'ingester', POD_NAME: 'ingester-0', POD_NAMESPACE: 'tapeline' })).toMatchObject({
      INGESTER_LEASE: 'ingester',
    });
  });
});

describe('the settings of an export', () => {
  it('take what is known, in its order', () => {
    const configuration = readConfiguration({ EXPORT_BUCKET: 'market-data', EXPORT_TABLES: 'alerts, bars', EXPORT_INTERVALS: '1d,1m' });
    expect([configuration.EXPORT_TABLES, configuration.EXPORT_INTERVALS, configuration.EXPORT_DAYS]).toEqual([
      ['bars', 'alerts'],
      ['1m', '1d'],
      7,
    ]);
  });

  it('are refused where they do not go together', () => {
    expect(() => readConfiguration({ EXPORT_FOLDER: 'a', EXPORT_BUCKET: 'market-data', EXPORT_SECRET_KEY: 's' })).toThrow(
      /2 faults:\n {2}- EXPORT_FOLDER and EXPORT_BUCKET are both set.*\n {2}- EXPORT_ACCESS_KEY and EXPORT_SECRET_KEY go together/,
    );
    expect(faultsOf({ EXPORT_ENDPOINT: 'http://127.0.0.1:9000' })).toContain('EXPORT_ENDPOINT only applies to a bucket: set EXPORT_BUCKET');
    expect(faultsOf({ EXPORT_BUCKET: 'Market Data' })).toContain('EXPORT_BUCKET must be the name of a bucket');
    expect(faultsOf({ EXPORT_TABLES: 'bars,candles' })).toContain('EXPORT_TABLES must be one or more of bars, ticks, gaps, alerts');
  });
});

describe('the settings of feeds', () => {
  it('name several at once, each with its own symbols', () => {
    const configuration = readConfiguration({
      FEEDS: 'twelve-data, finnhub,yahoo',
      SYMBOLS: 'BTC/USD',
      FINNHUB_API_KEY: 'k',
      FINNHUB_SYMBOLS: 'AAPL,BINANCE:BTCUSDT,BINANCE:ETHUSDT',
      YAHOO_SYMBOLS: 'EURUSD=X',
    });
    expect(configuration.FEEDS).toEqual(['twelve-data', 'finnhub', 'yahoo']);
    expect(configuration.FINNHUB_SYMBOLS).toEqual(['AAPL', 'BINANCE:BTCUSDT', 'BINANCE:ETHUSDT']);
    expect(readConfiguration({}).FEEDS).toEqual(['twelve-data']);
  });

  it('are refused, all at once, where a feed lacks what it needs', () => {
    expect(() => readConfiguration({ FEEDS: 'finnhub,yahoo,recording', FEED_RECORDING_FILE: 'day.jsonl' })).toThrow(
      [
        'the configuration has 6 faults:',
        '  - FEEDS names finnhub, which needs a key: set FINNHUB_API_KEY (or FINNHUB_API_KEY_FILE)',
        '  - FEEDS names finnhub, which needs symbols: set FINNHUB_SYMBOLS, for example to AAPL,BINANCE:BTCUSDT',
        '  - FEEDS names yahoo, which needs symbols: set YAHOO_SYMBOLS, for example to AAPL,BTC-USD',
        '  - FEEDS names recording, which needs a file: set REPLAY_FILE to the recording to play',
        '  - FEEDS names recording beside another feed, but one feed owns a symbol, and a recording may have any: name it alone',
        '  - FEED_RECORDING_FILE records the feed twelve-data, which FEEDS does not name: unset it, or name that feed',
      ].join('\n'),
    );
  });

  it('are refused where a shard would have no symbol, or shards and a recording are asked for', () => {
    const environment = { TWELVE_DATA_SHARDS: '2', SYMBOLS: 'AAPL,BTC/USD', FEED_RECORDING_FILE: 'day.jsonl' };
    expect(() => readConfiguration(environment)).toThrow(
      /2 faults:\n {2}- FEED_RECORDING_FILE records one connection.*\n {2}- 2 shards need a symbol each.*set TWELVE_DATA_SHARDS to 1/,
    );
    expect(readConfiguration({ TWELVE_DATA_SHARDS: '3' }).TWELVE_DATA_SHARDS).toBe(3);
  });

  it('are refused where two feeds are asked for one symbol', () => {
    const environment = { FEEDS: 'twelve-data,yahoo', SYMBOLS: 'AAPL,RY:TSX', YAHOO_SYMBOLS: 'MSFT,AAPL,RY' };
    expect(() => readConfiguration(environment)).toThrow(
      /the configuration has 2 faults:\n {2}- AAPL is in the lists of twelve-data and of yahoo, but one feed owns a symbol: .*\n {2}- RY is in the lists/,
    );
  });

  it('are refused where a list is separated by something else, so that a symbol would fit into no record', () => {
    const list = Array.from({ length: 20 }, (_, index) => `SYM${index}`).join(';');
    const environment = { FEEDS: 'twelve-data,finnhub,yahoo', FINNHUB_API_KEY: 'k' };
    const message = faultsOf({ ...environment, SYMBOLS: list, FINNHUB_SYMBOLS: `F${list}`, YAHOO_SYMBOLS: `AAPL,Y${list}` });
    expect(message).toContain('the configuration has 3 faults:');
    for (const [name, begin] of [
      ['SYMBOLS', ''],
      ['FINNHUB_SYMBOLS', 'F'],
      ['YAHOO_SYMBOLS', 'Y'],
    ]) {
      const shown = (begin + list).slice(0, 64);
      expect(message).toContain(`- ${name}: a symbol must have 64 characters at most, was "${shown}…": separate symbols by commas`);
    }
    expect(readConfiguration({ SYMBOLS: 'X'.repeat(64) }).SYMBOLS).toEqual(['X'.repeat(64)]);
  });

  it('are refused where prices would give two symbols one name', () => {
    const told = (symbols: string, name: string) => `SYMBOLS: ${symbols} would both be called ${name} in prices: keep one of them`;
    expect(faultsOf({ SYMBOLS: 'aapl,AAPL' })).toContain(told('aapl and AAPL', 'AAPL'));
    expect(faultsOf({ SYMBOLS: 'RY,BTC/USD,RY:TSX' })).toContain(told('RY and RY:TSX', 'RY'));
    expect(faultsOf({ FEEDS: 'twelve-data,yahoo', SYMBOLS: 'aapl', YAHOO_SYMBOLS: 'AAPL' })).toContain(
      'AAPL is in the lists of twelve-data and of yahoo',
    );
    // Other vendors leave names as they are spelt.
    const finnhub = { FEEDS: 'finnhub', FINNHUB_API_KEY: 'k', FINNHUB_SYMBOLS: 'BINANCE:BTCUSDT,BINANCE:btcusdt' };
    expect(readConfiguration(finnhub).FINNHUB_SYMBOLS).toEqual(['BINANCE:BTCUSDT', 'BINANCE:btcusdt']);
  });

  it('may stand in files, which are held to each other when they are read', () => {
    const files = { SYMBOLS_FILE: 'a.txt', FINNHUB_SYMBOLS_FILE: 'b.txt', YAHOO_SYMBOLS_FILE: 'c.txt' };
    const configuration = readConfiguration({ FEEDS: 'twelve-data,finnhub,yahoo', FINNHUB_API_KEY: 'k', ...files });
    expect(configuration).toMatchObject({ ...files, FINNHUB_SYMBOLS: undefined, YAHOO_SYMBOLS: undefined });
    expect(readConfiguration({ FEEDS: 'twelve-data,yahoo', SYMBOLS: 'AAPL', YAHOO_SYMBOLS: 'AAPL', ...files }).SYMBOLS_FILE).toBe('a.txt');
  });

  it('are refused where they name a feed that is none', () => {
    expect(() => readConfiguration({ FEEDS: 'bloomberg' })).toThrow('FEEDS must be one or more of twelve-data, finnhub, yahoo, recording');
  });
});
