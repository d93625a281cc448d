/** The search field in the head: asks the server while one types, and opens what is chosen. */
import { ask, type Instrument } from './market-api.ts';
import { made, place } from './page-elements.ts';

const waitMs = 120;
const mostResults = 12;

export interface SymbolSearchOptions {
  readonly chosen: (symbol: string) => void;
  readonly isWatched: (symbol: string) => boolean;
}

export class SymbolSearch {
  readonly #input: HTMLInputElement;
  readonly #list = place('search-results');
  readonly #options: SymbolSearchOptions;
  #results: readonly Instrument[] = [];
  #active = -1;
  /** The results are of another text than the one in the field. */
  #isBehind = false;
  /** The first result of what was typed is chosen as soon as it is there. */
  #isEntered = false;
  #asking = new AbortController();

  constructor(options: SymbolSearchOptions) {
    const input = place('search');
    if (!(input instanceof HTMLInputElement)) throw new Error('#search is no input');
    this.#input = input;
    this.#options = options;
    input.addEventListener('input', () => this.#ask(waitMs));
    input.addEventListener('focus', () => this.#ask(0));
    input.addEventListener('blur', () => this.#close());
    input.addEventListener('keydown', event => this.#key(event));
    // The field keeps the focus while the pointer chooses.
    this.#list.addEventListener('pointerdown', event => event.preventDefault());
    this.#list.addEventListener('click', event => this.#click(event));
  }

  /** Puts the focus into the field, with what stands in it selected. */
  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #ask(delayMs: number): void {
    this.#isBehind = true;
    this.#isEntered = false;
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    setTimeout(() => {
      if (!asking.signal.aborted) void this.#find(this.#input.value.trim(), asking.signal);
    }, delayMs);
  }

  async #find(text: string, signal: AbortSignal): Promise<void> {
    try {
      const query = { limit: mostResults, ...(text === '' ? {} : { search: text }) };
      const results = await ask('instruments', query, signal);
      if (signal.aborted) return;
      this.#show(results, `No symbol matches “${text}”`);
      this.#isBehind = false;
      if (this.#isEntered) this.#choose(results[0]);
    } catch (error) {
      if (!signal.aborted) this.#show([], `The search failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #show(results: readonly Instrument[], otherwise: string): void {
    this.#results = results;
    this.#list.replaceChildren(...results.map((result, index) => this.#itemOf(result, index)));
    this.#list.hidden = results.length === 0;
    const none = place('search-none');
    none.hidden = results.length > 0;
    none.textContent = results.length > 0 ? '' : otherwise;
    this.#input.setAttribute('aria-expanded', String(results.length > 0));
    this.#mark(results.length > 0 ? 0 : -1);
  }

  #itemOf({ symbol, name, exchange, type }: Instrument, index: number): HTMLElement {
    const item = made('div', 'result');
    item.id = `search-result-${index}`;
    item.setAttribute('role', 'option');
    const watched = made('span', 'watched', this.#options.isWatched(symbol) ? '★' : '');
    watched.setAttribute('aria-hidden', 'true');
    const origin = [exchange, type].filter(text => text !== undefined && text !== '').join(' · ');
    item.append(watched, made('b', '', symbol), ' ', made('span', 'name', name ?? ''), ' ', made('span', 'quiet', origin));
    return item;
  }

  #mark(index: number): void {
    this.#active = index;
    for (const [at, item] of [...this.#list.children].entries()) {
      item.setAttribute('aria-selected', String(at === index));
      if (at === index) item.scrollIntoView({ block: 'nearest' });
    }
    if (index < 0) this.#input.removeAttribute('aria-activedescendant');
    else this.#input.setAttribute('aria-activedescendant', `search-result-${index}`);
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const count = this.#results.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      if (count > 0) this.#mark((this.#active + step + count) % count);
    } else if (event.key === 'Enter') this.#enter();
    else if (event.key === 'Escape') this.#leave();
    else return;
    event.preventDefault();
  }

  #enter(): void {
    if (this.#isBehind) this.#isEntered = true;
    else this.#choose(this.#results[this.#active]);
  }

  #click(event: Event): void {
    const item = event.target instanceof Element ? event.target.closest('.result') : null;
    if (item !== null) this.#choose(this.#results[[...this.#list.children].indexOf(item)]);
  }

  #choose(result: Instrument | undefined): void {
    if (result === undefined) return;
    this.#leave();
    this.#options.chosen(result.symbol);
  }

  #leave(): void {
    this.#input.value = '';
    this.#input.blur();
  }

  #close(): void {
    this.#asking.abort();
    this.#results = [];
    this.#list.hidden = true;
    place('search-none').hidden = true;
    this.#input.setAttribute('aria-expanded', 'false');
    this.#mark(-1);
  }
}
