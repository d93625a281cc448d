import { describe, expect, it } from '@jest/globals';
import { factsOfSymbol } from '../src/finnhub/instruments.ts';
import { parseMessage } from '../src/finnhub/messages.ts';

function tradesOf(text: string) {
  const message = parseMessage(text);
  return message.kind === 'trades' ? message.entries.map(({ trade }) => trade) : message;
}

describe("Finnhub's messages", () => {
  it('are read trade by trade, sizes and milliseconds as they stand', () => {
    const text =
      '{"data":[{"c":null,"p":66972.77,"s":"BINANCE:BTCUSDT","t":1721555886208,"v":0.01559},{"c":["1","12"],"p":129.575,"s":"AAPL","t":1721555886209,"v":1}],"type":"trade"}';
    expect(tradesOf(text)).toEqual([
      { kind: 'trade', symbol: 'BINANCE:BTCUSDT', price: 66972.77, size: 0.01559, sourceTimeMs: 1_721_555_886_208 },
      { kind: 'trade', symbol: 'AAPL', price: 129.575, size: 1, sourceTimeMs: 1_721_555_886_209 },
    ]);
  });

  it('have no size where the vendor says 0, which is a price without a trade', () => {
    expect(tradesOf('{"data":[{"p":1.0721,"s":"OANDA:EUR_USD","t":1721555886208,"v":0}],"type":"trade"}')).toEqual([
      { kind: 'trade', symbol: 'OANDA:EUR_USD', price: 1.0721, sourceTimeMs: 1_721_555_886_208 },
    ]);
  });

  it('keep their good trades when one of them is none, and name its field', () => {
    const text =
      '{"data":[{"p":1,"s":"AAPL","t":1,"v":1},{"p":0,"s":"AAPL","t":1,"v":1},{"p":1,"s":"","t":1,"v":1},{"p":1,"s":"A","t":1.5,"v":1},{"p":1,"s":"A","t":1,"v":-1},7],"type":"trade"}';
    expect(tradesOf(text)).toEqual([
      { kind: 'trade', symbol: 'AAPL', price: 1, size: 1, sourceTimeMs: 1 },
      { kind: 'malformed', detail: 'data.1.p must be a number above 0, was 0' },
      { kind: 'malformed', detail: 'data.2.s must be text of 1 to 64 characters, was ""' },
      { kind: 'malformed', detail: 'data.3.t must be a whole number up to 8640000000000000, was 1.5' },
      { kind: 'malformed', detail: 'data.4.v must be a number of 0 or more, was -1' },
      { kind: 'malformed', detail: 'data.5 must be an object, was 7' },
    ]);
  });

  it.each([
    ['{"type":"ping"}', { kind: 'ping' }],
    ['{"msg":"Subscribing to too many symbols","type":"error"}', { kind: 'error', detail: 'Subscribing to too many symbols' }],
    ['{"type":"error"}', { kind: 'error', detail: 'no reason given' }],
    ['{"type":"trade"}', { kind: 'malformed', detail: 'data must be a list, was absent' }],
    ['{"type":"news"}', { kind: 'unknown', detail: 'type must be one that is documented, was "news"' }],
    ['[]', { kind: 'malformed', detail: 'message must be an object' }],
    ['{', { kind: 'malformed', detail: 'message must be JSON' }],
  ])('%s is told apart', (text, message) => {
    expect(parseMessage(text)).toEqual(message);
  });
});

describe('a Finnhub symbol', () => {
  it.each([
    ['AAPL', { exchange: 'NYSE' }],
    ['BRK.B', { exchange: 'NYSE' }],
    ['SHOP.TO', { exchange: 'TSX' }],
    ['BINANCE:BTCUSDT', { type: 'Digital Currency' }],
    ['OANDA:EUR_USD', { type: 'Forex' }],
    ['IC MARKETS:1', { type: 'Forex' }],
  ])('%s says where it trades', (symbol, facts) => {
    expect(factsOfSymbol(symbol)).toEqual(facts);
  });
});
