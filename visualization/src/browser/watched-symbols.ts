/** The watchlist as it stands: the kept one, or until the reader changes it the first symbols that the server knows. */
import type { KeptChoices } from './kept-choices.ts';
import { ask } from './market-api.ts';
import { announce } from './page-elements.ts';
import { mostWatched, withMoved, withoutSymbol, withSymbol } from './watchlist.ts';

const firstSymbols = 20;
const pollMs = 3_000;

export class WatchedSymbols {
  readonly #kept: KeptChoices;
  readonly #changed: (symbols: readonly string[]) => void;
  #symbols: readonly string[];
  /** The server may allow fewer. */
  #most = mostWatched;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed told the whole list after each change */
  constructor(kept: KeptChoices, changed: (symbols: readonly string[]) => void) {
    this.#kept = kept;
    this.#changed = changed;
    this.#symbols = kept.watchlist ?? [];
    if (kept.watchlist === undefined) void this.#askFirst();
    window.addEventListener('storage', event => {
      if (kept.takeOver(event)) this.#set(kept.watchlist ?? []);
    });
  }

  get symbols(): readonly string[] {
    return this.#symbols;
  }

  /** Why no other symbol can be added; empty when one can. */
  get fullText(): string {
    return this.#symbols.length < this.#most ? '' : `The watchlist is full: ${this.#most} symbols`;
  }

  has(symbol: string): boolean {
    return this.#symbols.includes(symbol);
  }

  /** The server is there and says how many symbols it lets one watch, the chart's among them. */
  begin(most: number): void {
    this.#most = Math.min(most - 1, mostWatched);
    this.#set(this.#symbols.slice(0, this.#most));
  }

  add(symbol: string): void {
    if (this.has(symbol)) return;
    const symbols = withSymbol(this.#symbols, symbol, this.#most);
    announce(symbols === this.#symbols ? this.fullText : `${symbol} added to the watchlist`);
    this.#keep(symbols);
  }

  remove(symbol: string): void {
    this.#keep(withoutSymbol(this.#symbols, symbol));
    announce(`${symbol} removed from the watchlist`);
  }

  move(symbol: string, place: number): void {
    this.#keep(withMoved(this.#symbols, symbol, place));
    announce(`${symbol} is number ${this.#symbols.indexOf(symbol) + 1} of ${this.#symbols.length}`);
  }

  #keep(symbols: readonly string[]): void {
    clearTimeout(this.#timer);
    this.#kept.keepWatchlist(symbols);
    this.#set(symbols);
  }

  #set(symbols: readonly string[]): void {
    this.#symbols = symbols;
    this.#changed(symbols);
  }

  /** Right after a start the server knows few symbols yet, or none. */
  async #askFirst(): Promise<void> {
    try {
      const instruments = await ask('instruments', { limit: firstSymbols }, AbortSignal.timeout(pollMs));
      const symbols = instruments.map(({ symbol }) => symbol).slice(0, this.#most);
      if (this.#kept.watchlist !== undefined) return;
      if (symbols.join('\n') !== this.#symbols.join('\n')) this.#set(symbols);
      if (symbols.length >= firstSymbols) return;
    } catch {
      // Asked again below; the notices say what is wrong.
    }
    this.#timer = setTimeout(() => void this.#askFirst(), pollMs);
  }
}
