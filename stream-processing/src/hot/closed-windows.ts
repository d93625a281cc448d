/** Closed windows that can still be corrected, and always the last one of each list. */

import { none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';
import { closedStride, endAt, startAt } from './window-row.ts';
import { WindowTable } from './window-table.ts';

export class ClosedWindows {
  readonly #table = new WindowTable(closedStride);

  reserve(lists: number): void {
    this.#table.reserve(lists);
  }

  /** False when the list surely has no window that begins at `startMs`: none of its windows begins so late. */
  mayHold(list: number, startMs: number): boolean {
    const newest = this.#table.newest(list);
    return newest !== none && (this.#table.rows[newest * closedStride + startAt] as number) >= startMs;
  }

  /** Copies the window that begins at `startMs` into `window`; false when there is none. */
  copy(list: number, startMs: number, window: Float64Array): boolean {
    const row = this.#table.find(list, startMs);
    if (row === none) return false;
    const base = row * closedStride;
    for (let column = 0; column < closedStride; column += 1) window[column] = this.#table.rows[base + column] as number;
    return true;
  }

  /** Puts a window in its place. */
  insert(list: number, window: Float64Array): void {
    this.#write(this.#table.insert(list, window[startAt] as number), window);
  }

  /** Takes the place of the window that begins with it. */
  replace(list: number, window: Float64Array): void {
    this.#write(this.#table.find(list, window[startAt] as number), window);
  }

  /** Begins of a list's windows, oldest first. */
  starts(list: number): number[] {
    const starts: number[] = [];
    for (let row = this.#table.oldest(list); row !== none; row = this.#table.newer(row)) {
      starts.push(this.#table.rows[row * closedStride + startAt] as number);
    }
    return starts;
  }

  /**
   * Forgets windows that ended before `horizonMs`, but not the last one.
   * @param isDay whether a window may end before one that begins before it
   */
  forget(list: number, horizonMs: number, isDay: boolean): void {
    const table = this.#table;
    const newest = table.newest(list);
    for (let row = table.oldest(list); row !== newest; ) {
      const next = table.newer(row);
      if ((table.rows[row * closedStride + endAt] as number) < horizonMs) table.remove(list, row);
      else if (!isDay) break;
      row = next;
    }
  }

  write(list: number, out: NumberWriter): void {
    this.#table.write(list, out);
  }

  /** Reads what `write` wrote into an empty list. */
  read(list: number, from: NumberReader): void {
    this.#table.read(list, from);
  }

  #write(row: number, window: Float64Array): void {
    const base = row * closedStride;
    for (let column = 0; column < closedStride; column += 1) this.#table.rows[base + column] = window[column] as number;
  }
}
