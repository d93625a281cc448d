/** Symbols by their names: dense slots in the order of arrival, the same in the engine, which finds them by their bytes. */
import type { FoldEngine } from './fold-engine.ts';

const encoder = new TextEncoder();
/** What stands in a record as it is: printable ASCII without quotes and backslashes. */
const plainName = /^[ !#-[\]-~]{1,64}$/;

export class SymbolNames {
  readonly #engine: FoldEngine;
  readonly #names: string[] = [];
  readonly #slots = new Map<string, number>();
  readonly #keys: Uint8Array[] = [];

  constructor(engine: FoldEngine) {
    this.#engine = engine;
  }

  get size(): number {
    return this.#names.length;
  }

  /** The slot of a symbol, or −1. */
  slotOf(name: string): number {
    return this.#slots.get(name) ?? -1;
  }

  /** Adds a symbol that is not there yet; gives its slot. */
  add(name: string): number {
    const key = encoder.encode(name);
    const json = encoder.encode(JSON.stringify(name));
    const at = this.#engine.functions.exchangeAt(key.length + json.length);
    this.#engine.bytes.set(key, at);
    this.#engine.bytes.set(json, at + key.length);
    const slot = this.#engine.functions.addSymbol(key.length, json.length, plainName.test(name));
    this.#names.push(name);
    this.#slots.set(name, slot);
    return slot;
  }

  /** @throws RangeError for a slot that was never given out. */
  name(slot: number): string {
    const name = this.#names[slot];
    if (name === undefined) throw new RangeError(`slot must be below ${this.size}, was ${slot}`);
    return name;
  }

  /** The symbol's UTF-8 bytes: the key of its records. Not to be written to. */
  keyBytes(slot: number): Uint8Array {
    const known = this.#keys[slot];
    if (known !== undefined) return known;
    const key = encoder.encode(this.name(slot));
    this.#keys[slot] = key;
    return key;
  }

  /** All of them, in the order in which the log named them. */
  all(): readonly string[] {
    return [...this.#names];
  }
}
