/** Symbols that a command was asked for, held against those that the store knows: a misspelt one would look like a market without trades. */
import { usageError } from '@tapeline/core/errors';
import type { MarketStore } from '@tapeline/database/market-store';

/**
 * Tells of each symbol that the store does not know.
 * @throws PipelineError `usage` with all of it when it knows none.
 */
export async function checkAsked(
  symbols: readonly string[] | undefined,
  store: Pick<MarketStore, 'latest' | 'instruments'>,
  tell: (line: string) => void,
): Promise<void> {
  if (symbols === undefined) return;
  const [latest, instruments] = await Promise.all([store.latest(), store.instruments()]);
  const known = new Set([...latest.map(({ symbol }) => symbol), ...instruments.map(({ instrument }) => instrument.symbol)]);
  const faults = symbols.filter(symbol => !known.has(symbol)).map(symbol => faultOf(symbol, known));
  if (faults.length > 0 && faults.length === symbols.length) throw usageError(faults.join('\n'));
  for (const fault of faults) tell(fault);
}

function faultOf(symbol: string, known: ReadonlySet<string>): string {
  const like = [...known].filter(other => lettersOf(other) === lettersOf(symbol));
  const remedy =
    like.length > 0 ? `did you mean ${like.join(' or ')}?` : 'symbols are as the vendor spells them; without --symbol all are taken';
  return `nothing is stored of ${symbol}: ${remedy}`;
}

/** What is left of BTC/USD, btc-usd and BTCUSD. */
function lettersOf(symbol: string): string {
  return symbol.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}
