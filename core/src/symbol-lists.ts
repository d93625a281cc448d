/** What a list of symbols must be, whether it stands in a setting or in a file. Pure. */
import type { FeedName } from './settings/feed-settings.ts';
import { nameInPrices } from './shards.ts';

/** No record takes a longer one. */
const longestSymbol = 64;

/** What a feed's symbol goes by: as it is spelt, and last as prices call it. */
export function namesOfSymbol(feed: FeedName, symbol: string): readonly string[] {
  return feed === 'twelve-data' ? [symbol, nameInPrices(symbol)] : [symbol];
}

/** What is wrong with a list by itself, with its remedy; `undefined` when nothing is. */
export function symbolListFault(symbols: readonly string[], nameOf: (symbol: string) => string): string | undefined {
  const long = symbols.find(symbol => symbol.length > longestSymbol);
  if (long !== undefined) {
    const limit = `a symbol must have ${longestSymbol} characters at most`;
    return `${limit}, was "${long.slice(0, longestSymbol)}…": separate symbols by commas`;
  }
  const seen = new Map<string, string>();
  for (const symbol of symbols) {
    const twin = seen.get(nameOf(symbol));
    if (twin !== undefined) return `${twin} and ${symbol} would both be called ${nameOf(symbol)} in prices: keep one of them`;
    seen.set(nameOf(symbol), symbol);
  }
  return undefined;
}
