/** Which partition of `market-data.bars` a symbol's bars go to, remembered by the number of the symbol in its fold. */
import { partitionOf } from '@tapeline/core/partitioner';

export class BarPartitions {
  readonly count: number;
  readonly #bySlot: number[] = [];

  constructor(count: number) {
    this.count = count;
  }

  /** The partition of the symbol with this number, once `remember` was told of it. */
  of(slot: number): number | undefined {
    return this.#bySlot[slot];
  }

  remember(slot: number, symbol: string): number {
    const partition = partitionOf(symbol, this.count);
    this.#bySlot[slot] = partition;
    return partition;
  }
}
