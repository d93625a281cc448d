/** Appends of the embedded log: every append of one turn of the event loop goes into one transaction. */
import { PipelineError } from '@tapeline/core/errors';
import type { EmbeddedRecords, TopicRow } from './embedded-records.ts';
import type { Append } from './market-log.ts';

interface Waiting {
  readonly entries: readonly Append[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A partition as it stands in memory; moved only by what is durable. */
interface Tail {
  readonly topicId: number;
  readonly partition: number;
  nextOffset: number;
}

export interface EmbeddedAppenderOptions {
  readonly records: EmbeddedRecords;
  readonly now: () => number;
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
    const tails = topic.partitions.map(({ partition, highWatermark }) => ({ topicId: topic.id, partition, nextOffset: highWatermark }));
    this.#tails.set(topic.name, tails);
  }

  append(entries: readonly Append[]): Promise<void> {
    for (const { topic, partition } of entries) this.#tail(topic, partition);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entries, resolve, reject });
    this.#schedule();
    return promise;
  }

  /** Writes what waits; afterwards nothing does. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commit(this.#takeGroup());
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
    for (const { entries } of this.#waiting) {
      if (count > 0 && records + entries.length > transactionRecords) break;
      count += 1;
      records += entries.length;
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
    for (const [tail, nextOffset] of nextOffsets) tail.nextOffset = nextOffset;
    for (const { resolve } of group) resolve();
    this.#options.appended(new Set(group.flatMap(({ entries }) => entries.map(entry => entry.topic))));
  }

  #write(group: readonly Waiting[], nextOffsets: Map<Tail, number>): void {
    const { records, now } = this.#options;
    const appendTimeMs = now();
    for (const { entries } of group) {
      for (const { topic, partition, key, value } of entries) {
        const tail = this.#tail(topic, partition);
        const offset = nextOffsets.get(tail) ?? tail.nextOffset;
        records.insert({ topicId: tail.topicId, partition, offset, key, value }, appendTimeMs);
        nextOffsets.set(tail, offset + 1);
      }
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
