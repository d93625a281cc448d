/** One symbol's part of a snapshot: its row, its coverage, its windows, as numbers. */
import type { CoverageRows } from './coverage-rows.ts';
import type { FoldEngine } from './fold-engine.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';

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
export function readSymbol(engine: FoldEngine, coverage: CoverageRows, slot: number, from: NumberReader): void {
  readPart(engine, from, at => engine.functions.readRow(slot, at));
  coverage.read(slot, from);
  readPart(engine, from, at => engine.functions.readWindows(slot, at));
}

function addPart(engine: FoldEngine, at: number, end: number, out: NumberWriter): void {
  out.add((end - at) / 8);
  out.addRow(engine.numbers, at / 8, end / 8);
}

function readPart(engine: FoldEngine, from: NumberReader, read: (at: number) => number): void {
  const count = from.next();
  const at = engine.functions.exchangeAt(count * 8);
  from.nextRow(engine.numbers, at / 8, at / 8 + count);
  if (read(at) !== at + count * 8) throw new RangeError('a symbol takes another number of numbers than it says');
}
