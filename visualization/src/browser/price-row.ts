/** A row of the watchlist: the newest price of a symbol, which flashes when it moves. */
import type { BoardRow } from '../board-messages.ts';
import { age, direction, fixed, type PriceDecimals, percent, volume } from './number-format.ts';
import { made, madeButton, write } from './page-elements.ts';

const still = matchMedia('(prefers-reduced-motion: reduce)');

export class PriceRow {
  readonly element: HTMLElement;
  readonly #decimals: PriceDecimals;
  readonly #cells = {
    last: made('td', 'last', '–'),
    change: made('td', 'change', '–'),
    bid: made('td', 'wide', '–'),
    ask: made('td', 'wide', '–'),
    spread: made('td', 'wide quiet', '–'),
    volume: made('td', 'quiet', '–'),
    age: made('td', 'age', '–'),
  };
  #row: BoardRow | undefined;
  /** What stands in the cells. */
  #written: BoardRow | undefined;
  #flash: Animation | undefined;
  #isSeen = true;

  constructor(symbol: string, decimals: PriceDecimals) {
    this.#decimals = decimals;
    this.element = made('tr', '');
    this.element.dataset.symbol = symbol;
    const name = made('th', 'text', symbol);
    name.setAttribute('scope', 'row');
    name.title = symbol;
    const grip = made('td', 'grip');
    const sign = made('span', '', '⠿');
    sign.title = 'Drag to move (Alt ↑, Alt ↓)';
    // A screen reader would spell it out in each row.
    sign.setAttribute('aria-hidden', 'true');
    grip.append(sign);
    const remove = madeButton('icon remove', '✕', `Remove ${symbol} from the watchlist`);
    remove.tabIndex = -1;
    const last = made('td', 'remove');
    last.append(remove);
    this.element.append(grip, name, ...Object.values(this.#cells), last);
  }

  /** Writes what changed; where nobody sees it, with the next tick. */
  show(row: BoardRow, nowMs: number): void {
    this.#row = row;
    if (this.#isSeen) this.tick(nowMs);
  }

  /** It came into sight or went out of it: two hundred rows that change ten times a second are more than a page can lay out. */
  see(isSeen: boolean, nowMs: number): void {
    if (isSeen) this.tick(nowMs);
    this.#isSeen = isSeen;
  }

  /** Writes what was not written yet, and the age anew. */
  tick(nowMs: number): void {
    if (this.#row === undefined) return;
    if (this.#row !== this.#written) this.#write(this.#row);
    write(this.#cells.age, age(nowMs - this.#row.timeMs));
  }

  mark({ isSelected, isTabStop }: { readonly isSelected: boolean; readonly isTabStop: boolean }): void {
    this.element.setAttribute('aria-selected', String(isSelected));
    this.element.tabIndex = isTabStop ? 0 : -1;
  }

  #write(row: BoardRow): void {
    const before = this.#written;
    this.#written = row;
    const cells = this.#cells;
    const { price, bid, ask, dayOpen, dayVolume } = row;
    const decimals = this.#decimals.of(row.symbol, price, bid, ask);
    const text = (value: number | undefined) => (value === undefined ? '–' : fixed(value, decimals));
    const change = dayOpen === undefined ? undefined : price / dayOpen - 1;
    write(cells.last, text(price));
    write(cells.change, change === undefined ? '–' : percent(change));
    color(cells.change, direction(change));
    write(cells.bid, text(bid));
    write(cells.ask, text(ask));
    write(cells.spread, text(bid === undefined || ask === undefined ? undefined : ask - bid));
    write(cells.volume, dayVolume === undefined ? '–' : volume(dayVolume));
    if (before === undefined || before.price === price) return;
    const way = price > before.price ? 'up' : 'down';
    color(cells.last, way);
    if (this.#isSeen) this.#flashUp(way);
  }

  #flashUp(way: 'up' | 'down'): void {
    if (still.matches) return;
    this.#flash?.cancel();
    // The figures are in the colour of text while the ground is coloured, so that they can be read at every moment.
    const keyframes = { backgroundColor: [`var(--flash-${way})`, 'transparent'], color: ['var(--text)', `var(--${way})`] };
    this.#flash = this.#cells.last.animate(keyframes, { duration: 700, easing: 'ease-out' });
  }
}

function color(cell: HTMLElement, way: 'up' | 'down' | undefined): void {
  cell.classList.toggle('up', way === 'up');
  cell.classList.toggle('down', way === 'down');
}
