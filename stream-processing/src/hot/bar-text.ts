/** Writes a bar's row as the very bytes of `encodeBar` (core/src/bars.ts), without making the bar. */
import { barFlags } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import {
  closeColumn,
  endColumn,
  exactColumn,
  finalColumn,
  flagsColumn,
  flagsOfBits,
  highColumn,
  indicatorColumn,
  indicatorNames,
  intervalColumn,
  lowColumn,
  openColumn,
  revisionColumn,
  spreadMeanColumn,
  startColumn,
  tickCountColumn,
  versionColumn,
  volumeColumn,
  vwapColumn,
} from './bar-columns.ts';
import { writeNumber } from './number-text.ts';
import { type Piece, piece, writePiece } from './text-piece.ts';

const comma = 44;
const closingBrace = 125;

const begin = piece('{"v":1,"symbol":');
const openKey = piece(',"open":');
const highKey = piece(',"high":');
const lowKey = piece(',"low":');
const closeKey = piece(',"close":');
const volumeKey = piece(',"volume":');
const vwapKey = piece(',"vwap":');
const exactKind = piece(',"vwapKind":"exact"');
const estimateKind = piece(',"vwapKind":"estimate"');
const tickCountKey = piece(',"tickCount":');
const spreadMeanKey = piece(',"spreadMean":');
const revisionKey = piece(',"revision":');
const versionKey = piece(',"versionUs":');
const indicatorsKey = piece(',"indicators":{');
const intervalTexts = intervals.map(interval => piece(`,"interval":"${interval}"`));
const startKey = piece(',"startMs":');
const endKey = piece(',"endMs":');
const finalState = piece(',"state":"final"');
const formingState = piece(',"state":"forming"');
/** By flag bits: all combinations. */
const flagsTexts = Array.from({ length: 1 << barFlags.length }, (_, bits) => piece(`,"flags":${JSON.stringify(flagsOfBits(bits))}`));
const indicatorKeys = indicatorNames.map(name => piece(`"${name}":`));
const indicatorCount = indicatorNames.length;

/** Bytes that the longest bar takes, and what word-wide stores spill, for a symbol whose JSON text has `symbolBytes` bytes. */
export function barRoom(symbolBytes: number): number {
  return 1_200 + symbolBytes;
}

/** Writes rows into a buffer that it remembers, so give it the same one while you can. */
export class BarText {
  #into: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#into.buffer);

  /**
   * Writes the row that begins at `base` as JSON at `at`; gives the end of it. Needs {@link barRoom} bytes from `at` on.
   * @param symbolText the symbol as a JSON string, quotes included
   */
  write(columns: Float64Array, base: number, symbolText: Uint8Array, into: Uint8Array, at: number): number {
    const view = into === this.#into ? this.#view : this.#look(into);
    let end = writePiece(view, at, begin);
    end = writeBytes(view, end, symbolText);
    end = writePiece(view, end, intervalTexts[columns[base + intervalColumn] as number] as Piece);
    end = writeNumber(view, writePiece(view, end, startKey), columns[base + startColumn] as number);
    end = writeNumber(view, writePiece(view, end, endKey), columns[base + endColumn] as number);
    end = writeNumber(view, writePiece(view, end, openKey), columns[base + openColumn] as number);
    end = writeNumber(view, writePiece(view, end, highKey), columns[base + highColumn] as number);
    end = writeNumber(view, writePiece(view, end, lowKey), columns[base + lowColumn] as number);
    end = writeNumber(view, writePiece(view, end, closeKey), columns[base + closeColumn] as number);
    end = writeVolume(view, end, columns, base);
    end = writeNumber(view, writePiece(view, end, tickCountKey), columns[base + tickCountColumn] as number);
    end = writeKnown(view, end, spreadMeanKey, columns[base + spreadMeanColumn] as number);
    end = writePiece(view, end, columns[base + finalColumn] === 1 ? finalState : formingState);
    end = writePiece(view, end, flagsTexts[columns[base + flagsColumn] as number] as Piece);
    end = writeNumber(view, writePiece(view, end, revisionKey), columns[base + revisionColumn] as number);
    end = writeNumber(view, writePiece(view, end, versionKey), columns[base + versionColumn] as number);
    end = writeIndicators(view, end, columns, base + indicatorColumn);
    view.setUint8(end, closingBrace);
    return end + 1;
  }

  #look(into: Uint8Array): DataView {
    this.#into = into;
    this.#view = new DataView(into.buffer, into.byteOffset, into.byteLength);
    return this.#view;
  }
}

function writeVolume(view: DataView, at: number, columns: Float64Array, base: number): number {
  const end = writeKnown(view, at, volumeKey, columns[base + volumeColumn] as number);
  const vwap = columns[base + vwapColumn] as number;
  if (Number.isNaN(vwap)) return end;
  return writePiece(view, writeKnown(view, end, vwapKey, vwap), columns[base + exactColumn] === 1 ? exactKind : estimateKind);
}

function writeKnown(view: DataView, at: number, key: Piece, value: number): number {
  return Number.isNaN(value) ? at : writeNumber(view, writePiece(view, at, key), value);
}

/** `indicators` with those that are known, or nothing. */
function writeIndicators(view: DataView, at: number, columns: Float64Array, first: number): number {
  let end = at;
  for (let index = 0; index < indicatorCount; index += 1) {
    const value = columns[first + index] as number;
    if (Number.isNaN(value)) continue;
    if (end === at) end = writePiece(view, at, indicatorsKey);
    end = writeNumber(view, writePiece(view, end, indicatorKeys[index] as Piece), value);
    view.setUint8(end, comma);
    end += 1;
  }
  if (end === at) return at;
  view.setUint8(end - 1, closingBrace);
  return end;
}

function writeBytes(view: DataView, at: number, bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index += 1) view.setUint8(at + index, bytes[index] as number);
  return at + bytes.length;
}
