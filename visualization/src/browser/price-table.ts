/** The table of symbols whose prices move. A click or the keyboard chooses one. */
import type { BoardRow } from '../board-messages.ts';
import { age, direction, fixed, type PriceDecimals, percent, volume } from './number-format.ts';
import { made, place, write } from './page-elements.ts';

interface Line {
  readonly row: HTMLElement;
  readonly cells: Readonly<Record<'last' | 'change' | 'bid' | 'ask' | 'spread' | 'volume' | 'age', HTMLElement>>;
  price: number | undefined;
  timeMs: number;
}

export class PriceTable {
  readonly #body: HTMLElement;
  readonly #lines = new Map<string, Line>();
  readonly #decimals: PriceDecimals;
  readonly #select: (symbol: string) => void;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #selected: string | undefined;

  constructor(decimals: PriceDecimals, select: (symbol: string) => void) {
    const body = place('prices').querySelector('tbody');
    if (body === null) throw new Error('the price table has no body');
    this.#body = body;
    this.#decimals = decimals;
    this.#select = select;
    body.addEventListener('click', event => this.#chosen(event.target));
    body.addEventListener('keydown', event => this.#key(event));
  }

  /** The first symbol of the table. */
  get first(): string | undefined {
    return this.#symbols()[0];
  }

  /** Writes changed rows; a moved price flashes. */
  show(rows: readonly BoardRow[], nowMs: number): void {
    for (const row of rows) this.#write(this.#lines.get(row.symbol) ?? this.#add(row.symbol), row, nowMs);
    place('no-prices').hidden = this.#lines.size > 0;
  }

  /** Writes the ages anew. */
  tick(nowMs: number): void {
    for (const line of this.#lines.values()) write(line.cells.age, age(nowMs - line.timeMs));
  }

  /** Marks the chosen symbol. */
  mark(symbol: string): void {
    this.#selected = symbol;
    const stop = this.#lines.has(symbol) ? symbol : this.first;
    for (const [name, { row }] of this.#lines) {
      row.setAttribute('aria-selected', String(name === symbol));
      row.tabIndex = name === stop ? 0 : -1;
    }
  }

  #write(line: Line, row: BoardRow, nowMs: number): void {
    const { cells } = line;
    const decimals = this.#decimals.of(row.symbol, row.price, row.bid, row.ask);
    const { bid, ask, dayOpen, dayVolume } = row;
    write(cells.last, fixed(row.price, decimals));
    const change = dayOpen === undefined ? undefined : row.price / dayOpen - 1;
    write(cells.change, change === undefined ? '–' : percent(change));
    cells.change.classList.toggle('up', direction(change) === 'up');
    cells.change.classList.toggle('down', direction(change) === 'down');
    write(cells.bid, bid === undefined ? '–' : fixed(bid, decimals));
    write(cells.ask, ask === undefined ? '–' : fixed(ask, decimals));
    write(cells.spread, bid === undefined || ask === undefined ? '–' : fixed(ask - bid, decimals));
    write(cells.volume, dayVolume === undefined ? '–' : volume(dayVolume));
    write(cells.age, age(nowMs - row.timeMs));
    if (line.price !== undefined && line.price !== row.price) this.#flash(cells.last, row.price > line.price ? 'up' : 'down');
    line.price = row.price;
    line.timeMs = row.timeMs;
  }

  #flash(cell: HTMLElement, way: 'up' | 'down'): void {
    cell.classList.toggle('up', way === 'up');
    cell.classList.toggle('down', way === 'down');
    if (this.#still.matches) return;
    for (const animation of cell.getAnimations()) animation.cancel();
    cell.animate({ backgroundColor: [`var(--flash-${way})`, 'transparent'] }, { duration: 700, easing: 'ease-out' });
  }

  #add(symbol: string): Line {
    const row = made('tr', '');
    row.dataset.symbol = symbol;
    const name = made('td', 'text', symbol);
    name.title = symbol;
    const cells = {
      last: made('td', 'last'),
      change: made('td', 'change'),
      bid: made('td', 'wide'),
      ask: made('td', 'wide'),
      spread: made('td', 'wide quiet'),
      volume: made('td', 'wide quiet'),
      age: made('td', 'age'),
    };
    row.append(name, ...Object.values(cells));
    const line: Line = { row, cells, price: undefined, timeMs: 0 };
    this.#lines.set(symbol, line);
    const next = this.#symbols().find(other => other > symbol);
    this.#body.insertBefore(row, next === undefined ? null : (this.#lines.get(next)?.row ?? null));
    this.mark(this.#selected ?? symbol);
    return line;
  }

  #key(event: KeyboardEvent): void {
    const row = rowOf(event.target);
    if (row === undefined) return;
    const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (next instanceof HTMLElement) {
      next.focus();
      this.#chosen(next);
    } else if (event.key === 'Enter' || event.key === ' ') this.#chosen(row);
    else return;
    event.preventDefault();
  }

  #chosen(target: EventTarget | null): void {
    const symbol = rowOf(target)?.dataset.symbol;
    if (symbol !== undefined) this.#select(symbol);
  }

  #symbols(): readonly string[] {
    return [...this.#lines.keys()].sort();
  }
}

function rowOf(target: EventTarget | null): HTMLElement | undefined {
  const row = target instanceof Element ? target.closest('tr') : null;
  return row ?? undefined;
}
