/** What the browser keeps between visits: the watchlist, the indicators and the theme. */
import { type IndicatorName, readIndicators } from './indicator-choices.ts';
import { readWatchlist } from './watchlist.ts';

export type Theme = 'system' | 'light' | 'dark';

const keys = { watchlist: 'tapeline.watchlist', indicators: 'tapeline.indicators', theme: 'tapeline.theme' } as const;

/** Lets nothing fail where the browser keeps nothing (a private window, a full store): the choice lasts as long as the page then. */
export class KeptChoices {
  readonly #storage: () => Pick<Storage, 'getItem' | 'setItem'>;
  readonly #chosen = new Map<string, string>();

  /** @param storage a browser may refuse even to name it */
  constructor(storage: () => Pick<Storage, 'getItem' | 'setItem'>) {
    this.#storage = storage;
  }

  /** `undefined` until the reader has changed the first one. */
  get watchlist(): readonly string[] | undefined {
    return readWatchlist(this.#read(keys.watchlist));
  }

  keepWatchlist(symbols: readonly string[]): void {
    this.#write(keys.watchlist, JSON.stringify(symbols));
  }

  get indicators(): readonly IndicatorName[] {
    return readIndicators(this.#read(keys.indicators));
  }

  keepIndicators(names: readonly IndicatorName[]): void {
    this.#write(keys.indicators, names.join());
  }

  get theme(): Theme {
    const text = this.#read(keys.theme);
    return text === 'light' || text === 'dark' ? text : 'system';
  }

  keepTheme(theme: Theme): void {
    this.#write(keys.theme, theme);
  }

  /** Takes in what another window kept. @returns whether it was the watchlist */
  takeOver({ key }: { readonly key: string | null }): boolean {
    if (key !== null) this.#chosen.delete(key);
    return key === keys.watchlist;
  }

  #read(key: string): string | undefined {
    try {
      return this.#chosen.get(key) ?? this.#storage().getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  }

  #write(key: string, text: string): void {
    this.#chosen.set(key, text);
    try {
      this.#storage().setItem(key, text);
    } catch {
      // Kept for as long as the page is open.
    }
  }
}
