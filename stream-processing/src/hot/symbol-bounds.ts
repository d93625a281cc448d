/**
 * What the numbers of one symbol in a snapshot may say: its row and its windows as the engine wrote them (engine/symbol-rows.ts,
 * engine/window-snapshot.ts). The engine trusts counts and indexes, so they are held here to what there is. Runs when a snapshot is read,
 * never with records.
 */
import type { Level } from '../fold/levels.ts';
import { none } from './growing.ts';
import { checkPackedRows, checkRange, mostCount } from './packed-row-bounds.ts';

/** What symbols of one snapshot may name. */
export interface SymbolBounds {
  readonly levels: readonly Level[];
  readonly feeds: number;
  readonly origins: number;
}

/** A row: four feeds and a watermark, twenty numbers, where the previous tick stands, and six numbers when that is here. */
const feedColumns = [0, 1, 3, 4];
const previousColumn = 25;
const previousNumbers = 6;

/** An open window (engine/window-row.ts). */
const windowNumbers = 22;
const lastPointColumn = 13;
const wholeColumns = [17, 19, 21];
const flagsColumn = 20;

/** Closes, how many there were, averages. */
const stateNumbers = 28;
const stateCountColumn = 21;
const mostCloses = 255;

/** @throws RangeError when the engine could not read the row of a symbol. */
export function checkRow(row: Float64Array, { feeds }: SymbolBounds): void {
  for (const column of feedColumns) wholeAt(row, column, { what: 'the index of a feed', least: none, most: feeds - 1 });
  const previous = wholeAt(row, previousColumn, { what: 'the place of a previous tick', least: -2, most: 0 });
  if (row.length !== previousColumn + 1 + (previous === 0 ? previousNumbers : 0)) throw otherLength();
}

/** @throws RangeError when the engine could not read the windows of a symbol. */
export function checkWindows(windows: Float64Array, { levels, origins }: SymbolBounds): void {
  const bytes = new Uint8Array(windows.buffer, windows.byteOffset, windows.byteLength);
  let at = 0;
  for (const { interval } of levels) {
    const open = wholeAt(windows, at, { what: 'the number of open windows', most: (windows.length - at - 1) / windowNumbers });
    at += 1;
    for (let left = open; left > 0; left -= 1, at += windowNumbers) checkOpen(windows.subarray(at, at + windowNumbers));
    const length = wholeAt(windows, at + 1, { what: 'the length of closed windows', most: (windows.length - at - 2) * 8 });
    const start = (at + 2) * 8;
    checkPackedRows({ bytes, start, end: start + length, isDay: interval === '1d', origins });
    at = afterState(windows, afterState(windows, at + 2 + Math.ceil(length / 8)));
  }
  if (at !== windows.length) throw otherLength();
}

/** Refuses what could not be packed again: it would be read as something else. */
function checkOpen(window: Float64Array): void {
  const point = window.subarray(0, lastPointColumn + 1).find(value => !Number.isFinite(value));
  if (point !== undefined) throw new RangeError(`times, prices and places of an open window must be finite, one was ${point}`);
  const [open = 0, high = 0, low = 0, close = 0] = [window[4], window[8], window[9], window[10]];
  checkRange({ open, high, low, close });
  for (const column of wholeColumns) wholeAt(window, column, { what: 'a count of an open window', most: mostCount });
  wholeAt(window, flagsColumn, { what: 'the flags of an open window', most: 255 });
}

/** Where a state of indicators ends that may be absent. */
function afterState(windows: Float64Array, at: number): number {
  if (wholeAt(windows, at, { what: 'the number of indicator states', most: 1 }) === 0) return at + 1;
  wholeAt(windows, at + 1 + stateCountColumn, { what: 'the number of closes', most: mostCloses });
  return at + 1 + stateNumbers;
}

interface WholeRange {
  readonly what: string;
  /** @default 0 */
  readonly least?: number;
  readonly most: number;
}

function wholeAt(numbers: Float64Array, at: number, { what, least = 0, most }: WholeRange): number {
  const value = numbers[at];
  if (value === undefined) throw new RangeError('it ends too early');
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${what} must be whole, from ${least} to ${Math.floor(most)}, was ${value}`);
}

function otherLength(): RangeError {
  return new RangeError('a symbol takes another number of numbers than it says');
}
