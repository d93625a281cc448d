/** One symbol's part of a snapshot: its row, its coverage, its windows, as numbers. */
import type { CoverageRows } from './coverage-rows.ts';
import type { FoldEngine } from './fold-engine.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';
import { checkRow, checkWindows, type SymbolBounds } from './symbol-bounds.ts';

/** What symbols are read into. */
export interface SymbolTarget {
  readonly engine: FoldEngine;
  readonly coverage: CoverageRows;
  readonly bounds: SymbolBounds;
}

/** Writes all of a symbol; the feeds are indexes. */
export function writeSymbol(engine: FoldEngine, coverage: CoverageRows, slot: number, out: NumberWriter): void {
  const { functions } = engine;
  const at = functions.exchangeAt(functions.roomOfSymbol(slot));
  addPart(engine, at, functions.writeRow(slot, at), out);
  coverage.write(slot, out);
  addPart(engine, at, functions.writeWindows(slot, at), out);
}

/**
 * Reads what `writeSymbol` wrote into a symbol that was added.
 * @throws RangeError when it is none.
 */
export function readSymbol({ engine, coverage, bounds }: SymbolTarget, slot: number, from: NumberReader): void {
  const row = nextPart(from);
  checkRow(row, bounds);
  readPart(engine, row, at => engine.functions.readRow(slot, at));
  coverage.read(slot, from);
  const windows = nextPart(from);
  checkWindows(windows, bounds);
  readPart(engine, windows, at => engine.functions.readWindows(slot, at));
}

function addPart(engine: FoldEngine, at: number, end: number, out: NumberWriter): void {
  out.add((end - at) / 8);
  out.addRow(engine.numbers, at / 8, end / 8);
}

function nextPart(from: NumberReader): Float64Array {
  return from.nextNumbers(from.next());
}

function readPart(engine: FoldEngine, part: Float64Array, read: (at: number) => number): void {
  const at = engine.functions.exchangeAt(part.byteLength);
  engine.numbers.set(part, at / 8);
  if (read(at) !== at + part.byteLength) throw new RangeError('a symbol takes another number of numbers than it says');
}
