/** Reads the rows that come over the socket in their binary form; README.md, "Rows", describes it. */
import type { BoardRow } from '../board-messages.ts';

/** Rows that changed, and the server's clock. */
export interface RowFrame {
  readonly nowMs: number;
  readonly rows: readonly BoardRow[];
}

/** The first word of a frame: the form that this reader knows. */
const format = 1;
const headBytes = 20;
const isExact = 1 << 20;
const hasQuote = 1 << 21;
const hasDayOpen = 1 << 22;
const hasDayVolume = 1 << 23;
const powers = Array.from({ length: 16 }, (_, scale) => 10 ** scale);

type WritableRow = { -readonly [Name in keyof BoardRow]: BoardRow[Name] };

export class RowReader {
  readonly #symbols = new Map<number, string>();

  /** Takes in which number stands for which symbol. */
  learn(symbols: readonly (readonly [number, string])[]): void {
    for (const [number, symbol] of symbols) this.#symbols.set(number, symbol);
  }

  /**
   * Reads a frame.
   * @throws RangeError when it is of another form than this reader knows, or names a symbol that was not announced.
   */
  read(frame: ArrayBuffer | DataView): RowFrame {
    const view = frame instanceof DataView ? frame : new DataView(frame);
    if (view.byteLength < headBytes || view.getUint32(0, true) !== format) {
      throw new RangeError('rows came in a form that this page does not know: load it again');
    }
    const baseMs = view.getFloat64(12, true);
    const rows: BoardRow[] = [];
    let at = headBytes;
    while (at < view.byteLength) {
      const head = view.getUint32(at, true);
      rows.push((head & isExact) === 0 ? this.#row(view, at, baseMs) : this.#exactRow(view, at));
      at += bytesOf(head);
    }
    return { nowMs: view.getFloat64(4, true), rows };
  }

  #row(view: DataView, at: number, baseMs: number): BoardRow {
    const head = view.getUint32(at, true);
    const power = powers[(head >>> 24) & 15] as number;
    const price = view.getInt32(at + 8, true);
    const row: WritableRow = { symbol: this.#symbolOf(head), price: price / power, timeMs: baseMs + view.getInt32(at + 4, true) };
    let next = at + 12;
    if ((head & hasQuote) !== 0) {
      row.bid = (price + view.getInt16(next, true)) / power;
      row.ask = (price + view.getInt16(next + 2, true)) / power;
      next += 4;
    }
    if ((head & hasDayOpen) !== 0) {
      row.dayOpen = view.getInt32(next, true) / power;
      next += 4;
    }
    if ((head & hasDayVolume) !== 0) row.dayVolume = view.getFloat64(next, true);
    return row;
  }

  #exactRow(view: DataView, at: number): BoardRow {
    const field = (index: number) => view.getFloat64(at + 4 + 8 * index, true);
    const row: WritableRow = { symbol: this.#symbolOf(view.getUint32(at, true)), price: field(0), timeMs: field(5) };
    const [bid, ask, dayVolume, dayOpen] = [field(1), field(2), field(3), field(4)];
    if (!Number.isNaN(bid)) row.bid = bid;
    if (!Number.isNaN(ask)) row.ask = ask;
    if (!Number.isNaN(dayVolume)) row.dayVolume = dayVolume;
    if (!Number.isNaN(dayOpen)) row.dayOpen = dayOpen;
    return row;
  }

  #symbolOf(head: number): string {
    const symbol = this.#symbols.get(head & 0xf_ffff);
    if (symbol === undefined) throw new RangeError(`row ${head & 0xf_ffff} has no symbol: the server has to announce it first`);
    return symbol;
  }
}

function bytesOf(head: number): number {
  if ((head & isExact) !== 0) return 52;
  return 12 + ((head & hasQuote) === 0 ? 0 : 4) + ((head & hasDayOpen) === 0 ? 0 : 4) + ((head & hasDayVolume) === 0 ? 0 : 8);
}
