/** Which partition of `market-data.bars` a symbol's bars go to, remembered by the number of the symbol in its fold; and the blocks for them. */
import { partitionOf } from '@tapeline/core/partitioner';
import { barsTopic } from '@tapeline/core/topics';
import { RecordBlock } from '@tapeline/log/record-block';

/** Sets of empty blocks that are kept, with the memory that they took. */
const mostSpare = 2;

export class BarPartitions {
  readonly count: number;
  readonly #bySlot: number[] = [];
  readonly #spare: (readonly RecordBlock[])[] = [];

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

  /** Empty blocks, one for each partition. */
  takeBlocks(): readonly RecordBlock[] {
    return this.#spare.pop() ?? Array.from({ length: this.count }, (_, partition) => new RecordBlock({ topic: barsTopic.name, partition }));
  }

  /** Gives them back, when all that they hold was appended. */
  giveBlocks(blocks: readonly RecordBlock[]): void {
    for (const block of blocks) block.clear();
    if (this.#spare.length < mostSpare) this.#spare.push(blocks);
  }
}
