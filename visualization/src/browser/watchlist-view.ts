/** The table of the watched symbols whose prices move: chosen, ordered and thinned out by the pointer and by the keyboard. */
import type { BoardRow } from '../board-messages.ts';
import type { PriceDecimals } from './number-format.ts';
import { place } from './page-elements.ts';
import { PriceRow } from './price-row.ts';
import { dragRows } from './row-drag.ts';
import { neighbourOf } from './watchlist.ts';

export interface WatchlistEvents {
  readonly chosen: (symbol: string) => void;
  readonly removed: (symbol: string) => void;
  /** Shall stand at `place`, counted without it. */
  readonly moved: (symbol: string, place: number) => void;
}

export class WatchlistView {
  readonly #body: HTMLElement;
  readonly #rows = new Map<string, PriceRow>();
  readonly #decimals: PriceDecimals;
  readonly #events: WatchlistEvents;
  #symbols: readonly string[] = [];
  #nowMs = 0;
  readonly #sight = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) this.#rows.get(symbolOf(target) ?? '')?.see(isIntersecting, this.#nowMs);
  });
  #selected: string | undefined;
  #marked: PriceRow | undefined;

  constructor(decimals: PriceDecimals, events: WatchlistEvents) {
    const table = place('prices');
    // Its rows are chosen by keys, which a plain table does not say.
    table.setAttribute('role', 'grid');
    const body = table.querySelector('tbody');
    if (body === null) throw new Error('the watchlist has no body');
    this.#body = body;
    this.#decimals = decimals;
    this.#events = events;
    body.addEventListener('click', event => this.#click(event));
    body.addEventListener('keydown', event => this.#key(event));
    dragRows(body, (symbol, at) => events.moved(symbol, at));
  }

  /** Shows these symbols in this order. */
  list(symbols: readonly string[]): void {
    const hadFocus = symbolOf(document.activeElement);
    this.#symbols = symbols;
    for (const [symbol, { element }] of this.#rows) {
      if (symbols.includes(symbol)) continue;
      this.#sight.unobserve(element);
      element.remove();
      this.#rows.delete(symbol);
    }
    for (const [index, symbol] of symbols.entries()) {
      const row = this.#rows.get(symbol) ?? this.#added(symbol);
      if (this.#body.children[index] !== row.element) this.#body.insertBefore(row.element, this.#body.children[index] ?? null);
    }
    place('no-prices').hidden = symbols.length > 0;
    this.mark(this.#selected);
    // A row that is moved in the page loses the focus.
    if (hadFocus !== undefined) this.#rows.get(hadFocus)?.element.focus();
  }

  /** Writes changed rows that are in sight; a moved price flashes. */
  show(rows: readonly BoardRow[], nowMs: number): void {
    this.#nowMs = nowMs;
    for (const row of rows) this.#rows.get(row.symbol)?.show(row, nowMs);
  }

  /** Writes the ages anew, and the rows that are out of sight: a screen reader comes there, too. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  /** Marks the symbol that the chart shows; one that is not in the list marks none. */
  mark(symbol: string | undefined): void {
    this.#selected = symbol;
    const stop = symbol !== undefined && this.#rows.has(symbol) ? symbol : this.#symbols[0];
    for (const [name, row] of this.#rows) row.mark({ isSelected: name === symbol, isTabStop: name === stop });
    const marked = this.#rows.get(symbol ?? '');
    if (marked !== undefined && marked !== this.#marked) this.#bringIntoSight(marked);
    this.#marked = marked;
  }

  /** Puts the focus on the marked row. */
  focus(): void {
    const row = this.#body.querySelector('tr[tabindex="0"]');
    if (row instanceof HTMLElement) row.focus();
  }

  /** Scrolls the panel, where it does, and never the page: on a phone the chart stands above the list. */
  #bringIntoSight({ element }: PriceRow): void {
    const panel = this.#body.closest('.scroll');
    const head = this.#body.previousElementSibling;
    if (panel === null || head === null) return;
    const [row, box] = [element.getBoundingClientRect(), panel.getBoundingClientRect()];
    const top = box.top + head.clientHeight;
    if (row.top < top) panel.scrollTop -= top - row.top;
    else if (row.bottom > box.bottom) panel.scrollTop += row.bottom - box.bottom;
  }

  #added(symbol: string): PriceRow {
    const row = new PriceRow(symbol, this.#decimals);
    this.#rows.set(symbol, row);
    this.#sight.observe(row.element);
    return row;
  }

  #click(event: Event): void {
    const symbol = symbolOf(event.target);
    if (symbol === undefined) return;
    const part = event.target instanceof Element ? event.target.closest('button.remove, .grip') : null;
    if (part === null) this.#events.chosen(symbol);
    else if (part instanceof HTMLButtonElement) this.#events.removed(symbol);
  }

  #key(event: KeyboardEvent): void {
    const symbol = symbolOf(event.target);
    if (symbol === undefined || event.ctrlKey || event.metaKey) return;
    const at = this.#symbols.indexOf(symbol);
    if (event.altKey) {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by === undefined) return;
      this.#events.moved(symbol, at + by);
    } else if (event.key === 'Delete') {
      const next = neighbourOf(this.#symbols, symbol);
      this.#events.removed(symbol);
      if (next !== undefined) this.#rows.get(next)?.element.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (event.target instanceof HTMLButtonElement) return;
      this.#events.chosen(symbol);
    } else if (!this.#go({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.#symbols.length - 1 }[event.key])) return;
    event.preventDefault();
  }

  #go(index: number | undefined): boolean {
    const symbol = index === undefined ? undefined : this.#symbols[index];
    if (symbol === undefined) return false;
    this.#events.chosen(symbol);
    this.#rows.get(symbol)?.element.focus();
    return true;
  }
}

/** The symbol of the row that an element is in. */
function symbolOf(target: EventTarget | null): string | undefined {
  const row = target instanceof Element ? target.closest('tr[data-symbol]') : null;
  return row instanceof HTMLElement ? row.dataset.symbol : undefined;
}
