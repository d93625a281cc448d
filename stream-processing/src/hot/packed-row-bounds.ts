/**
 * What packed windows of a snapshot may say (engine/window-codec.ts): the engine reads them without bounds of its own, so each row is walked
 * through before: it ends where its length says, and what it is told from is there. Runs when a snapshot is read, never with records.
 */

// The first byte of a row, and the second.
const singlePoint = 0x01;
const plainHigh = 0x02;
const plainLow = 0x04;
const hasVolume = 0x08;
const plainTurnover = 0x10;
const hasSpread = 0x40;
const isOneTick = 0x80;
const placesBits = 0x0f;
const rawPrices = 0x0f;
const allSpread = 0x10;
const hasHistory = 0x20;
const neverClosed = 0x40;
const changedPrices = 0x80;

const indicatorBytes = 12 * 8;
const asClosedBytes = 3 * 8;
/** Tags of a number that is near a decimal: those below tell digits, this one that it stands whole. */
const rawTag = 0x20;
const offTag = 0x10;
/** Bytes of seven bits that a whole number has at most. */
const mostUnitBytes = 8;

/** Of ticks or revisions of one window. */
export const mostCount = 2 ** 40;

/** Rows of one list. */
export interface PackedRows {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Windows of trading days have their indicators behind them. */
  readonly isDay: boolean;
  /** How many origins rows may be told from. */
  readonly origins: number;
}

/** @throws RangeError when the engine could not read them. */
export function checkPackedRows(rows: PackedRows): void {
  const reader = new RowReader(rows.bytes, rows.start, rows.end);
  while (reader.at < rows.end) {
    const end = reader.endOfRow(rows.end);
    checkRow(reader, rows);
    if (reader.at !== end) throw new RangeError('a closed window takes another number of bytes than it says');
  }
}

function checkRow(reader: RowReader, { isDay, origins }: PackedRows): void {
  const first = reader.byte();
  const second = reader.byte();
  reader.signed();
  checkPrices(reader, first, second);
  if ((second & neverClosed) === 0 && (second & changedPrices) !== 0) reader.skip(asClosedBytes);
  const origin = reader.whole();
  if (origin >= origins) throw new RangeError(`a closed window is told from origin ${origin}, but there are ${origins}`);
  const isSingle = (first & singlePoint) !== 0;
  for (let count = isSingle ? 2 : 4; count > 0; count -= 1) reader.signed();
  if (first & hasVolume) reader.near();
  if (!(first & plainTurnover)) reader.near();
  if (!(first & isOneTick)) reader.count();
  if (first & hasSpread) {
    if (!(second & allSpread)) reader.count();
    reader.near();
  }
  if (second & hasHistory) {
    reader.byte();
    reader.count();
  }
  if (isDay) reader.skip(indicatorBytes);
}

function checkPrices(reader: RowReader, first: number, second: number): void {
  if ((second & placesBits) === rawPrices) {
    const [open, high, low, close] = [reader.raw(), reader.raw(), reader.raw(), reader.raw()];
    return checkRange({ open, high, low, close });
  }
  const open = reader.whole();
  const close = first & singlePoint ? open : open + reader.signed();
  const high = Math.max(open, close) + (first & plainHigh ? 0 : reader.whole());
  const low = Math.min(open, close) - (first & plainLow ? 0 : reader.whole());
  checkRange({ open, high, low, close });
}

/** Prices of one window, in any unit. */
export interface PriceRange {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** Refuses what would be read as something else once it was packed again. @throws RangeError. */
export function checkRange({ open, high, low, close }: PriceRange): void {
  if (low >= 0 && low <= Math.min(open, close) && high >= Math.max(open, close)) return;
  throw new RangeError(`high and low of a window must enclose its prices, from 0 on: was ${open}, ${high}, ${low}, ${close}`);
}

/** Reads numbers as engine/packed-bytes.ts writes them, and never past the end. */
class RowReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  /** Of the row that is read. */
  #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  /** Reads a row's length; gives where the row ends, which nothing is read beyond until the next one. */
  endOfRow(endOfAll: number): number {
    this.#end = endOfAll;
    const length = this.whole();
    if (length > endOfAll - this.#at) throw new RangeError(`a closed window of ${length} bytes is longer than its list`);
    this.#end = this.#at + length;
    return this.#end;
  }

  skip(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#end) throw new RangeError('a closed window ends too early');
  }

  byte(): number {
    this.skip(1);
    return this.#bytes[this.#at - 1] as number;
  }

  /** From 0 up; inexact above 2^53. */
  whole(): number {
    let value = 0;
    for (let index = 0; index < mostUnitBytes; index += 1) {
      const byte = this.byte();
      value += (byte & 127) * 128 ** index;
      if (byte < 128) return value;
    }
    throw new RangeError(`a number of a closed window has more than ${mostUnitBytes} bytes`);
  }

  /** Of ticks or revisions: they are counted on, and a number of more than 56 bits could not be written again. */
  count(): number {
    const value = this.whole();
    if (value > mostCount) throw new RangeError(`a closed window counts at most ${mostCount}, was ${value}`);
    return value;
  }

  signed(): number {
    const units = this.whole();
    if (units === 0) return this.raw();
    return units % 2 === 1 ? (units - 1) / 2 : -units / 2;
  }

  raw(): number {
    this.skip(8);
    const value = this.#view.getFloat64(this.#at - 8, true);
    if (!Number.isFinite(value)) throw new RangeError(`a number of a closed window must be finite, was ${value}`);
    return value;
  }

  near(): void {
    const tag = this.byte();
    if (tag === rawTag) return this.skip(8);
    if (tag > rawTag) throw new RangeError(`a number of a closed window has tag ${tag}, which is none`);
    this.whole();
    if (tag >= offTag) this.signed();
  }
}
