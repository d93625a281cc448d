/**
 * Copies the feed's log into one with another number of partitions, while it grows, until it rests.
 *
 * Records without a key (session, heartbeat, gap, alert-rules) stand in every partition in the same order: they are barriers. Each
 * partition is copied up to its next one, then that is written once to every new partition, and so on: a symbol's records keep their
 * order, and their place between the barriers. What an append that broke off left in some partitions only is taken when it is the oldest.
 *
 * A run that was interrupted goes on: the barriers of a new partition say how far it is, and the records of each symbol after the last
 * one say how many of the next are there. That counts from the source's first records, so a source that has forgotten some since is refused;
 * and so is a copy that two runs wrote at once, in the end, by what stands in it.
 */
import { type PipelineError, usageError } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { earliest } from './feed-barrier.ts';
import { RepartitionSource } from './repartition-source.ts';
import { RepartitionTarget } from './repartition-target.ts';

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
  const target = await RepartitionTarget.opened(options.target);
  const copy = new FeedCopy(options, target);
  return { outcome: await copy.run(), written: target.written, forgotten: copy.forgotten };
}

class FeedCopy {
  readonly #options: RepartitionOptions;
  readonly #target: RepartitionTarget;
  readonly #partitions = new Map<number, RepartitionSource>();
  #total = 0;

  constructor(options: RepartitionOptions, target: RepartitionTarget) {
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
        await this.#target.refuseOther();
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
      const known = this.#partitions.get(partition) ?? new RepartitionSource(source, partition, lowOffset);
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

  async #copyUpToBarrier(partition: RepartitionSource): Promise<void> {
    while (partition.head === undefined) {
      const record = await partition.next();
      if (record === undefined) return;
      await this.#target.keyed(record);
    }
  }

  #tell(partitions: readonly RepartitionSource[]): void {
    this.#options.progress?.({ done: partitions.reduce((sum, { done }) => sum + done, 0), total: this.#total });
  }
}

/** Charts that lose their past unasked are worse than a question. */
function beginsLate({ partition, lowOffset }: RepartitionSource): PipelineError {
  return usageError(
    `the log no longer has all records (${feedTopic.name}/${partition} begins at offset ${lowOffset}), so that older bars would be missing after a rebuild from the copy: ` +
      'add --shorter when that is right (they stay in the former generation until it is dropped)',
  );
}
