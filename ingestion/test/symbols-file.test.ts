import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type SymbolFeed, symbolsOfFeeds, symbolsOfShards } from '../src/configured-symbols.ts';
import { SymbolsFile } from '../src/symbols-file.ts';
import { aLogger } from './support/logger.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = temporaryFolder('symbols');
  path = join(folder, 'symbols.txt');
});

/** Puts another file in its place, as a mounted ConfigMap does. */
async function put(text: string): Promise<void> {
  await writeFile(`${path}.next`, text);
  await rename(`${path}.next`, path);
}

function open(faultOf: (symbols: readonly string[]) => string | undefined = () => undefined) {
  const { logger, lines } = aLogger();
  return { file: new SymbolsFile({ setting: 'SYMBOLS_FILE', path, faultOf, logger, lookEveryMs: 0 }), lines };
}

describe('a file of symbols', () => {
  it('is a list by lines or commas, with remarks', async () => {
    await put('# crypto\nBTC/USD, ETH/USD\r\n\nAAPL # Apple\nAAPL\n');
    expect(open().file.symbols()).toEqual(['BTC/USD', 'ETH/USD', 'AAPL']);
  });

  it('is followed when it changes, and gives the same array until then', async () => {
    await put('AAPL');
    const { file } = open();
    const before = file.symbols();
    await put('AAPL # the same\n');
    expect(file.symbols()).toBe(before);
    await put('AAPL\nMSFT\n');
    expect(file.symbols()).toEqual(['AAPL', 'MSFT']);
  });

  it('stays as it was when it becomes unusable, and says so once for each fault', async () => {
    await put('AAPL');
    const { file, lines } = open(symbols => (symbols.includes('EUR/USD') ? 'EUR/USD is not ours' : undefined));
    for (const text of ['', 'RY\nRY:TSX', 'EUR/USD', 'X'.repeat(65)]) {
      await put(text);
      expect([file.symbols(), file.symbols()]).toEqual([['AAPL'], ['AAPL']]);
    }
    expect(lines.map(line => line.msg)).toEqual([
      'SYMBOLS_FILE cannot be used (it names no symbol): the former list stays in force (1 symbol): correct the file',
      'SYMBOLS_FILE cannot be used (RY and RY:TSX would both be called RY in prices: keep one of them): the former list stays in force (1 symbol): correct the file',
      'SYMBOLS_FILE cannot be used (EUR/USD is not ours): the former list stays in force (1 symbol): correct the file',
      expect.stringContaining('a symbol must have 64 characters at most'),
    ]);
    await rm(path);
    expect(file.symbols()).toEqual(['AAPL']);
  });

  it('is refused at the start when it cannot be used', () => {
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'configuration.invalid', message: expect.stringContaining('SYMBOLS_FILE must be a file with') }),
    );
  });
});

describe('the symbols of shards', () => {
  const eight = ['BTC/USD', 'ETH/USD', 'ETH/BTC', 'AAPL', 'MSFT', 'NVDA', 'EUR/USD', 'XAU/USD'];
  const shardsOf = (environment: Record<string, string>) => {
    const configuration = readConfiguration(environment);
    const symbolsNow = symbolsOfFeeds(configuration, aLogger().logger, 0).get('twelve-data');
    return symbolsOfShards(symbolsNow ?? (() => []), configuration.TWELVE_DATA_SHARDS);
  };
  const listed = (parts: readonly (() => readonly string[])[]) => parts.map(part => part());

  it('are all of them, each once, and each where it was when others come and go', async () => {
    const before = listed(shardsOf({ SYMBOLS: eight.join(','), TWELVE_DATA_SHARDS: '3' }));
    expect(before).toEqual([
      ['AAPL', 'MSFT'],
      ['BTC/USD', 'ETH/BTC', 'EUR/USD'],
      ['ETH/USD', 'NVDA', 'XAU/USD'],
    ]);
    const after = listed(shardsOf({ SYMBOLS: [...eight.slice(2), 'GOOG', 'AMZN:NASDAQ'].join(','), TWELVE_DATA_SHARDS: '3' }));
    for (const [shard, symbols] of after.entries()) {
      for (const symbol of symbols) if (eight.includes(symbol)) expect(before[shard]).toContain(symbol);
    }
    expect(after.flat().toSorted()).toEqual([...eight.slice(2), 'GOOG', 'AMZN:NASDAQ'].toSorted());
  });

  it('change only in the shard whose symbols changed', async () => {
    await put(eight.join('\n'));
    const parts = shardsOf({ SYMBOLS_FILE: path, TWELVE_DATA_SHARDS: '3' });
    const before = listed(parts);
    await put(eight.filter(symbol => symbol !== 'AAPL').join('\n'));
    const after = listed(parts);
    expect(after[0]).toEqual(['MSFT']);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).toBe(before[2]);
  });

  it('are refused when a shard would have none, or another feed has one of them', async () => {
    expect(() => shardsOf({ SYMBOLS: 'BTC/USD,AAPL', TWELVE_DATA_SHARDS: '3' })).toThrow(
      '3 shards need a symbol each, but only 2 of them have one of these 2 symbols: set TWELVE_DATA_SHARDS to 1, or add symbols',
    );
    await put('AAPL\nMSFT');
    const finnhub = { FEEDS: 'twelve-data,finnhub', FINNHUB_API_KEY: 'k', FINNHUB_SYMBOLS: 'AAPL' };
    expect(() => shardsOf({ ...finnhub, SYMBOLS_FILE: path })).toThrow('AAPL is in the list of finnhub already');
  });
});

describe('the symbols of several feeds', () => {
  const own = { FEEDS: 'twelve-data,finnhub,yahoo', FINNHUB_API_KEY: 'k', SYMBOLS: 'BTC/USD,RY:TSX' };
  const files = () => ({ FINNHUB_SYMBOLS_FILE: join(folder, 'finnhub.txt'), YAHOO_SYMBOLS_FILE: join(folder, 'yahoo.txt') });
  const putList = (feed: SymbolFeed, text: string) => writeFile(join(folder, `${feed}.txt`), text);
  function openFeeds(environment: Record<string, string> = {}) {
    const { logger, lines } = aLogger();
    const lists = symbolsOfFeeds(readConfiguration({ ...own, ...files(), ...environment }), logger, 0);
    return { listOf: (feed: SymbolFeed) => lists.get(feed)?.(), lines };
  }

  it('are each of its own setting or file, spelt in its own way', async () => {
    await putList('finnhub', 'BINANCE:BTCUSDT\nBINANCE:ETHUSDT');
    await putList('yahoo', 'EURUSD=X');
    const { listOf } = openFeeds();
    expect([listOf('twelve-data'), listOf('finnhub'), listOf('yahoo')]).toEqual([
      ['BTC/USD', 'RY:TSX'],
      ['BINANCE:BTCUSDT', 'BINANCE:ETHUSDT'],
      ['EURUSD=X'],
    ]);
    await putList('finnhub', 'BINANCE:BTCUSDT');
    expect([listOf('finnhub'), listOf('yahoo')]).toEqual([['BINANCE:BTCUSDT'], ['EURUSD=X']]);
  });

  it('are refused at the start when another feed has one of them, in its setting or in its file', async () => {
    await putList('finnhub', 'AAPL');
    await putList('yahoo', 'MSFT\nAAPL');
    expect(() => openFeeds()).toThrow(
      /^YAHOO_SYMBOLS_FILE must be a file with a list of symbols, was ".*yahoo.txt" \(AAPL is in the list of finnhub already/,
    );
    await putList('yahoo', 'RY');
    expect(() => openFeeds()).toThrow('RY is in the list of twelve-data already');
    await putList('yahoo', '');
    expect(() => openFeeds()).toThrow('it names no symbol');
  });

  it('hand a symbol over from one file to another, whichever is looked at first', async () => {
    await putList('finnhub', 'AAPL\nMSFT');
    await putList('yahoo', 'EURUSD=X');
    const { listOf, lines } = openFeeds();
    await putList('finnhub', 'AAPL');
    await putList('yahoo', 'EURUSD=X\nMSFT');
    expect([listOf('yahoo'), listOf('yahoo')]).toEqual([['EURUSD=X'], ['EURUSD=X']]);
    expect(lines.map(line => line.msg)).toEqual([
      expect.stringMatching(
        /^YAHOO_SYMBOLS_FILE cannot be used \(MSFT is in the list of finnhub already, but one feed owns a symbol: take it out of one of the lists; .*\): the former list stays in force \(1 symbol\): correct the file$/,
      ),
    ]);
    expect(listOf('finnhub')).toEqual(['AAPL']);
    expect(listOf('yahoo')).toEqual(['EURUSD=X', 'MSFT']);
  });

  it('are refused in both files where two feeds swap them at once, with what to do instead', async () => {
    await putList('finnhub', 'AAPL\nMSFT');
    await putList('yahoo', 'EURUSD=X');
    const { listOf, lines } = openFeeds();
    await putList('finnhub', 'AAPL\nEURUSD=X');
    await putList('yahoo', 'MSFT');
    const both = () => [listOf('finnhub'), listOf('yahoo')];
    expect(both()).toEqual([['AAPL', 'MSFT'], ['EURUSD=X']]);
    expect(both()).toEqual([['AAPL', 'MSFT'], ['EURUSD=X']]);
    const remedy = 'to swap symbols take those of one feed out first, and put the others in when that is in force';
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringContaining(
        `EURUSD=X is in the list of yahoo already, but one feed owns a symbol: take it out of one of the lists; ${remedy}`,
      ),
      expect.stringContaining(
        `MSFT is in the list of finnhub already, but one feed owns a symbol: take it out of one of the lists; ${remedy}`,
      ),
    ]);
    await putList('finnhub', 'AAPL');
    expect(both()).toEqual([['AAPL'], ['MSFT']]);
    await putList('finnhub', 'AAPL\nEURUSD=X');
    expect(both()).toEqual([['AAPL', 'EURUSD=X'], ['MSFT']]);
  });
});
