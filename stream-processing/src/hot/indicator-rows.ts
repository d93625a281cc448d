/**
 * Indicators of many lists of bars in one growing array: the twin of fold/indicators.ts, operation by operation. How far each
 * average has come follows from the number of closes alone.
 */
import { roundDerived } from '@tapeline/core/derived-values';
import { logReturn } from '../fold/indicators.ts';
import { enlarged, none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';

/** Closes that are kept, in a ring. */
const ring = 21;
const countAt = ring;
const ema12At = ring + 1;
const ema26At = ring + 2;
const signal9At = ring + 3;
const gain14At = ring + 4;
const loss14At = ring + 5;
const range14At = ring + 6;

export const indicatorStride = ring + 7;

export class IndicatorRows {
  #rows = new Float64Array(indicatorStride * 16);
  #used = 0;
  #ofList = new Int32Array(64).fill(none);
  /** The closes of a list, oldest first, and their returns. */
  readonly #closes = new Float64Array(ring);
  readonly #returns = new Float64Array(ring);

  /** Makes room for lists with numbers below `count`. */
  reserve(count: number): void {
    if (count <= this.#ofList.length) return;
    this.#ofList = enlarged(this.#ofList, new Int32Array(Math.max(count, Math.ceil(this.#ofList.length * 1.5))).fill(none));
  }

  /** Takes the next closed bar of a list in and writes the twelve values known at its close into `into`, NaN where unknown. */
  next(list: number, high: number, low: number, close: number, into: Float64Array, at: number): void {
    const base = this.#rowOf(list) * indicatorStride;
    const rows = this.#rows;
    const count = (rows[base + countAt] as number) + 1;
    const before = rows[base + ((count + ring - 2) % ring)] as number;
    rows[base + ((count - 1) % ring)] = close;
    rows[base + countAt] = count;
    this.#straighten(base, count);
    this.#bands(count, into, at);
    this.#averages(base, count, close, into, at);
    this.#moves(base, count, { high, low, close, before }, into, at);
    into[at + 10] = count > 10 ? roundDerived(close - (this.#closes[ring - 11] as number)) : Number.NaN;
    into[at + 11] = count < ring ? Number.NaN : this.#volatility();
  }

  write(list: number, out: NumberWriter): void {
    const row = this.#ofList[list] as number;
    out.add(row === none ? 0 : 1);
    if (row !== none) out.addRow(this.#rows, row * indicatorStride, (row + 1) * indicatorStride);
  }

  /** Reads what `write` wrote into an empty list. */
  read(list: number, from: NumberReader): void {
    if (from.next() === 0) return;
    const row = this.#rowOf(list);
    from.nextRow(this.#rows, row * indicatorStride, (row + 1) * indicatorStride);
  }

  #rowOf(list: number): number {
    const known = this.#ofList[list] as number;
    if (known !== none) return known;
    if ((this.#used + 1) * indicatorStride > this.#rows.length) {
      this.#rows = enlarged(this.#rows, new Float64Array(Math.ceil((this.#rows.length / indicatorStride) * 1.5) * indicatorStride));
    }
    this.#ofList[list] = this.#used;
    this.#used += 1;
    return this.#used - 1;
  }

  /** The last closes, the newest at the end of the scratch; what is before the first close is not read. */
  #straighten(base: number, count: number): void {
    const rows = this.#rows;
    const closes = this.#closes;
    let from = count % ring;
    for (let index = 0; index < ring; index += 1) {
      closes[index] = rows[base + from] as number;
      from = from + 1 === ring ? 0 : from + 1;
    }
  }

  #bands(count: number, into: Float64Array, at: number): void {
    if (count < 20) {
      into[at] = into[at + 1] = into[at + 2] = Number.NaN;
      return;
    }
    const closes = this.#closes;
    let sum = 0;
    for (let index = 1; index < ring; index += 1) sum += closes[index] as number;
    const mean = sum / 20;
    let squares = 0;
    for (let index = 1; index < ring; index += 1) {
      const off = (closes[index] as number) - mean;
      squares += off * off;
    }
    const deviation = Math.sqrt(squares / 20);
    into[at] = roundDerived(mean);
    into[at + 1] = roundDerived(mean + 2 * deviation);
    into[at + 2] = roundDerived(mean - 2 * deviation);
  }

  #averages(base: number, count: number, close: number, into: Float64Array, at: number): void {
    const rows = this.#rows;
    const ema12 = smoothed(rows, base + ema12At, count, 12, 2 / 13, close);
    const ema26 = smoothed(rows, base + ema26At, count, 26, 2 / 27, close);
    const macd = ema12 - ema26;
    const signal = count < 26 ? Number.NaN : smoothed(rows, base + signal9At, count - 25, 9, 2 / 10, macd);
    into[at + 3] = roundDerived(ema12);
    into[at + 4] = roundDerived(ema26);
    into[at + 5] = roundDerived(macd);
    into[at + 6] = roundDerived(signal);
    into[at + 7] = roundDerived(macd - signal);
  }

  #moves(
    base: number,
    count: number,
    bar: { readonly high: number; readonly low: number; readonly close: number; readonly before: number },
    into: Float64Array,
    at: number,
  ): void {
    into[at + 8] = into[at + 9] = Number.NaN;
    if (count === 1) return;
    const rows = this.#rows;
    const { before } = bar;
    const change = bar.close - before;
    const gain = smoothed(rows, base + gain14At, count - 1, 14, 1 / 14, Math.max(change, 0));
    const loss = smoothed(rows, base + loss14At, count - 1, 14, 1 / 14, Math.max(-change, 0));
    const range = smoothed(rows, base + range14At, count - 1, 14, 1 / 14, Math.max(bar.high, before) - Math.min(bar.low, before));
    if (count < 15) return;
    into[at + 8] = gain + loss === 0 ? 50 : roundDerived((100 * gain) / (gain + loss));
    into[at + 9] = roundDerived(range);
  }

  #volatility(): number {
    const closes = this.#closes;
    const returns = this.#returns;
    let sum = 0;
    for (let index = 1; index < ring; index += 1) {
      const change = logReturn(closes[index] as number, closes[index - 1] as number);
      returns[index] = change;
      sum += change;
    }
    const mean = sum / 20;
    let squares = 0;
    for (let index = 1; index < ring; index += 1) {
      const off = (returns[index] as number) - mean;
      squares += off * off;
    }
    return roundDerived(Math.sqrt(squares / 19));
  }
}

/** The average at `at` with its `count`th value; NaN while it has fewer than `period`. */
function smoothed(rows: Float64Array, at: number, count: number, period: number, weight: number, value: number): number {
  const before = rows[at] as number;
  const sum = before + value;
  let after = sum;
  if (count === period) after = sum / period;
  if (count > period) after = before + weight * (value - before);
  rows[at] = after;
  return count < period ? Number.NaN : after;
}
