import { describe, expect, it } from '@jest/globals';
import { isLoopback, vendorsInClear } from '../src/clear-text.ts';
import { readConfiguration } from '../src/configuration.ts';

describe('addresses in clear', () => {
  it('are those of vendors by ws and http that are not on this machine, told without what is behind the host', () => {
    const configuration = readConfiguration({
      TWELVE_DATA_URL: 'ws://simulator:7010/v1/quotes/price?apikey=secret',
      TWELVE_DATA_REST_URL: 'http://127.0.0.1:7011',
      FINNHUB_URL: 'wss://ws.finnhub.io',
    });
    expect(vendorsInClear(configuration)).toEqual([{ setting: 'TWELVE_DATA_URL', host: 'simulator:7010' }]);
    expect(vendorsInClear(readConfiguration({}))).toEqual([]);
  });

  it('are not those of this machine, however it is written', () => {
    expect(['localhost', 'localhost:9092', '127.0.0.1:1', '127.9.9.9', '[::1]:80', '::1'].filter(isLoopback)).toHaveLength(6);
    expect(['10.0.0.1', 'kafka:9092', 'localhost.example.com', '1127.0.0.1'].filter(isLoopback)).toEqual([]);
  });
});
