/** Finds symbols by a part of their symbol or name, for people who type. */
import type { MarketStore } from '@tapeline/database/market-store';
import type { LiveMarket } from '../live-market.ts';
import { type InstrumentFacts, instrumentRow } from './table-rows.ts';

interface Sources {
  readonly market: Pick<LiveMarket, 'symbols'>;
  readonly store: Pick<MarketStore, 'instruments'>;
}

/** One look at the store serves all that is typed in so long. */
const freshMs = 5_000;

export class InstrumentSearch {
  #stored: Promise<readonly InstrumentFacts[]> | undefined;
  #readMs = 0;

  /** All symbols that match, best first, then by symbol; every one for an empty text. */
  async find(text: string, { market, store }: Sources): Promise<readonly InstrumentFacts[]> {
    const rows = new Map<string, InstrumentFacts>(market.symbols().map(symbol => [symbol, { symbol }]));
    for (const facts of await this.#facts(store)) rows.set(facts.symbol, facts);
    const wanted = text.trim().toLowerCase();
    const ranked = [...rows.values()].map(facts => ({ facts, rank: rankOf(facts, wanted) })).filter(({ rank }) => rank < noMatch);
    return ranked.sort((a, b) => a.rank - b.rank || order(a.facts.symbol, b.facts.symbol)).map(({ facts }) => facts);
  }

  #facts(store: Sources['store']): Promise<readonly InstrumentFacts[]> {
    if (this.#stored !== undefined && performance.now() - this.#readMs < freshMs) return this.#stored;
    this.#readMs = performance.now();
    const reading = store.instruments().then(rows => rows.map(({ instrument }) => factsOf(instrument)));
    this.#stored = reading;
    // A failure is for those who wait for it; whoever comes next looks again.
    reading.catch(() => {
      if (this.#stored === reading) this.#stored = undefined;
    });
    return reading;
  }
}

const noMatch = 6;

/** The symbol itself; its begin; a word in it; a word of the name; a part of the symbol; a part of the name. */
function rankOf({ symbol, name = '' }: InstrumentFacts, wanted: string): number {
  if (wanted === '') return 0;
  const [inSymbol, inName] = [symbol.toLowerCase(), name.toLowerCase()];
  if (inSymbol === wanted) return 0;
  if (inSymbol.startsWith(wanted)) return 1;
  if (hasWord(inSymbol, wanted)) return 2;
  if (hasWord(inName, wanted)) return 3;
  if (inSymbol.includes(wanted)) return 4;
  return inName.includes(wanted) ? 5 : noMatch;
}

/** True when a word begins with it. */
function hasWord(text: string, wanted: string): boolean {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return true;
  }
  return false;
}

function factsOf(instrument: object): InstrumentFacts {
  const shown = Object.entries(instrument).filter(([name]) => name in instrumentRow.shape);
  return Object.fromEntries(shown) as InstrumentFacts;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
