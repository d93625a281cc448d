/** Which connection of a feed a symbol belongs to, where a feed has several. */
import { partitionOf } from './partitioner.ts';

/** What a symbol is called in prices: the text before a colon, which names an exchange, in capitals. */
export function nameInPrices(symbol: string): string {
  return (symbol.split(':', 1)[0] ?? symbol).toUpperCase();
}

/** The shard of a symbol, from 0; it depends on nothing but its name and the number of shards, so no change of a list moves another symbol. */
export function shardOf(symbol: string, shards: number): number {
  return partitionOf(nameInPrices(symbol), shards);
}

/** What is wrong with a list of symbols for so many shards; `undefined` when nothing is. */
export function shardFault(symbols: readonly string[], shards: number): string | undefined {
  const used = usedShards(symbols, shards);
  if (used === shards) return undefined;
  let fewer = shards - 1;
  while (fewer > 1 && usedShards(symbols, fewer) < fewer) fewer -= 1;
  return `${shards} shards need a symbol each, but only ${used} of them have one of these ${symbols.length} symbols: set TWELVE_DATA_SHARDS to ${fewer}, or add symbols`;
}

function usedShards(symbols: readonly string[], shards: number): number {
  return new Set(symbols.map(symbol => shardOf(symbol, shards))).size;
}
