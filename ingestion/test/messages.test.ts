import { describe, expect, it } from '@jest/globals';
import { parseMessage, readMessage } from '../src/twelve-data/messages.ts';

const price = { event: 'price', symbol: 'BTC/USD', timestamp: 1_730_598_420, price: 69_142.14 };

describe('a price', () => {
  it('is read with all its fields', () => {
    const text =
      '{"event":"price","symbol":"ETH/BTC","currency_base":"Ethereum","currency_quote":"Bitcoin","exchange":"Huobi","type":"Digital Currency","timestamp":1730602128,"price":0.035854,"bid":0.035844,"ask":0.035856,"day_volume":52}';
    expect(parseMessage(text)).toEqual({
      kind: 'price',
      symbol: 'ETH/BTC',
      price: 0.035854,
      bid: 0.035844,
      ask: 0.035856,
      dayVolume: 52,
      sourceTimeMs: 1_730_602_128_000,
      type: 'Digital Currency',
      exchange: 'Huobi',
    });
  });

  it('has absent fields where the vendor has null, and no zeros', () => {
    const read = readMessage({ ...price, bid: null, ask: null, day_volume: null, exchange: null });
    expect(JSON.parse(JSON.stringify(read))).toEqual({
      kind: 'price',
      symbol: 'BTC/USD',
      price: 69_142.14,
      sourceTimeMs: 1_730_598_420_000,
    });
  });

  it('may have a day volume of 0 or of a fraction', () => {
    expect(readMessage({ ...price, day_volume: 0 })).toMatchObject({ dayVolume: 0 });
    expect(readMessage({ ...price, day_volume: 0.5 })).toMatchObject({ dayVolume: 0.5 });
  });

  it.each([
    [{ price: undefined }, 'price must be a number above 0, was absent'],
    [{ price: null }, 'price must be a number above 0, was null'],
    [{ price: 0 }, 'price must be a number above 0, was 0'],
    [{ price: -1 }, 'price must be a number above 0, was -1'],
    [{ price: '100' }, 'price must be a number above 0, was "100"'],
    [{ price: Number.POSITIVE_INFINITY }, 'price must be a number above 0, was null'],
    [{ symbol: undefined }, 'symbol must be text of 1 to 64 characters, was absent'],
    [{ symbol: '' }, 'symbol must be text of 1 to 64 characters, was ""'],
    [{ symbol: '\ud800' }, 'symbol must be text that UTF-8 can hold, was "\\ud800"'],
    [{ timestamp: undefined }, 'timestamp must be a whole number up to 8640000000000, was absent'],
    [{ timestamp: 'now' }, 'timestamp must be a whole number up to 8640000000000, was "now"'],
    [{ timestamp: 1.5 }, 'timestamp must be a whole number up to 8640000000000, was 1.5'],
    [{ bid: '1' }, 'bid must be a number above 0, was "1"'],
    [{ ask: false }, 'ask must be a number above 0, was false'],
    [{ day_volume: -1 }, 'day_volume must be a number of 0 or more, was -1'],
    [{ exchange: 7 }, 'exchange must be text, was 7'],
  ])('with %j is malformed, by field and reason', (fields, detail) => {
    expect(readMessage({ ...price, ...fields })).toEqual({ kind: 'malformed', detail });
  });
});

describe('an answer to a subscription', () => {
  it('may have null for its lists', () => {
    const status = { event: 'subscribe-status', status: 'ok', success: [{ symbol: 'BTC/USD', type: 'DIGITAL_CURRENCY' }], fails: null };
    expect(readMessage(status)).toEqual({
      kind: 'subscribe-status',
      accepted: [{ symbol: 'BTC/USD', type: 'DIGITAL_CURRENCY', exchange: undefined }],
      refused: [],
      errors: [],
    });
    expect(readMessage({ event: 'subscribe-status', status: 'ok', success: null })).toMatchObject({ accepted: [], refused: [] });
  });

  it('carries refused symbols with their reasons', () => {
    const fails = [{ symbol: '1211', message: 'You are not authorized to access XHKG data.' }, { symbol: 'X' }];
    expect(readMessage({ event: 'subscribe-status', status: 'warning', success: [], fails })).toMatchObject({
      refused: [
        { symbol: '1211', reason: 'You are not authorized to access XHKG data.' },
        { symbol: 'X', reason: 'no reason given' },
      ],
    });
  });

  it('may be an error as a whole', () => {
    expect(readMessage({ event: 'subscribe-status', status: 'error', messages: ['Cant parse message'] })).toMatchObject({
      accepted: [],
      refused: [],
      errors: ['Cant parse message'],
    });
  });

  it('is malformed when a list is none', () => {
    expect(readMessage({ event: 'subscribe-status', success: 'BTC/USD' })).toEqual({
      kind: 'malformed',
      detail: 'success must be a list, was "BTC/USD"',
    });
    expect(readMessage({ event: 'subscribe-status', success: [{}] })).toEqual({
      kind: 'malformed',
      detail: 'success.0.symbol must be text of 1 to 64 characters, was absent',
    });
  });
});

describe('other messages', () => {
  it('are known when they are documented', () => {
    for (const event of ['heartbeat', 'unsubscribe-status', 'reset-status']) expect(readMessage({ event })).toEqual({ kind: event });
    expect(readMessage({ event: 'error', code: '400', message: 'bad' })).toEqual({ kind: 'error', code: 400, detail: 'bad' });
    expect(readMessage({ event: 'simulated-time', timeMs: 5 })).toEqual({ kind: 'simulated-time', timeMs: 5 });
  });

  it('are unknown otherwise', () => {
    expect(readMessage({ event: 'maintenance' })).toEqual({
      kind: 'unknown',
      detail: 'event must be one that is documented, was "maintenance"',
    });
    expect(readMessage({ type: 'greeting' })).toEqual({ kind: 'unknown', detail: 'event must be one that is documented, was absent' });
  });

  it('are malformed when they are no JSON object', () => {
    expect(parseMessage('upstream connect error')).toEqual({ kind: 'malformed', detail: 'message must be JSON' });
    for (const text of ['[1]', 'null', '"text"', '7'])
      expect(parseMessage(text)).toEqual({ kind: 'malformed', detail: 'message must be an object' });
  });
});
