/** Symbols by their bytes: open addressing from the UTF-8 bytes in a record to a dense slot number. */

const noSlot = -1;
const encoder = new TextEncoder();

/** Slots are given out from 0 upwards and never taken back, so they can be rows of other tables. */
export class SymbolTable {
  readonly #names: string[] = [];
  readonly #keys: Uint8Array[] = [];
  readonly #texts: Uint8Array[] = [];
  /** Names that UTF-8 cannot tell apart (lone surrogates): never found by bytes. */
  readonly #oddNames = new Map<string, number>();
  /** The bytes of all symbols, one after the other; where each begins, with one more entry for the end of the last. */
  #pool: Uint8Array = new Uint8Array(1_024);
  #starts = new Int32Array(65);
  /** Pairs of hash and slot. */
  #cells = new Int32Array(256).fill(noSlot);
  #mask = 127;

  get size(): number {
    return this.#names.length;
  }

  /** The slot of the symbol whose bytes are `bytes[start, end)`, or −1. */
  slotOf(bytes: Uint8Array, start: number, end: number): number {
    const cells = this.#cells;
    const mask = this.#mask;
    const hash = hashOf(bytes, start, end);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = cells[2 * at + 1] as number;
      if (slot === noSlot) return noSlot;
      if (cells[2 * at] === hash && this.#holds(slot, bytes, start, end)) return slot;
    }
  }

  /** The slot of a symbol by its name, or −1. */
  slotOfName(name: string): number {
    if (!name.isWellFormed()) return this.#oddNames.get(name) ?? noSlot;
    const bytes = encoder.encode(name);
    return this.slotOf(bytes, 0, bytes.length);
  }

  /** The slot of the symbol whose UTF-8 bytes are `bytes[start, end)`, a new one when it has none yet. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const slot = this.slotOf(bytes, start, end);
    return slot === noSlot ? this.#append(new TextDecoder().decode(bytes.subarray(start, end)), bytes.slice(start, end)) : slot;
  }

  /** The slot of a symbol by its name, a new one when it has none yet. */
  addName(name: string): number {
    const slot = this.slotOfName(name);
    return slot === noSlot ? this.#append(name, encoder.encode(name)) : slot;
  }

  /** @throws RangeError for a slot that was never given out. */
  name(slot: number): string {
    const name = this.#names[slot];
    if (name === undefined) throw new RangeError(`slot must be below ${this.size}, was ${slot}`);
    return name;
  }

  /** The symbol's UTF-8 bytes: the key of its records. Not to be written to. */
  keyBytes(slot: number): Uint8Array {
    return this.#keys[slot] as Uint8Array;
  }

  /** The symbol as a JSON string, quotes included. Not to be written to. */
  jsonBytes(slot: number): Uint8Array {
    return this.#texts[slot] as Uint8Array;
  }

  #holds(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[slot] as number;
    const length = end - start;
    if ((this.#starts[slot + 1] as number) - from !== length) return false;
    const pool = this.#pool;
    for (let index = 0; index < length; index += 1) {
      if (pool[from + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  #append(name: string, key: Uint8Array): number {
    const slot = this.#names.length;
    if (2 * (slot + 1) > this.#mask) this.#grow();
    this.#names.push(name);
    this.#keys.push(key);
    this.#texts.push(encoder.encode(JSON.stringify(name)));
    const isOdd = !name.isWellFormed();
    this.#store(slot, isOdd ? key.subarray(0, 0) : key);
    if (isOdd) this.#oddNames.set(name, slot);
    else this.#enter(hashOf(key, 0, key.length), slot);
    return slot;
  }

  #store(slot: number, key: Uint8Array): void {
    const from = this.#starts[slot] as number;
    if (slot + 2 > this.#starts.length) this.#starts = enlarged(this.#starts, new Int32Array(2 * slot + 2));
    while (from + key.length > this.#pool.length) this.#pool = enlarged(this.#pool, new Uint8Array(2 * this.#pool.length));
    this.#pool.set(key, from);
    this.#starts[slot + 1] = from + key.length;
  }

  #enter(hash: number, slot: number): void {
    let at = hash & this.#mask;
    while (this.#cells[2 * at + 1] !== noSlot) at = (at + 1) & this.#mask;
    this.#cells[2 * at] = hash;
    this.#cells[2 * at + 1] = slot;
  }

  #grow(): void {
    const old = this.#cells;
    this.#cells = new Int32Array(2 * old.length).fill(noSlot);
    this.#mask = this.#cells.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      const slot = old[at + 1] as number;
      if (slot !== noSlot) this.#enter(old[at] as number, slot);
    }
  }
}

function enlarged<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let index = start; index < end; index += 1) hash = Math.imul(hash, 31) + (bytes[index] as number);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
