/** A partition of the log that `repartition.ts` copies: what has a key is handed on, and a barrier stops it. */
import { feedTopic } from '@tapeline/core/topics';
import type { LogRecord, MarketLog } from '@tapeline/log/market-log';
import { type Barrier, barrierOf } from './feed-barrier.ts';

export class RepartitionSource {
  head: Barrier | undefined;
  readonly partition: number;
  readonly lowOffset: number;
  readonly #log: MarketLog;
  #nextOffset: number;
  #toOffset: number;
  #records: AsyncGenerator<LogRecord, void, void> | undefined;

  constructor(log: MarketLog, partition: number, lowOffset: number) {
    this.#log = log;
    this.partition = partition;
    this.lowOffset = lowOffset;
    this.#nextOffset = lowOffset;
    this.#toOffset = lowOffset;
  }

  get done(): number {
    return this.#nextOffset - this.lowOffset;
  }

  /** Also what retention takes while it is copied. */
  get total(): number {
    return this.#toOffset - this.lowOffset;
  }

  growTo(highWatermark: number): boolean {
    const grew = highWatermark > this.#toOffset;
    this.#toOffset = highWatermark;
    return grew;
  }

  /** `undefined` at a barrier, and at the end. Records that nobody can use stay behind. */
  async next(): Promise<LogRecord | undefined> {
    this.#records ??= this.#read();
    for (;;) {
      const { value: record } = await this.#records.next();
      if (record === undefined) return undefined;
      this.#nextOffset = record.offset + 1;
      if (record.key !== undefined && record.value !== undefined) return record;
      this.head = record.key === undefined ? barrierOf(record.value) : undefined;
      if (this.head !== undefined) return undefined;
    }
  }

  passBarriers(isWritten: (barrier: Barrier) => boolean): void {
    if (this.head !== undefined && isWritten(this.head)) this.head = undefined;
  }

  async close(): Promise<void> {
    await this.#records?.return();
    this.#records = undefined;
  }

  async *#read(): AsyncGenerator<LogRecord, void, void> {
    if (this.#nextOffset >= this.#toOffset) return;
    const place = { topic: feedTopic.name, partition: this.partition };
    for await (const batch of this.#log.read({ ...place, fromOffset: this.#nextOffset, toOffset: this.#toOffset })) yield* batch.records;
  }
}
