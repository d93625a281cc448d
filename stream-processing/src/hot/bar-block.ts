/** Closed and corrected bars as rows of numbers, in the order in which they were given out; reused, so that none is an object. */
import type { Bar } from '@tapeline/core/bars';
import { barOfRow, barStride, storeBar } from './bar-columns.ts';
import type { FoldEngine } from './fold-engine.ts';
import { enlarged } from './growing.ts';
import type { SymbolNames } from './symbol-names.ts';

/** So many are written as text at once: they stay in the processor's cache. */
const barsOfExchange = 32;

export class BarBlock {
  readonly #engine: FoldEngine;
  readonly #symbols: SymbolNames;
  #columns = new Float64Array(barStride * 64);
  #slots = new Int32Array(64);
  #count = 0;

  constructor(engine: FoldEngine, symbols: SymbolNames) {
    this.#engine = engine;
    this.#symbols = symbols;
  }

  get count(): number {
    return this.#count;
  }

  /** As `count`: a block is what a store takes for a list of bars. */
  get length(): number {
    return this.#count;
  }

  /** The rows as in bar-columns.ts, one after the other; another array after `take`. */
  get columns(): Float64Array {
    return this.#columns;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Takes over what the engine has given out since the last time. */
  take(): void {
    const { functions } = this.#engine;
    const count = functions.barCount.value;
    if (count === 0) return;
    this.#reserve(this.#count + count);
    const at = functions.barsAt() / 8;
    const slotsAt = functions.barSlotsAt() / 4;
    this.#columns.set(this.#engine.numbers.subarray(at, at + count * barStride), this.#count * barStride);
    this.#slots.set(this.#engine.wholes.subarray(slotsAt, slotsAt + count), this.#count);
    this.#count += count;
    functions.clearBars();
  }

  /** Adds a bar that the engine did not make, of the symbol with this number; what the engine gave out before is to be taken first. */
  add(slot: number, bar: Bar): void {
    this.#reserve(this.#count + 1);
    storeBar(bar, this.#columns, this.#count * barStride);
    this.#slots[this.#count] = slot;
    this.#count += 1;
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

  /** Gives the text of each bar in `[first, end)`, the very bytes of `encodeBar(at(index))`: `bytes[start, end)`, until the next one. */
  eachText(give: (index: number, bytes: Uint8Array, start: number, end: number) => void, first = 0, end = this.#count): void {
    for (let from = first; from < end; from += barsOfExchange) this.#giveTexts(from, Math.min(barsOfExchange, end - from), give);
  }

  #giveTexts(from: number, count: number, give: (index: number, bytes: Uint8Array, start: number, end: number) => void): void {
    const { functions } = this.#engine;
    const place = functions.exchangeForTexts(count) / 4;
    const { bytes, numbers, wholes } = this.#engine;
    for (let index = 0; index < count; index += 1) wholes[place + 2 * index] = this.#slots[from + index] as number;
    numbers.set(this.#columns.subarray(from * barStride, (from + count) * barStride), place / 2 + count);
    const texts = functions.writeTexts(count);
    let start = texts;
    for (let index = 0; index < count; index += 1) {
      const end = texts + (wholes[place + 2 * index + 1] as number);
      give(from + index, bytes, start, end);
      start = end;
    }
  }

  #reserve(count: number): void {
    if (count <= this.#slots.length) return;
    // Windows of all symbols end together.
    const length = Math.max(count, Math.ceil(1.5 * this.#slots.length), this.#symbols.size);
    this.#slots = enlarged(this.#slots, new Int32Array(length));
    this.#columns = enlarged(this.#columns, new Float64Array(length * barStride));
  }
}
