/** The list of symbols that a reader watches: what may be done with it, without a page. */

/** As many as a page shows in time beside others on a busy machine; the server's own bound may be lower. */
export const mostWatched = 200;

/** With a symbol at its end; as it was when the symbol is there or the list is full. */
export function withSymbol(list: readonly string[], symbol: string, most = mostWatched): readonly string[] {
  return list.includes(symbol) || list.length >= most ? list : [...list, symbol];
}

/** Without a symbol. */
export function withoutSymbol(list: readonly string[], symbol: string): readonly string[] {
  return list.filter(other => other !== symbol);
}

/** With a symbol at another place, counted in the list without it; a place beyond an end is that end. */
export function withMoved(list: readonly string[], symbol: string, place: number): readonly string[] {
  if (!list.includes(symbol)) return list;
  const others = withoutSymbol(list, symbol);
  const at = Math.max(0, Math.min(place, others.length));
  return [...others.slice(0, at), symbol, ...others.slice(at)];
}

/** What to choose once `symbol` leaves the list: the one after it, else the one before. */
export function neighbourOf(list: readonly string[], symbol: string): string | undefined {
  const at = list.indexOf(symbol);
  return at < 0 ? undefined : (list[at + 1] ?? list[at - 1]);
}

/** A list as it was kept; `undefined` where there is none that can be read. */
export function readWatchlist(text: string | undefined): readonly string[] | undefined {
  const found = text === undefined ? undefined : parsed(text);
  if (!Array.isArray(found)) return undefined;
  const symbols = found.filter(symbol => typeof symbol === 'string' && symbol !== '' && symbol.length <= 64);
  return [...new Set<string>(symbols)].slice(0, mostWatched);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
