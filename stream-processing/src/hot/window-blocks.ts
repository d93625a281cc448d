/** Lists of windows as packed bytes, each list in one block, in the order of `startMs`: what the fold keeps but seldom reads. */
import { BytePages } from './byte-pages.ts';
import { enlarged } from './growing.ts';
import type { PackedReader } from './packed-bytes.ts';
import type { WindowCodec } from './window-codec.ts';
import { startAt } from './window-row.ts';

/** Where the rows of a list stand in its block, and how large that is; one after the other for each list. */
const addressField = 0;
const fromField = 1;
const toField = 2;
const sizeField = 3;
const fields = 4;

export class WindowBlocks {
  readonly codec: WindowCodec;
  readonly #levels: number;
  readonly #pages = new BytePages();
  #lists = new Int32Array(64 * fields);
  /** By list: the start of its newest window. */
  #newest = new Float64Array(64).fill(Number.NEGATIVE_INFINITY);

  constructor(codec: WindowCodec, levels: number) {
    this.codec = codec;
    this.#levels = levels;
  }

  reserve(count: number): void {
    if (count <= this.#newest.length) return;
    const length = Math.max(count, Math.ceil(this.#newest.length * 1.25));
    this.#lists = enlarged(this.#lists, new Int32Array(length * fields));
    this.#newest = enlarged(this.#newest, new Float64Array(length).fill(Number.NEGATIVE_INFINITY));
  }

  isEmpty(list: number): boolean {
    return this.#lists[list * fields + fromField] === this.#lists[list * fields + toField];
  }

  /** −∞ when the list is empty. */
  newestStartMs(list: number): number {
    return this.#newest[list] as number;
  }

  /** Stands the reader before the first row; `isBefore` tells whether it is before the end, `read` reads on. */
  begin(list: number): PackedReader {
    const { reader } = this.codec;
    const at = list * fields;
    const address = this.#lists[at + addressField] as number;
    reader.bytes = this.#pages.page(address) ?? reader.bytes;
    reader.at = this.#pages.offset(address) + (this.#lists[at + fromField] as number);
    return reader;
  }

  /** Where the reader stands when all rows are read. */
  end(list: number): number {
    const at = list * fields;
    return this.#pages.offset(this.#lists[at + addressField] as number) + (this.#lists[at + toField] as number);
  }

  /** Reads the row at which the reader stands. */
  read(list: number, row: Float64Array): void {
    this.codec.reader.whole();
    this.codec.read(list % this.#levels, row);
  }

  /** Puts a row in its place; one that begins with it is replaced. */
  put(list: number, row: Float64Array): void {
    const startMs = row[startAt] as number;
    if (startMs > (this.#newest[list] as number)) {
      this.#newest[list] = startMs;
      const at = list * fields;
      const size = (this.#lists[at + toField] as number) - (this.#lists[at + fromField] as number);
      this.#splice(list, size, 0, row);
      return;
    }
    const place = this.#find(list, startMs);
    this.#splice(list, place.at, place.length, row);
  }

  /** Takes the first row away, which has just been read: the reader stands behind it. */
  dropFirst(list: number): void {
    const at = list * fields;
    this.#lists[at + fromField] = this.codec.reader.at - this.#pages.offset(this.#lists[at + addressField] as number);
  }

  /** The packed rows of a list. */
  bytes(list: number): Uint8Array {
    const reader = this.begin(list);
    return reader.bytes.subarray(reader.at, this.end(list));
  }

  /** Puts packed rows into an empty list. */
  restore(list: number, bytes: Uint8Array, newestStartMs: number): void {
    this.#resize(list, bytes.length);
    const at = list * fields;
    const address = this.#lists[at + addressField] as number;
    this.#pages.page(address).set(bytes, this.#pages.offset(address));
    this.#lists[at + toField] = bytes.length;
    this.#newest[list] = newestStartMs;
  }

  /** Where the row that begins at `startMs` stands, or would stand, behind the first one; its length, or 0. */
  #find(list: number, startMs: number): { readonly at: number; readonly length: number } {
    const level = list % this.#levels;
    const reader = this.begin(list);
    const first = reader.at;
    const end = this.end(list);
    while (reader.at < end) {
      const at = reader.at;
      const length = reader.whole();
      const next = reader.at + length;
      reader.at += 2;
      const rowStartMs = this.codec.readStart(level);
      if (rowStartMs === startMs) return { at: at - first, length: next - at };
      if (rowStartMs > startMs) return { at: at - first, length: 0 };
      reader.at = next;
    }
    return { at: end - first, length: 0 };
  }

  /** Puts a row in the place of `length` bytes at `place`, counted from the first row. */
  #splice(list: number, place: number, length: number, row: Float64Array): void {
    const { writer } = this.codec;
    writer.length = 0;
    this.codec.write(list % this.#levels, row);
    const rowLength = writer.length;
    writer.whole(rowLength);
    const prefix = writer.length - rowLength;
    const more = writer.length - length;
    const at = list * fields;
    this.#makeRoom(list, more);
    const address = this.#lists[at + addressField] as number;
    const page = this.#pages.page(address);
    const offset = this.#pages.offset(address);
    const from = offset + (this.#lists[at + fromField] as number) + place;
    const to = offset + (this.#lists[at + toField] as number);
    if (from + length < to && more !== 0) page.copyWithin(from + length + more, from + length, to);
    for (let index = 0; index < prefix; index += 1) page[from + index] = writer.bytes[rowLength + index] as number;
    for (let index = 0; index < rowLength; index += 1) page[from + prefix + index] = writer.bytes[index] as number;
    this.#lists[at + toField] = to + more - offset;
  }

  /** Room for `more` bytes behind the last row: moved to the front of the block, or into another one. */
  #makeRoom(list: number, more: number): void {
    const at = list * fields;
    const from = this.#lists[at + fromField] as number;
    const to = this.#lists[at + toField] as number;
    const size = this.#lists[at + sizeField] as number;
    if (to + more <= size) return;
    const wanted = to - from + more;
    // So much air that the rows are not moved for each one that comes.
    if (wanted * 8 > size * 7 || wanted * 3 < size) return this.#resize(list, wanted + (wanted >> 3) + 8);
    const address = this.#lists[at + addressField] as number;
    const offset = this.#pages.offset(address);
    this.#pages.page(address).copyWithin(offset, offset + from, offset + to);
    this.#lists[at + fromField] = 0;
    this.#lists[at + toField] = to - from;
  }

  #resize(list: number, wanted: number): void {
    const at = list * fields;
    const size = this.#lists[at + sizeField] as number;
    const larger = this.#pages.sizeFor(wanted);
    const address = this.#pages.take(larger);
    const rows = this.#lists[at + toField] === 0 ? undefined : this.bytes(list);
    if (rows !== undefined) this.#pages.page(address).set(rows, this.#pages.offset(address));
    if (size > 0) this.#pages.giveBack(this.#lists[at + addressField] as number, size);
    this.#lists[at + addressField] = address;
    this.#lists[at + fromField] = 0;
    this.#lists[at + toField] = rows?.length ?? 0;
    this.#lists[at + sizeField] = larger;
  }
}
