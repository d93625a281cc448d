/**
 * Copies the feed's log into one with another number of partitions, while it grows, until it rests.
 *
 * Records without a key (session, heartbeat, gap, alert-rules) stand in every partition in the same order: they are barriers. Each
 * partition is copied up to its next one, then that is written once to every new partition, and so on: a symbol's records keep their
 * order, and their place between the barriers. What an append that broke off left in some partitions only is taken when it is the oldest.
 *
 * A run that was interrupted goes on: the barriers of a new partition say how far it is, and the records of each symbol after the last
 * one say how many of the next are there. That counts from the source's first records, so a source that has forgotten some since is refused.
 */
import { PipelineError } from '@tapeline/core/errors';
import { partitionOf } from '@tapeline/core/partitioner';
import { pause } from '@tapeline/core/pause';
import { feedTopic } from '@tapeline/core/topics';
import type { Append, LogRecord, MarketLog } from '@tapeline/log/market-log';
import { type Barrier, barrierOf, earliest } from './feed-barrier.ts';

export interface RepartitionOptions {
  /** Only read. */
  readonly source: MarketLog;
  /** Its topics are there. Nobody else writes to its feed. */
  readonly target: MarketLog;
  /**
   * Goes on although the source no longer begins where it once did: the copy lacks what is gone, and a rebuild from it its bars.
   * @default false
   */
  readonly shorter?: boolean;
  /** The source rests when it has not grown for so long: its ingester was stopped. @default 5,000 */
  readonly quietMs?: number;
  readonly progress?: (soFar: RepartitionProgress) => void;
  readonly signal: AbortSignal;
}

export interface RepartitionProgress {
  /** Records of the source that this run has been through, and those that there are. */
  readonly done: number;
  readonly total: number;
}

export interface Repartition {
  /** Records written by this run. */
  readonly written: number;
  /** Records that the source no longer had when this run began. */
  readonly forgotten: number;
  readonly outcome: 'interrupted' | 'copied';
}

/** Copies until the source rests. @throws PipelineError `usage`, `log.unavailable`, `record.newer`. */
export async function repartition(options: RepartitionOptions): Promise<Repartition> {
  const target = await CopyTarget.opened(options.target);
  const copy = new FeedCopy(options, target);
  return { outcome: await copy.run(), written: target.written, forgotten: copy.forgotten };
}

class FeedCopy {
  readonly #options: RepartitionOptions;
  readonly #target: CopyTarget;
  readonly #partitions = new Map<number, SourcePartition>();
  #total = 0;

  constructor(options: RepartitionOptions, target: CopyTarget) {
    this.#options = options;
    this.#target = target;
  }

  get forgotten(): number {
    return [...this.#partitions.values()].reduce((sum, { lowOffset }) => sum + lowOffset, 0);
  }

  async run(): Promise<Repartition['outcome']> {
    const { signal, quietMs = 5_000 } = this.#options;
    let grewMs = performance.now();
    while (!signal.aborted) {
      if (await this.#look()) {
        await this.#pass(false);
        grewMs = performance.now();
      } else if (performance.now() - grewMs >= quietMs) {
        await this.#pass(true);
        if (signal.aborted) return 'interrupted';
        this.#target.refuseUnmet();
        return 'copied';
      }
      await pause(200, signal);
    }
    return 'interrupted';
  }

  /** Where each partition ends now; true when one has grown. */
  async #look(): Promise<boolean> {
    const { source, shorter = false } = this.#options;
    const ranges = await source.offsets(feedTopic.name);
    let grew = false;
    for (const { partition, lowOffset, highWatermark } of ranges) {
      const known = this.#partitions.get(partition) ?? new SourcePartition(source, partition, lowOffset);
      if (known.lowOffset > 0 && !shorter) throw beginsLate(known);
      this.#partitions.set(partition, known);
      grew = known.growTo(highWatermark) || grew;
    }
    this.#total = [...this.#partitions.values()].reduce((sum, { total }) => sum + total, 0);
    return grew;
  }

  /** Before the end a partition that has no barrier yet may still get one, so nothing goes past it. */
  async #pass(isEnd: boolean): Promise<void> {
    const partitions = [...this.#partitions.values()];
    try {
      while (!this.#options.signal.aborted) {
        for (const partition of partitions) await this.#copyUpToBarrier(partition);
        const heads = partitions.flatMap(({ head }) => (head === undefined ? [] : [head]));
        if (heads.length === 0 || (heads.length < partitions.length && !isEnd)) break;
        await this.#target.barrier(earliest(heads), heads);
        for (const partition of partitions) partition.passBarriers(barrier => this.#target.hasJustWritten(barrier));
        this.#tell(partitions);
      }
      await this.#target.flush();
    } finally {
      await Promise.all(partitions.map(partition => partition.close()));
    }
    this.#tell(partitions);
  }

  async #copyUpToBarrier(partition: SourcePartition): Promise<void> {
    while (partition.head === undefined) {
      const record = await partition.next();
      if (record === undefined) return;
      await this.#target.keyed(record);
    }
  }

  #tell(partitions: readonly SourcePartition[]): void {
    this.#options.progress?.({ done: partitions.reduce((sum, { done }) => sum + done, 0), total: this.#total });
  }
}

/** One partition of the source: what has a key is handed on, and a barrier stops it. */
class SourcePartition {
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

const flushBytes = 1_048_576;
/** A barrier that an append left in some partitions later than in others is known by its bytes. */
const rememberedBarriers = 64;

interface Written {
  barriers: number;
  /** Of each key, after the last barrier. */
  readonly records: Map<string, number>;
}

/** The new partitions, and what a former run wrote to them. */
class CopyTarget {
  written = 0;
  readonly #log: MarketLog;
  readonly #there: Written[] = [];
  /** Of each key, and of barriers under `undefined`: what a former run wrote first, until this one has met it. */
  readonly #firsts = new Map<string | undefined, string>();
  readonly #recent: string[] = [];
  #barriers = 0;
  #pending: Append[] = [];
  #pendingBytes = 0;

  private constructor(log: MarketLog) {
    this.#log = log;
  }

  static async opened(log: MarketLog): Promise<CopyTarget> {
    const target = new CopyTarget(log);
    for (const { partition, lowOffset, highWatermark: toOffset } of await log.offsets(feedTopic.name)) {
      if (lowOffset > 0) throw usage('the copy has lost its first records already: begin another one, in topics of another prefix');
      const state: Written = { barriers: 0, records: new Map() };
      target.#there[partition] = state;
      if (toOffset === 0) continue;
      for await (const { records } of log.read({ topic: feedTopic.name, partition, fromOffset: 0, toOffset })) {
        for (const record of records) target.#find(state, record);
      }
    }
    return target;
  }

  async keyed({ key, value }: LogRecord): Promise<void> {
    if (key === undefined || value === undefined) return;
    const name = text(key);
    this.#meet(name, value);
    const partition = partitionOf(name, this.#there.length);
    const there = this.#there[partition];
    if (there === undefined || this.#barriers < there.barriers) return;
    const before = this.#barriers === there.barriers ? (there.records.get(name) ?? 0) : 0;
    if (before > 0) there.records.set(name, before - 1);
    else await this.#write({ topic: feedTopic.name, partition, key: name, value });
  }

  /** Writes it to every partition, unless it is one that came late and was written before. */
  async barrier(barrier: Barrier, heads: readonly Barrier[]): Promise<void> {
    const isEverywhere = heads.every(head => head.text === barrier.text);
    const isLate = !isEverywhere && this.#recent.includes(barrier.text);
    this.#recent.push(barrier.text);
    if (this.#recent.length > rememberedBarriers) this.#recent.shift();
    if (isLate) return;
    this.#meet(undefined, barrier.value);
    this.#barriers += 1;
    for (const [partition, { barriers }] of this.#there.entries()) {
      if (this.#barriers > barriers) await this.#write({ topic: feedTopic.name, partition, value: barrier.value });
    }
  }

  hasJustWritten(barrier: Barrier): boolean {
    return this.#recent.at(-1) === barrier.text;
  }

  /** @throws PipelineError `usage` when the source no longer has what the copy begins with. */
  refuseUnmet(): void {
    if (this.#firsts.size > 0) throw forgotten();
  }

  async flush(): Promise<void> {
    const entries = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (entries.length > 0) await this.#log.append(entries);
    this.written += entries.length;
  }

  #find(state: Written, { key, value }: LogRecord): void {
    const name = key && text(key);
    if (value !== undefined && !this.#firsts.has(name)) this.#firsts.set(name, text(value));
    if (name === undefined) {
      state.barriers += 1;
      state.records.clear();
    } else state.records.set(name, (state.records.get(name) ?? 0) + 1);
  }

  #meet(name: string | undefined, value: Uint8Array): void {
    const first = this.#firsts.get(name);
    if (first === undefined) return;
    if (first !== text(value)) throw forgotten();
    this.#firsts.delete(name);
  }

  async #write(entry: Append): Promise<void> {
    this.#pending.push(entry);
    this.#pendingBytes += entry.value.length;
    if (this.#pendingBytes >= flushBytes) await this.flush();
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** Charts that lose their past unasked are worse than a question. */
function beginsLate({ partition, lowOffset }: SourcePartition): PipelineError {
  return usage(
    `the log no longer has all records (${feedTopic.name}/${partition} begins at offset ${lowOffset}), so that older bars would be missing after a rebuild from the copy: ` +
      'add --shorter when that is right (they stay in the former generation until it is dropped)',
  );
}

function forgotten(): PipelineError {
  return usage('the source has forgotten records since this copy was begun: begin another one, in topics of another prefix');
}

function usage(message: string): PipelineError {
  return new PipelineError('usage', message, { retriable: false });
}
