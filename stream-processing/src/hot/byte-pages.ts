/** Blocks of bytes of a few sizes, cut from large pages and used again when they are given back: memory for many small lists. */

const pageSize = 1 << 20;
const smallest = 32;

/** 32, 48, 64, 80, 96, 112, 128, 160 …: eight (or four) sizes to a doubling, so at most an eighth is unused on average. */
function sizeFor(wanted: number): number {
  if (wanted <= smallest) return smallest;
  const step = Math.max(16, 2 ** (Math.floor(Math.log2(wanted)) - 2));
  return Math.ceil(wanted / step) * step;
}

export class BytePages {
  readonly #pages: Uint8Array[] = [];
  /** Given back: by size, addresses. */
  readonly #free = new Map<number, number[]>();
  /** End of what is used of the page that is being cut. */
  #cut = pageSize;
  #cutPage = -1;

  /** The size that a block for so many bytes has. */
  sizeFor(wanted: number): number {
    return sizeFor(wanted);
  }

  /** A block of a size that `sizeFor` gave: its address. */
  take(size: number): number {
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) return free;
    if (size > pageSize / 4) return this.#newPage(size);
    if (this.#cut + size > pageSize) {
      this.#cutPage = this.#newPage(pageSize) / pageSize;
      this.#cut = 0;
    }
    this.#cut += size;
    return this.#cutPage * pageSize + this.#cut - size;
  }

  giveBack(address: number, size: number): void {
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [address]);
    else free.push(address);
  }

  /** The page of an address, and where it is in it. */
  page(address: number): Uint8Array {
    return this.#pages[Math.floor(address / pageSize)] as Uint8Array;
  }

  offset(address: number): number {
    return address % pageSize;
  }

  /** A page of its own, for at least so many bytes. */
  #newPage(size: number): number {
    const address = this.#pages.length * pageSize;
    this.#pages.push(new Uint8Array(Math.max(size, pageSize)));
    return address;
  }
}
