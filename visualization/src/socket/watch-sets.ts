/** Which rows clients want: equal lists are one set, so that clients of the same list share their frames. */
import { createHash } from 'node:crypto';
import type { RowTable } from './row-table.ts';
import type { Span } from './update-bytes.ts';

/** The rows of one list of symbols. */
export interface WatchSet {
  readonly key: string;
  /** A bit for the number of each row. */
  bits: Uint32Array;
  /** Numbers in the order in which they became known. */
  readonly numbers: number[];
  /** Symbols that have no price yet. */
  readonly waiting: ReadonlySet<string>;
  clients: number;
  /** The turn in which its clients are told, unless it is full. */
  home: number | undefined;
  /** The frame that was made last, for those who are told the same in the same turn. */
  shared: { readonly epoch: number; readonly span: Span | undefined } | undefined;
}

export class WatchSets {
  readonly #table: RowTable;
  readonly #sets = new Map<string, WatchSet>();
  /** Who waits for a symbol's first price. */
  readonly #waiting = new Map<string, Set<WatchSet>>();

  constructor(table: RowTable) {
    this.#table = table;
  }

  /** The set of a list, for one client more. */
  take(symbols: readonly string[]): WatchSet {
    const sorted = [...new Set(symbols)].sort();
    const key = createHash('sha256').update(JSON.stringify(sorted)).digest('base64');
    const set = this.#sets.get(key) ?? this.#make(key, sorted);
    set.clients += 1;
    return set;
  }

  /** One client less. */
  release(set: WatchSet): void {
    set.clients -= 1;
    if (set.clients > 0) return;
    this.#sets.delete(set.key);
    for (const number of set.numbers) this.#table.unwatch(number);
    for (const symbol of set.waiting) {
      const others = this.#waiting.get(symbol);
      others?.delete(set);
      if (others?.size === 0) this.#waiting.delete(symbol);
    }
  }

  /** Gives a symbol that changed to those who wait for it. */
  appeared(symbol: string): void {
    if (this.#waiting.size === 0) return;
    const sets = this.#waiting.get(symbol);
    const number = sets === undefined ? undefined : this.#table.numberOf(symbol);
    if (sets === undefined || number === undefined) return;
    this.#waiting.delete(symbol);
    for (const set of sets) {
      (set.waiting as Set<string>).delete(symbol);
      this.#add(set, number);
    }
  }

  #make(key: string, symbols: readonly string[]): WatchSet {
    const bits = new Uint32Array(this.#table.capacity / 32);
    const waiting = new Set<string>();
    const set: WatchSet = { key, bits, numbers: [], waiting, clients: 0, home: undefined, shared: undefined };
    for (const symbol of symbols) {
      const number = this.#table.numberOf(symbol);
      if (number !== undefined) {
        this.#add(set, number);
        continue;
      }
      waiting.add(symbol);
      const others = this.#waiting.get(symbol);
      if (others === undefined) this.#waiting.set(symbol, new Set([set]));
      else others.add(set);
    }
    this.#sets.set(key, set);
    return set;
  }

  #add(set: WatchSet, number: number): void {
    this.#table.watch(number);
    set.numbers.push(number);
    const word = number >>> 5;
    if (word >= set.bits.length) {
      const grown = new Uint32Array(this.#table.capacity / 32);
      grown.set(set.bits);
      set.bits = grown;
    }
    set.bits[word] = (set.bits[word] as number) | (1 << (number & 31));
  }
}
