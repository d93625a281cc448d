/** Lists of windows as packed bytes, in the order of `startMs`: what the fold keeps but seldom reads. */
import { ByteChains } from './byte-chains.ts';
import { enlarged, moreThan } from './growing.ts';
import type { PackedReader } from './packed-bytes.ts';
import type { WindowCodec } from './window-codec.ts';
import { startAt } from './window-row.ts';

export class PackedWindows {
  readonly #codec: WindowCodec;
  readonly #levels: number;
  readonly #chains = new ByteChains();
  /** By list: the start of its newest window. */
  #newest = new Float64Array(64).fill(Number.NEGATIVE_INFINITY);
  /** A row with its length before it, and what stands behind a row that changes. */
  #spliced = new Uint8Array(1_024);

  constructor(codec: WindowCodec, levels: number) {
    this.#codec = codec;
    this.#levels = levels;
  }

  reserve(count: number): void {
    this.#chains.reserve(count);
    if (count <= this.#newest.length) return;
    const length = Math.max(count, moreThan(this.#newest.length));
    this.#newest = enlarged(this.#newest, new Float64Array(length).fill(Number.NEGATIVE_INFINITY));
  }

  isEmpty(list: number): boolean {
    return this.#chains.isEmpty(list);
  }

  /** −∞ when the list was never used. */
  newestStartMs(list: number): number {
    return this.#newest[list] as number;
  }

  /** Stands the reader before the first row; gives where it stands when all rows are read. */
  begin(list: number): number {
    const end = this.#chains.gather(list);
    const { reader } = this.#codec;
    reader.bytes = this.#chains.gathered;
    reader.at = this.#chains.begin(list);
    return end;
  }

  get reader(): PackedReader {
    return this.#codec.reader;
  }

  /** Reads the row at which the reader stands. */
  read(list: number, row: Float64Array): void {
    this.#codec.reader.whole();
    this.#codec.read(list % this.#levels, row);
  }

  /** Reads of the row at which the reader stands only its start and prices, and goes on behind it. */
  readPrices(list: number, row: Float64Array): void {
    const { reader } = this.#codec;
    const length = reader.whole();
    const next = reader.at + length;
    this.#codec.readPrices(list % this.#levels, row);
    reader.at = next;
  }

  /** Takes the rows away that stand before `end` for the reader. */
  dropTo(list: number, end: number): void {
    const count = end - this.#chains.begin(list);
    if (count > 0) this.#chains.drop(list, count);
  }

  /** Puts a row in its place; one that begins with it is replaced. */
  put(list: number, row: Float64Array): void {
    const startMs = row[startAt] as number;
    if (startMs <= (this.#newest[list] as number)) return this.#putBetween(list, row);
    this.#newest[list] = startMs;
    this.#chains.append(list, this.#spliced, this.#pack(list, row, 0));
  }

  /** The packed rows of a list; not to be kept. */
  bytes(list: number): Uint8Array {
    const end = this.begin(list);
    return this.#chains.gathered.subarray(this.#chains.begin(list), end);
  }

  /** Puts packed rows into an empty list. */
  restore(list: number, bytes: Uint8Array, newestStartMs: number): void {
    this.#newest[list] = newestStartMs;
    if (bytes.length > 0) this.#chains.append(list, bytes, bytes.length);
  }

  /** Writes a list anew with a row in its place. */
  #putBetween(list: number, row: Float64Array): void {
    const end = this.begin(list);
    const from = this.reader.at;
    const place = this.#find(list, row[startAt] as number, end);
    const { gathered } = this.#chains;
    const tail = place.at + place.length;
    while (this.#spliced.length < end - from + 1_024) this.#spliced = new Uint8Array(2 * this.#spliced.length);
    for (let index = from; index < place.at; index += 1) this.#spliced[index - from] = gathered[index] as number;
    let to = this.#pack(list, row, place.at - from);
    for (let index = tail; index < end; index += 1, to += 1) this.#spliced[to] = gathered[index] as number;
    this.#chains.clear(list);
    this.#chains.append(list, this.#spliced, to);
  }

  /** Where among the gathered rows the one that begins at `startMs` stands, or would stand; its length, or 0. */
  #find(list: number, startMs: number, end: number): { readonly at: number; readonly length: number } {
    const { reader } = this.#codec;
    while (reader.at < end) {
      const at = reader.at;
      const length = reader.whole();
      const next = reader.at + length;
      const rowStartMs = this.#codec.readStart(list % this.#levels);
      if (rowStartMs === startMs) return { at, length: next - at };
      if (rowStartMs > startMs) return { at, length: 0 };
      reader.at = next;
    }
    return { at: end, length: 0 };
  }

  /** Packs a row with its length before it into `#spliced`; gives its end. */
  #pack(list: number, row: Float64Array, at: number): number {
    const { writer } = this.#codec;
    writer.length = 0;
    this.#codec.write(list % this.#levels, row);
    const rowLength = writer.length;
    writer.whole(rowLength);
    let to = at;
    for (let index = rowLength; index < writer.length; index += 1, to += 1) this.#spliced[to] = writer.bytes[index] as number;
    for (let index = 0; index < rowLength; index += 1, to += 1) this.#spliced[to] = writer.bytes[index] as number;
    return to;
  }
}
