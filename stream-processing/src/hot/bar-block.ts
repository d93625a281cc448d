/** Closed and corrected bars as rows of numbers, in the order in which they were given out; reused, so that none is an object. */
import type { Bar } from '@tapeline/core/bars';
import { barOfRow, barStride } from './bar-columns.ts';
import type { FoldEngine } from './fold-engine.ts';
import { enlarged } from './growing.ts';
import type { SymbolNames } from './symbol-names.ts';

/** So many are written as text at once: they stay in the processor's cache. */
const barsOfExchange = 64;

export class BarBlock {
  readonly #engine: FoldEngine;
  readonly #symbols: SymbolNames;
  #columns = new Float64Array(barStride * 64);
  #slots = new Int32Array(64);
  #count = 0;
  #texts = new Uint8Array(4_096);
  #textEnds = new Int32Array(64);
  /** Bars that have their text. */
  #textCount = 0;

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
    this.#textCount = 0;
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

  /** The text of each bar, the very bytes of `encodeBar(at(index))`: in {@link BarBlock.texts}, from `textStart` to `textEnd`. */
  textStart(index: number): number {
    return index === 0 ? 0 : this.textEnd(index - 1);
  }

  textEnd(index: number): number {
    this.#writeTexts();
    return this.#textEnds[index] as number;
  }

  /** Another array after `take`. Not to be written to. */
  get texts(): Uint8Array {
    this.#writeTexts();
    return this.#texts;
  }

  /** Writes what has no text yet, some bars at a time. */
  #writeTexts(): void {
    while (this.#textCount < this.#count) this.#writeSome(Math.min(barsOfExchange, this.#count - this.#textCount));
  }

  #writeSome(count: number): void {
    const { functions } = this.#engine;
    const from = this.#textCount;
    const place = functions.exchangeForTexts(count) / 4;
    const { bytes, numbers, wholes } = this.#engine;
    for (let index = 0; index < count; index += 1) wholes[place + 2 * index] = this.#slots[from + index] as number;
    numbers.set(this.#columns.subarray(from * barStride, (from + count) * barStride), place / 2 + count);
    const start = functions.writeTexts(count);
    const before = from === 0 ? 0 : (this.#textEnds[from - 1] as number);
    for (let index = 0; index < count; index += 1) this.#textEnds[from + index] = before + (wholes[place + 2 * index + 1] as number);
    const end = this.#textEnds[from + count - 1] as number;
    if (end > this.#texts.length) this.#texts = enlarged(this.#texts, new Uint8Array(Math.max(end, 2 * this.#texts.length)));
    this.#texts.set(bytes.subarray(start, start + end - before), before);
    this.#textCount += count;
  }

  #reserve(count: number): void {
    if (count <= this.#slots.length) return;
    const length = Math.max(count, 2 * this.#slots.length);
    this.#slots = enlarged(this.#slots, new Int32Array(length));
    this.#textEnds = enlarged(this.#textEnds, new Int32Array(length));
    this.#columns = enlarged(this.#columns, new Float64Array(length * barStride));
  }
}
