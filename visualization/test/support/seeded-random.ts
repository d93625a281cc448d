/** Random numbers that are the same for the same seed. */
import { randomOf } from '@tapeline/simulator/market/random';

export class SeededRandom {
  /** From 0 up to 1, exclusive. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = randomOf(seed);
  }

  /** A whole number from 0 to `end`, exclusive. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  isOneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
