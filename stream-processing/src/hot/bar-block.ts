/** Closed and corrected bars as rows of numbers, in the order in which they were given out; reused, so that none is an object. */
import type { Bar } from '@tapeline/core/bars';
import { barOfRow, barStride } from './bar-columns.ts';
import { BarText, barRoom } from './bar-text.ts';
import { enlarged } from './growing.ts';
import type { SymbolTable } from './symbol-table.ts';

export class BarBlock {
  readonly #symbols: SymbolTable;
  readonly #text = new BarText();
  #columns = new Float64Array(barStride * 64);
  #slots = new Int32Array(64);
  #count = 0;

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  get count(): number {
    return this.#count;
  }

  /** As `count`: a block is what a store takes for a list of bars. */
  get length(): number {
    return this.#count;
  }

  /** The rows as in bar-columns.ts, one after the other; another array after `add`. */
  get columns(): Float64Array {
    return this.#columns;
  }

  clear(): void {
    this.#count = 0;
  }

  /** A new row for a bar of this symbol: where it begins in `columns`. */
  add(slot: number): number {
    const index = this.#count;
    if (index === this.#slots.length) {
      this.#slots = enlarged(this.#slots, new Int32Array(2 * index));
      this.#columns = enlarged(this.#columns, new Float64Array(2 * index * barStride));
    }
    this.#slots[index] = slot;
    this.#count = index + 1;
    return index * barStride;
  }

  /** The bar as the plain fold gives it. */
  at(index: number): Bar {
    return barOfRow(this.#columns, index * barStride, this.symbol(index));
  }

  *[Symbol.iterator](): IterableIterator<Bar> {
    for (let index = 0; index < this.#count; index += 1) yield this.at(index);
  }

  symbol(index: number): string {
    return this.#symbols.name(this.slot(index));
  }

  /** The symbol's number within its fold. */
  slot(index: number): number {
    return this.#slots[index] as number;
  }

  /** The key of the bar's record, in UTF-8. Not to be written to. */
  symbolKey(index: number): Uint8Array {
    return this.#symbols.keyBytes(this.slot(index));
  }

  /** Bytes that `write` may need at most. */
  room(index: number): number {
    return barRoom(this.#symbols.jsonBytes(this.slot(index)).length);
  }

  /** Writes the very bytes of `encodeBar(at(index))`; gives their end. */
  write(index: number, into: Uint8Array, at: number): number {
    return this.#text.write(this.#columns, index * barStride, this.#symbols.jsonBytes(this.slot(index)), into, at);
  }
}
