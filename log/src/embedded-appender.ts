/** Appends of the embedded log: every append of one turn of the event loop goes into one transaction. */
import { PipelineError } from '@tapeline/core/errors';
import type { EmbeddedRecords, TopicRow } from './embedded-records.ts';
import type { Append } from './market-log.ts';
import type { RecordBlock } from './record-block.ts';

interface Target {
  readonly topic: string;
  readonly partition: number;
}

type Insert = (target: Target, key: string | Uint8Array | undefined, value: Uint8Array | undefined) => void;

/** One call of `append` or `appendBlocks`. */
interface Waiting {
  readonly targets: readonly Target[];
  readonly records: number;
  each(insert: Insert): void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A partition as it stands in memory; moved only by what is durable. */
interface Tail {
  readonly topic: string;
  readonly topicId: number;
  readonly partition: number;
  nextOffset: number;
}

/** What a transaction added to a partition. */
export interface GrownTail {
  readonly topicId: number;
  readonly partition: number;
  readonly fromOffset: number;
  /** Exclusive. */
  readonly toOffset: number;
}

export interface EmbeddedAppenderOptions {
  readonly records: EmbeddedRecords;
  readonly now: () => number;
  /** Called after each transaction with each partition that grew. */
  readonly grown?: ((topic: string, tail: GrownTail) => void) | undefined;
  /** Called after each transaction with the topics that grew. */
  readonly appended: (topics: ReadonlySet<string>) => void;
  readonly failure: (error: unknown) => unknown;
}

/** An append larger than this gets a transaction of its own; smaller ones share one up to this. */
const transactionRecords = 20_000;

export class EmbeddedAppender {
  readonly #options: EmbeddedAppenderOptions;
  readonly #tails = new Map<string, readonly Tail[]>();
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(options: EmbeddedAppenderOptions) {
    this.#options = options;
  }

  /** Makes a topic known; again, after it was created. */
  addTopic(topic: TopicRow): void {
    if (this.#tails.has(topic.name)) return;
    const tails = topic.partitions.map(({ partition, highWatermark }) => ({
      topic: topic.name,
      topicId: topic.id,
      partition,
      nextOffset: highWatermark,
    }));
    this.#tails.set(topic.name, tails);
  }

  append(entries: readonly Append[]): Promise<void> {
    return this.#wait(entries, entries.length, insert => {
      for (const entry of entries) insert(entry, entry.key, entry.value);
    });
  }

  appendBlocks(blocks: readonly RecordBlock[]): Promise<void> {
    const records = blocks.reduce((sum, { count }) => sum + count, 0);
    return this.#wait(blocks, records, insert => {
      for (const block of blocks) insertBlock(block, insert);
    });
  }

  /** Writes what waits; afterwards nothing does. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commit(this.#takeGroup());
  }

  #wait(targets: readonly Target[], records: number, each: Waiting['each']): Promise<void> {
    for (const { topic, partition } of targets) this.#tail(topic, partition);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ targets, records, each, resolve, reject });
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#waiting.length === 0) return;
      this.#commit(this.#takeGroup());
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #takeGroup(): readonly Waiting[] {
    let count = 0;
    let records = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && records + waiting.records > transactionRecords) break;
      count += 1;
      records += waiting.records;
    }
    return this.#waiting.splice(0, count);
  }

  #commit(group: readonly Waiting[]): void {
    const nextOffsets = new Map<Tail, number>();
    try {
      this.#options.records.transaction(() => this.#write(group, nextOffsets));
    } catch (error) {
      const failure = this.#options.failure(error);
      for (const { reject } of group) reject(failure);
      return;
    }
    for (const [tail, toOffset] of nextOffsets) {
      const { topic, topicId, partition, nextOffset: fromOffset } = tail;
      tail.nextOffset = toOffset;
      this.#options.grown?.(topic, { topicId, partition, fromOffset, toOffset });
    }
    for (const { resolve } of group) resolve();
    this.#options.appended(new Set(group.flatMap(({ targets }) => targets.map(({ topic }) => topic))));
  }

  #write(group: readonly Waiting[], nextOffsets: Map<Tail, number>): void {
    const { records, now } = this.#options;
    const appendTimeMs = now();
    for (const waiting of group) {
      waiting.each(({ topic, partition }, key, value) => {
        const tail = this.#tail(topic, partition);
        const offset = nextOffsets.get(tail) ?? tail.nextOffset;
        records.insert({ topicId: tail.topicId, partition, offset, key, value }, appendTimeMs);
        nextOffsets.set(tail, offset + 1);
      });
    }
    for (const [{ topicId, partition }, nextOffset] of nextOffsets) records.moveNextOffset(topicId, partition, nextOffset);
  }

  #tail(topic: string, partition: number): Tail {
    const tail = this.#tails.get(topic)?.[partition];
    if (tail !== undefined) return tail;
    throw new PipelineError('log.unavailable', `topic ${topic} has no partition ${partition}: create it first`, {
      retriable: false,
      fields: { topic, partition },
    });
  }
}

function insertBlock(block: RecordBlock, insert: Insert): void {
  const cursor = block.cursor();
  while (cursor.next()) {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    const key = keyStart < 0 ? undefined : bytes.subarray(keyStart, keyEnd);
    insert(block, key, valueStart < 0 ? undefined : bytes.subarray(valueStart, valueEnd));
  }
}
