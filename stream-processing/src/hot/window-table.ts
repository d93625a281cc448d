/** Rows of windows in one growing array: many lists, each in the order of `startMs`; rows given back are used again. */
import { enlarged, moreThan, none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';
import { startAt } from './window-row.ts';

export class WindowTable {
  /** May be another array after `insert`. */
  rows: Float64Array;
  readonly stride: number;
  #older: Int32Array;
  #newer: Int32Array;
  #oldest: Int32Array;
  #newest: Int32Array;
  #free = none;
  #used = 0;

  constructor(stride: number) {
    this.stride = stride;
    this.rows = new Float64Array(stride * 64);
    this.#older = new Int32Array(64);
    this.#newer = new Int32Array(64);
    this.#oldest = new Int32Array(64).fill(none);
    this.#newest = new Int32Array(64).fill(none);
  }

  /** Makes room for lists with numbers below `count`. */
  reserve(count: number): void {
    if (count <= this.#oldest.length) return;
    const length = Math.max(count, moreThan(this.#oldest.length));
    this.#oldest = enlarged(this.#oldest, new Int32Array(length).fill(none));
    this.#newest = enlarged(this.#newest, new Int32Array(length).fill(none));
  }

  newest(list: number): number {
    return this.#newest[list] as number;
  }

  oldest(list: number): number {
    return this.#oldest[list] as number;
  }

  newer(row: number): number {
    return this.#newer[row] as number;
  }

  older(row: number): number {
    return this.#older[row] as number;
  }

  /** The row of a list that begins at `startMs`, or {@link none}. */
  find(list: number, startMs: number): number {
    let row = this.#newest[list] as number;
    while (row !== none && (this.rows[row * this.stride + startAt] as number) > startMs) row = this.#older[row] as number;
    return row !== none && this.rows[row * this.stride + startAt] === startMs ? row : none;
  }

  /** A new row in its place; all but its start is undefined. */
  insert(list: number, startMs: number): number {
    const row = this.#take();
    this.rows[row * this.stride + startAt] = startMs;
    let older = this.#newest[list] as number;
    let newer = none;
    while (older !== none && (this.rows[older * this.stride + startAt] as number) > startMs) {
      newer = older;
      older = this.#older[older] as number;
    }
    this.#older[row] = older;
    this.#newer[row] = newer;
    if (older === none) this.#oldest[list] = row;
    else this.#newer[older] = row;
    if (newer === none) this.#newest[list] = row;
    else this.#older[newer] = row;
    return row;
  }

  /** Takes a row out of its list; what stands in it stays until the next `insert`. */
  remove(list: number, row: number): void {
    const older = this.#older[row] as number;
    const newer = this.#newer[row] as number;
    if (older === none) this.#oldest[list] = newer;
    else this.#newer[older] = newer;
    if (newer === none) this.#newest[list] = older;
    else this.#older[newer] = older;
    this.#older[row] = this.#free;
    this.#free = row;
  }

  write(list: number, out: NumberWriter): void {
    let count = 0;
    for (let row = this.oldest(list); row !== none; row = this.newer(row)) count += 1;
    out.add(count);
    for (let row = this.oldest(list); row !== none; row = this.newer(row)) {
      out.addRow(this.rows, row * this.stride, (row + 1) * this.stride);
    }
  }

  /** Reads what `write` wrote into an empty list. */
  read(list: number, from: NumberReader): void {
    for (let count = from.next(); count > 0; count -= 1) {
      const startMs = from.next();
      const base = this.insert(list, startMs) * this.stride;
      from.nextRow(this.rows, base + startAt + 1, base + this.stride);
    }
  }

  #take(): number {
    const row = this.#free;
    if (row !== none) {
      this.#free = this.#older[row] as number;
      return row;
    }
    if (this.#used === this.#older.length) this.#grow();
    this.#used += 1;
    return this.#used - 1;
  }

  #grow(): void {
    const length = moreThan(this.#older.length);
    this.#older = enlarged(this.#older, new Int32Array(length));
    this.#newer = enlarged(this.#newer, new Int32Array(length));
    this.rows = enlarged(this.rows, new Float64Array(length * this.stride));
  }
}
