import { describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { restUrlOf } from '../src/backfill/configured-backfiller.ts';

const vendor = 'https://api.twelvedata.com';
const rest = 'http://127.0.0.1:7011';
const stream = 'ws://127.0.0.1:7010/v1/quotes/price';

describe('who is asked for history', () => {
  it.each([
    ['nobody without a key', {}, undefined],
    ['the vendor with a key', { TWELVE_DATA_API_KEY: 'k' }, vendor],
    ["nobody beside a stream that is not the vendor's", { TWELVE_DATA_API_KEY: 'k', TWELVE_DATA_URL: stream }, undefined],
    ['whoever is named', { TWELVE_DATA_URL: stream, TWELVE_DATA_REST_URL: rest }, rest],
    ['nobody for other feeds', { TWELVE_DATA_API_KEY: 'k', FEEDS: 'yahoo', YAHOO_SYMBOLS: 'AAPL', TWELVE_DATA_REST_URL: rest }, undefined],
  ])('%s', (_, environment, expected) => {
    expect(restUrlOf(readConfiguration(environment))).toBe(expected);
  });
});
