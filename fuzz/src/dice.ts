/** Choices that a seed and a place decide: the same input again, whatever came before it. */
import { mixed, randomOf, textNumber } from '@tapeline/simulator/market/random';

export class Dice {
  readonly #random: () => number;

  /** @param parts what the choices depend on */
  constructor(...parts: readonly (number | string)[]) {
    this.#random = randomOf(mixed(...parts.map(part => (typeof part === 'string' ? textNumber(part) : part))));
  }

  /** A number in [0, 1). */
  share(): number {
    return this.#random();
  }

  /** A whole number from 0, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  isOneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  /** @throws RangeError for a list without items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined && items.length === 0) throw new RangeError('nothing can be picked of an empty list');
    return item as T;
  }

  /** A list of `make`, its length from `least` to `most`. */
  list<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.between(least, most) }, (_, index) => make(index));
  }

  /** The value, or nothing, as often. */
  maybe<T>(make: () => T): T | undefined {
    return this.isOneIn(2) ? make() : undefined;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
