/** The symbols of each shard of the feed twelve-data: of SYMBOLS, or of a file that may change. */
import type { Configuration } from '@tapeline/core/configuration';
import { nameInPrices, shardFault, shardOf } from '@tapeline/core/shards';
import type { Logger } from 'pino';
import { SymbolsFile } from './symbols-file.ts';

/**
 * What gives the symbols of the feed twelve-data now, the same array until they change.
 * @param lookEveryMs as in {@link SymbolsFile}
 * @throws PipelineError `configuration.invalid` for a SYMBOLS_FILE that cannot be used.
 */
export function configuredSymbols(configuration: Configuration, logger: Logger, lookEveryMs?: number): () => readonly string[] {
  const { SYMBOLS, SYMBOLS_FILE: path } = configuration;
  if (path === undefined) return () => SYMBOLS;
  const file = new SymbolsFile({ path, logger, lookEveryMs, faultOf: symbols => faultOf(symbols, configuration) });
  return () => file.symbols();
}

/** The same for each shard. */
export function symbolsOfShards(configuration: Configuration, logger: Logger, lookEveryMs?: number): readonly (() => readonly string[])[] {
  const { TWELVE_DATA_SHARDS: shards } = configuration;
  const symbolsNow = configuredSymbols(configuration, logger, lookEveryMs);
  return Array.from({ length: shards }, (_, shard) =>
    partOf(symbolsNow, symbols => symbols.filter(each => shardOf(each, shards) === shard)),
  );
}

/** Parted anew only when the whole has changed. */
function partOf(symbolsNow: () => readonly string[], part: (symbols: readonly string[]) => readonly string[]): () => readonly string[] {
  let whole = symbolsNow();
  let own = part(whole);
  return () => {
    const now = symbolsNow();
    if (now === whole) return own;
    whole = now;
    const next = part(now);
    if (next.join('\n') !== own.join('\n')) own = next;
    return own;
  };
}

/** What a file must not say besides being a list: symbols of other feeds, and none for a shard. */
function faultOf(symbols: readonly string[], configuration: Configuration): string | undefined {
  const { FEEDS: feeds, FINNHUB_SYMBOLS = [], YAHOO_SYMBOLS = [], TWELVE_DATA_SHARDS: shards } = configuration;
  const others = new Map([
    ...(feeds.includes('finnhub') ? FINNHUB_SYMBOLS.map(symbol => [symbol, 'finnhub'] as const) : []),
    ...(feeds.includes('yahoo') ? YAHOO_SYMBOLS.map(symbol => [symbol, 'yahoo'] as const) : []),
  ]);
  for (const symbol of symbols) {
    const other = others.get(symbol) ?? others.get(nameInPrices(symbol));
    if (other !== undefined) return `${symbol} is asked of ${other} already, but one feed owns a symbol: take it out of one of the lists`;
  }
  return shardFault(symbols, shards);
}
