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
  /** So many more have none, and are not waited for. */
  unwaited: number;
  clients: number;
  /** The turn in which its clients are told, unless it is full. */
  home: number | undefined;
  /** The frame that was made last, for those who are told the same in the same turn. */
  shared: { readonly epoch: number; readonly span: Span | undefined } | undefined;
}

/**
 * First prices that are waited for, of all lists together: some 40 MB. A client may name symbols that there are not, and each of many clients
 * others.
 */
export const mostWaiting = 100_000;

export class WatchSets {
  readonly #table: RowTable;
  readonly #mostWaiting: number;
  readonly #sets = new Map<string, WatchSet>();
  /** Who waits for a symbol's first price. */
  readonly #waiting = new Map<string, Set<WatchSet>>();
  #waits = 0;

  constructor(table: RowTable, most = mostWaiting) {
    this.#table = table;
    this.#mostWaiting = most;
  }

  /** The set of a list, for one client more, or for one that had another list before. */
  take(symbols: readonly string[], before?: WatchSet): WatchSet {
    const sorted = [...new Set(symbols)].sort();
    const key = createHash('sha256').update(JSON.stringify(sorted)).digest('base64');
    // What it waited for is room for what it waits for now.
    if (before !== undefined && before.key !== key) this.release(before);
    const set = this.#sets.get(key) ?? this.#make(key);
    if (set.clients === 0 || set.unwaited > 0) this.#fill(set, sorted);
    if (set !== before) set.clients += 1;
    return set;
  }

  /** One client less. */
  release(set: WatchSet): void {
    set.clients -= 1;
    if (set.clients > 0) return;
    this.#sets.delete(set.key);
    for (const number of set.numbers) this.#table.unwatch(number);
    this.#waits -= set.waiting.size;
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
    this.#waits -= sets.size;
    for (const set of sets) {
      (set.waiting as Set<string>).delete(symbol);
      this.#add(set, number);
    }
  }

  #make(key: string): WatchSet {
    const bits = new Uint32Array(this.#table.capacity / 32);
    const set: WatchSet = { key, bits, numbers: [], waiting: new Set(), unwaited: 0, clients: 0, home: undefined, shared: undefined };
    this.#sets.set(key, set);
    return set;
  }

  /** Takes in what has a price, and waits for the others while there is room. */
  #fill(set: WatchSet, symbols: readonly string[]): void {
    set.unwaited = 0;
    for (const symbol of symbols) {
      const number = this.#table.numberOf(symbol);
      if (number !== undefined) this.#add(set, number);
      else if (this.#waits < this.#mostWaiting) this.#wait(set, symbol);
      else if (!set.waiting.has(symbol)) set.unwaited += 1;
    }
  }

  #wait(set: WatchSet, symbol: string): void {
    if (set.waiting.has(symbol)) return;
    (set.waiting as Set<string>).add(symbol);
    this.#waits += 1;
    const others = this.#waiting.get(symbol);
    if (others === undefined) this.#waiting.set(symbol, new Set([set]));
    else others.add(set);
  }

  #add(set: WatchSet, number: number): void {
    const word = number >>> 5;
    if (((set.bits[word] ?? 0) & (1 << (number & 31))) !== 0) return;
    this.#table.watch(number);
    set.numbers.push(number);
    if (word >= set.bits.length) {
      const grown = new Uint32Array(this.#table.capacity / 32);
      grown.set(set.bits);
      set.bits = grown;
    }
    set.bits[word] = (set.bits[word] as number) | (1 << (number & 31));
  }
}
