/** What the address of the page names: `#symbol=BTC%2FUSD&interval=1m`. */
import type { Interval } from '@tapeline/core/intervals';

export interface BoardLink {
  readonly symbol?: string;
  /** As it was written: whether the server makes bars of it is not known here. */
  readonly interval?: string;
}

/** Reads an address; the hash counts before the query, which links of mails and dashboards may use. */
export function readLink(address: { readonly hash: string; readonly search: string }): BoardLink {
  const places = [new URLSearchParams(address.hash.replace(/^#/, '')), new URLSearchParams(address.search)];
  const named = (name: string) => places.map(place => place.get(name)).find(value => value !== null && value !== '');
  const [symbol, interval] = [named('symbol'), named('interval')];
  return { ...(symbol == null ? {} : { symbol: symbol.slice(0, 64) }), ...(interval == null ? {} : { interval }) };
}

/** The hash that opens a symbol and an interval. */
export function linkTo(symbol: string, interval: Interval): string {
  return `#${new URLSearchParams({ symbol, interval })}`;
}
