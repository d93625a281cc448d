/** Packs records of the load into blocks of the log's own bytes, one for each partition, at the cost of a few copies. */
import { feedTopic } from '@tapeline/core/topics';
import { RecordBlock } from '@tapeline/log/record-block';
import type { LoadRecord } from './load.ts';

export class LoadBlocks {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #encoder = new TextEncoder();
  #value = new Uint8Array(4_096);
  #blocks: RecordBlock[] = [];
  #count = 0;

  /** Records since the last `take`. */
  get count(): number {
    return this.#count;
  }

  add({ partition, key, value }: LoadRecord): void {
    if (this.#value.length < value.length * 3) this.#value = new Uint8Array(value.length * 4);
    const { written } = this.#encoder.encodeInto(value, this.#value);
    this.#block(partition).add(key === undefined ? undefined : this.#keyOf(key), this.#value, 0, written);
    this.#count += 1;
  }

  /** What was added, for the log to append; the next records go into new blocks. */
  take(): readonly RecordBlock[] {
    const blocks = this.#blocks.filter(block => block !== undefined);
    this.#blocks = [];
    this.#count = 0;
    return blocks;
  }

  #block(partition: number): RecordBlock {
    const block = this.#blocks[partition] ?? new RecordBlock({ topic: feedTopic.name, partition });
    this.#blocks[partition] = block;
    return block;
  }

  #keyOf(key: string): Uint8Array {
    const bytes = this.#keys.get(key) ?? this.#encoder.encode(key);
    this.#keys.set(key, bytes);
    return bytes;
  }
}
