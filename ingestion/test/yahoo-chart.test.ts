import { describe, expect, it } from '@jest/globals';
import { parseChart } from '../src/yahoo/chart-message.ts';

function chart(meta: unknown): string {
  return JSON.stringify({ chart: { result: [{ meta, timestamp: [], indicators: { quote: [{}] } }], error: null } });
}

const meta = {
  symbol: 'AAPL',
  currency: 'USD',
  exchangeName: 'NMS',
  instrumentType: 'EQUITY',
  regularMarketTime: 1_763_740_801,
  regularMarketPrice: 271.49,
  regularMarketVolume: 59_030_832,
};

describe("Yahoo's chart", () => {
  it('is read for the quote in its head, never for its bars', () => {
    expect(parseChart(chart(meta), 'AAPL')).toEqual({
      kind: 'quote',
      symbol: 'AAPL',
      price: 271.49,
      dayVolume: 59_030_832,
      sourceTimeMs: 1_763_740_801_000,
      type: 'EQUITY',
      exchange: 'NASDAQ',
    });
  });

  it('has no quote where price or time is null or absent, which is not 0', () => {
    expect(parseChart(chart({ ...meta, regularMarketPrice: null }), 'AAPL')).toEqual({ kind: 'no-price' });
    expect(parseChart(chart({ ...meta, regularMarketTime: undefined }), 'AAPL')).toEqual({ kind: 'no-price' });
  });

  it.each([
    ['{', 'answer must be JSON'],
    ['{}', 'chart must be an object'],
    ['{"chart":{"result":[],"error":null}}', 'chart.result.0.meta must be an object'],
    [chart({ ...meta, symbol: 'MSFT' }), 'meta.symbol must be "AAPL", was "MSFT"'],
    [chart({ ...meta, regularMarketPrice: 0 }), 'meta.regularMarketPrice must be a number above 0, was 0'],
    [chart({ ...meta, regularMarketTime: 1.5 }), 'meta.regularMarketTime must be a whole number up to 8640000000000, was 1.5'],
    [chart({ ...meta, regularMarketVolume: -1 }), 'meta.regularMarketVolume must be a number of 0 or more, was -1'],
  ])('%s is malformed: %s', (text, detail) => {
    expect(parseChart(text, 'AAPL')).toEqual({ kind: 'malformed', detail });
  });

  it('says why it refuses a symbol', () => {
    const text = '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}';
    expect(parseChart(text, 'NOPE')).toEqual({ kind: 'error', code: 'Not Found', detail: 'No data found, symbol may be delisted' });
  });
});
