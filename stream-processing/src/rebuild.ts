/**
 * A new generation from the log's first record on, while the old one serves: the real stream processor reads each partition up to where
 * the one that serves has saved its own state. What comes after that is published by whoever processes after the switch: a consumer
 * of market-data.bars may see a bar twice and never misses one.
 */
import { hasCode, PipelineError, usageError } from '@tapeline/core/errors';
import { feedTopic } from '@tapeline/core/topics';
import type { Generations } from '@tapeline/database/generations';
import type { MarketStore, SnapshotKey } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { Registry } from 'prom-client';
import { boundedLog } from './bounded-log.ts';
import { foldVersion } from './fold-version.ts';
import { runStreamProcessor, type StreamProcessorOptions } from './stream-processor.ts';

type FoldSettings = Pick<
  StreamProcessorOptions,
  'intervals' | 'allowedLatenessMs' | 'correctionHorizonMs' | 'snapshotIntervalMs' | 'storeTicks' | 'logger' | 'signal'
>;

export interface RebuildOptions extends FoldSettings {
  /** Only read. */
  readonly log: MarketLog;
  readonly generations: Generations;
  readonly openStore: (generation: number) => MarketStore;
  /** Consumer group of the processors, which their snapshots are named by. */
  readonly group: string;
  /** @default the unfinished one, or the next number */
  readonly generation?: number;
  /** Readers and processors go over to it when it is ready. */
  readonly switchReaders: boolean;
  /**
   * Goes on although the log no longer begins where it once did: bars of what is gone stay in the former generation alone.
   * @default false
   */
  readonly shorter?: boolean;
  /**
   * Reads all that the log holds, not only what the one that serves has saved: for a log that was copied, whose offsets are others. What
   * is read is not published there.
   * @default false
   */
  readonly whole?: boolean;
  /** Who does it, for the notes. */
  readonly by: string;
  readonly progress?: (soFar: RebuildProgress) => void;
}

export interface RebuildProgress {
  readonly generation: number;
  /** Records that this run has read, and those that it knows it has to. */
  readonly done: number;
  readonly total: number;
}

export interface Rebuild {
  readonly generation: number;
  /** Records read by this run. */
  readonly records: number;
  readonly outcome: 'interrupted' | 'ready' | 'switched';
}

/** What is left after a pass that took less is read by the processors after the switch. */
const shortPassMs = 5_000;

/**
 * Builds, or goes on building where a former run was stopped, and switches.
 * @throws PipelineError `usage`, `store.unavailable`, what a partition cannot go on with.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuild> {
  const { generations, signal, by, openStore } = options;
  if (options.switchReaders && options.shorter !== true) await refuseShorter(options.log);
  const generation = await generations.begin(options.generation, foldVersion, by);
  const store = openStore(generation);
  try {
    options.logger.info({ generation }, 'the tables of the new generation are made, or looked at, first');
    await store.migrate();
    const passes = new RebuildPasses(options, generation, store);
    await passes.run().catch(error => {
      throw hasCode(error, 'snapshot.invalid') || hasCode(error, 'snapshot.too-old') ? begunOtherwise(error, generation) : error;
    });
    const records = passes.done;
    if (signal.aborted) return { generation, records, outcome: 'interrupted' };
    await generations.ready(generation, by);
    if (!options.switchReaders) return { generation, records, outcome: 'ready' };
    await generations.switchTo(generation, by);
    return { generation, records, outcome: 'switched' };
  } finally {
    await store.close();
  }
}

/** What was built of the generation has other settings, is broken or too old: going on with it would be no rebuild. */
function begunOtherwise(error: PipelineError, generation: number): PipelineError {
  const message = `generation ${generation} was begun before, and cannot be resumed: ${error.message}; to begin it anew, first run tapeline generations --drop ${generation}`;
  return new PipelineError(error.code, message, { retriable: false, cause: error });
}

/** Charts that lose their past unasked are worse than a question. */
async function refuseShorter(log: MarketLog): Promise<void> {
  const begun = (await log.offsets(feedTopic.name)).find(({ lowOffset }) => lowOffset > 0);
  if (begun === undefined) return;
  throw usageError(
    `the log no longer has all records (${feedTopic.name}/${begun.partition} begins at offset ${begun.lowOffset}), so that older bars would be missing after the switch: ` +
      'add --shorter when that is right (they stay in the former generation until it is dropped), or --no-switch to look at the new one first',
  );
}

class RebuildPasses {
  readonly #options: RebuildOptions;
  readonly #generation: number;
  readonly #store: MarketStore;
  #doneBefore = 0;
  #positions = new Map<number, { readonly from: number; nextOffset: number }>();

  constructor(options: RebuildOptions, generation: number, store: MarketStore) {
    this.#options = options;
    this.#generation = generation;
    this.#store = store;
  }

  get done(): number {
    return [...this.#positions.values()].reduce((sum, { from, nextOffset }) => sum + nextOffset - from, this.#doneBefore);
  }

  /** Follows the one that serves until next to nothing is left. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    for (let isShort = false; !isShort && !signal.aborted; ) {
      const beginMs = performance.now();
      const targets = await this.#targets();
      const starts = await this.#positionsOf(this.#store, this.#generation);
      this.#doneBefore = this.done;
      this.#positions = new Map([...starts].map(([partition, from]) => [partition, { from, nextOffset: from }]));
      const left = [...targets].reduce((sum, [partition, target]) => sum + Math.max(0, target - (starts.get(partition) ?? 0)), 0);
      // Even a partition without records gets its snapshot: it says that the generation holds it.
      await this.#pass(targets, this.#doneBefore + left);
      isShort = performance.now() - beginMs < shortPassMs;
    }
  }

  async #pass(targets: ReadonlyMap<number, number>, total: number): Promise<void> {
    const { log, progress } = this.#options;
    const generation = this.#generation;
    progress?.({ generation, done: this.done, total });
    const bounded = boundedLog({
      log,
      targets,
      read: (partition, nextOffset) => {
        const position = this.#positions.get(partition);
        if (position !== undefined) position.nextOffset = Math.max(position.nextOffset, nextOffset);
        progress?.({ generation, done: this.done, total });
      },
    });
    await runStreamProcessor({ ...this.#options, log: bounded, store: this.#store, registry: new Registry() });
  }

  /** Where to, in each partition: where the one that serves has saved its state, for all before it was published, whatever becomes of its processors. */
  async #targets(): Promise<ReadonlyMap<number, number>> {
    const { generations, openStore } = this.#options;
    const { generation } = await generations.serving();
    if (generation === this.#generation) throw usageError(`generation ${generation} serves already`);
    if (this.#options.whole === true) {
      const ranges = await this.#options.log.offsets(feedTopic.name);
      return new Map(ranges.map(({ partition, highWatermark }) => [partition, highWatermark]));
    }
    const serving = openStore(generation);
    try {
      return await this.#positionsOf(serving, generation);
    } finally {
      await serving.close();
    }
  }

  /** The offset at which a generation goes on in each partition. */
  async #positionsOf(store: MarketStore, generation: number): Promise<ReadonlyMap<number, number>> {
    const { group: consumerGroup } = this.#options;
    const positions = new Map<number, number>();
    for (const { partition, lowOffset, highWatermark } of await this.#options.log.offsets(feedTopic.name)) {
      const saved = await this.#savedOffset(store, { consumerGroup, topic: feedTopic.name, partition });
      if (saved > highWatermark) {
        throw otherLog({ generation, partition, nextOffset: saved, highWatermark }, generation !== this.#generation);
      }
      positions.set(partition, Math.max(lowOffset, saved));
    }
    return positions;
  }

  /** A snapshot that is broken may be why there is a rebuild: what it stood for is left to the processors after the switch. */
  async #savedOffset(store: MarketStore, key: SnapshotKey): Promise<number> {
    try {
      return (await store.loadSnapshot(key))?.nextOffset ?? 0;
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'snapshot.invalid') throw error;
      this.#options.logger.warn({ partition: key.partition }, `${error.message}; this partition is read after the switch`);
      return 0;
    }
  }
}

/** @param isServing whether it is the one that serves, which cannot be dropped; what is wrong with the one that is built, `begunOtherwise` mends. */
function otherLog(
  at: { generation: number; partition: number; nextOffset: number; highWatermark: number },
  isServing: boolean,
): PipelineError {
  const what = `goes on at offset ${at.nextOffset} of ${feedTopic.name}/${at.partition}, but the log ends at ${at.highWatermark}: it was made from another log; name the right one`;
  const message = isServing
    ? `generation ${at.generation}, which serves, ${what}, or add --whole when this is a copy of it or was begun anew: bars are then made of this log alone`
    : `generation ${at.generation} ${what}`;
  return new PipelineError(isServing ? 'usage' : 'snapshot.invalid', message, { retriable: false });
}
