/**
 * Indicator states of many lists: closes as whole numbers of their last digit, four bytes each, as long as they can be. The few lists
 * whose prices have too many digits for that keep doubles.
 */
import { enlarged, moreThan, none } from './growing.ts';
import { averageCount, averagesAt, closesKept, countAt } from './indicator-state.ts';
import { mantissaOf, placesOf, priceOf } from './packed-bytes.ts';

/** 21 closes, then the number of closes with the digits after the point above it, in eight bytes the two. */
const wordsOfRow = closesKept + 1;
const doublesOfRow = wordsOfRow / 2 + averageCount;
const wideBit = 1 << 16;
const largest = 0x7fffffff;

export class IndicatorRows {
  #doubles = new Float64Array(doublesOfRow * 16);
  #words = new Int32Array(this.#doubles.buffer);
  #used = 0;
  #ofList = new Int32Array(64).fill(none);
  readonly #wide = new Map<number, Float64Array>();

  /** Makes room for lists with numbers below `count`. */
  reserve(count: number): void {
    if (count <= this.#ofList.length) return;
    this.#ofList = enlarged(this.#ofList, new Int32Array(Math.max(count, moreThan(this.#ofList.length))).fill(none));
  }

  has(list: number): boolean {
    return this.#ofList[list] !== none;
  }

  /** Copies a list's state into `state`; all 0 when it has none yet. */
  load(list: number, state: Float64Array): void {
    const row = this.#ofList[list] as number;
    if (row === none) {
      state.fill(0);
      return;
    }
    const base = row * doublesOfRow;
    const word = base * 2;
    const count = this.#words[word + closesKept] as number;
    state[countAt] = count & 0xff;
    for (let index = 0; index < averageCount; index += 1) {
      state[averagesAt + index] = this.#doubles[base + wordsOfRow / 2 + index] as number;
    }
    if (count & wideBit) {
      state.set(this.#wide.get(list) as Float64Array);
      return;
    }
    const places = (count >> 8) & 0xff;
    for (let index = 0; index < closesKept; index += 1) state[index] = priceOf(this.#words[word + index] as number, places);
  }

  /** Keeps a list's state, which has taken one bar in since it was loaded. */
  storeNext(list: number, state: Float64Array): void {
    const row = this.#ofList[list] as number;
    if (row === none) return this.store(list, state);
    const word = row * doublesOfRow * 2;
    const words = this.#words;
    const before = words[word + closesKept] as number;
    const places = (before >> 8) & 0xff;
    const close = state[closesKept - 1] as number;
    const mantissa = mantissaOf(close, places);
    if (before & wideBit || mantissa > largest || priceOf(mantissa, places) !== close) return this.store(list, state);
    for (let index = 1; index < closesKept; index += 1) words[word + index - 1] = words[word + index] as number;
    words[word + closesKept - 1] = mantissa;
    words[word + closesKept] = (state[countAt] as number) | (places << 8);
    this.#storeAverages(row, state);
  }

  /** Keeps a list's state. */
  store(list: number, state: Float64Array): void {
    const row = this.#rowOf(list);
    const word = row * doublesOfRow * 2;
    const places = placesOfAll(state);
    this.#storeAverages(row, state);
    if (places >= 0) {
      for (let index = 0; index < closesKept; index += 1) this.#words[word + index] = mantissaOf(state[index] as number, places);
      this.#words[word + closesKept] = (state[countAt] as number) | (places << 8);
      this.#wide.delete(list);
    } else {
      this.#words[word + closesKept] = (state[countAt] as number) | wideBit;
      this.#wide.set(list, state.slice(0, closesKept));
    }
  }

  #storeAverages(row: number, state: Float64Array): void {
    const at = row * doublesOfRow + wordsOfRow / 2;
    for (let index = 0; index < averageCount; index += 1) this.#doubles[at + index] = state[averagesAt + index] as number;
  }

  #rowOf(list: number): number {
    const known = this.#ofList[list] as number;
    if (known !== none) return known;
    if ((this.#used + 1) * doublesOfRow > this.#doubles.length) {
      this.#doubles = enlarged(this.#doubles, new Float64Array(moreThan(this.#used) * doublesOfRow));
      this.#words = new Int32Array(this.#doubles.buffer);
    }
    this.#ofList[list] = this.#used;
    this.#used += 1;
    return this.#used - 1;
  }
}

/** Digits after the point that all closes can do with as numbers of four bytes; −1 when they cannot. */
function placesOfAll(state: Float64Array): number {
  let places = 0;
  for (let index = 0; index < closesKept && places >= 0; index += 1) places = placesOf(state[index] as number, places);
  if (places < 0) return -1;
  for (let index = 0; index < closesKept; index += 1) if (mantissaOf(state[index] as number, places) > largest) return -1;
  return places;
}
