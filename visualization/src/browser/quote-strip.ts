/** The chosen symbol's numbers above its chart. */
import type { BoardRow } from '../board-messages.ts';
import { direction, fixed, type PriceDecimals, percent, volume } from './number-format.ts';
import { made, place, write } from './page-elements.ts';

/** Writes a row of the watchlist large; without one, its name alone. */
export function showQuote(symbol: string, row: BoardRow | undefined, decimals: PriceDecimals): void {
  write(place('quote-symbol'), symbol);
  if (row === undefined) {
    write(place('quote-last'), '');
    write(place('quote-change'), '');
    place('quote-details').replaceChildren();
    return;
  }
  const digits = decimals.of(symbol, row.price, row.bid, row.ask);
  write(place('quote-last'), fixed(row.price, digits));
  const change = row.dayOpen === undefined ? undefined : row.price / row.dayOpen - 1;
  const changed = place('quote-change');
  write(changed, change === undefined ? '' : `${percent(change)} %`);
  changed.classList.toggle('up', direction(change) === 'up');
  changed.classList.toggle('down', direction(change) === 'down');
  const { bid, ask, dayOpen, dayVolume } = row;
  const price = (value: number | undefined) => (value === undefined ? '–' : fixed(value, digits));
  const details = [
    ['Bid', price(bid)],
    ['Ask', price(ask)],
    ['Spread', price(bid === undefined || ask === undefined ? undefined : ask - bid)],
    ['Day open', price(dayOpen)],
    ['Day vol', dayVolume === undefined ? '–' : volume(dayVolume)],
  ].map(([name, text]) => {
    const pair = made('div', '');
    pair.append(made('dt', '', name), made('dd', '', text));
    return pair;
  });
  place('quote-details').replaceChildren(...details);
}

/** Writes what the instrument is called, where that is known. */
export function showTitle(name: string | undefined): void {
  write(place('quote-title'), name ?? '');
}

/** Shows whether the symbol is in the watchlist, on the button that puts it there or takes it off; @param fullText why it cannot, else empty */
export function showStar(symbol: string, isWatched: boolean, fullText: string): void {
  const star = place('watch');
  star.hidden = false;
  star.setAttribute('aria-pressed', String(isWatched));
  star.setAttribute('aria-label', `${symbol} in the watchlist`);
  star.title = isWatched ? 'Remove from the watchlist' : fullText || 'Add to the watchlist';
  write(place('watch-note'), isWatched ? '' : fullText);
  write(star, isWatched ? '★' : '☆');
}
