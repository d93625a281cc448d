/** What a partition leaves behind for whoever goes on with it: snapshots of its fold and committed offsets, neither before the results they stand for are durable. */
import type { MarketStore, SnapshotKey } from '@tapeline/database/market-store';
import type { HotFold } from './hot/hot-fold.ts';
import type { LastRecord } from './hot/hot-snapshot.ts';
import { NumberWriter } from './hot/number-stream.ts';
import { PartitionLost, type PatienceOptions, untilDurable } from './patience.ts';
import type { ResultSink } from './result-sink.ts';
import { snapshotRoom } from './snapshot-room.ts';

export interface SavingOptions extends PatienceOptions {
  readonly store: MarketStore;
  readonly snapshotIntervalMs: number;
  /** A snapshot is taken after so many records, too. @default 2,000,000 */
  readonly snapshotRecords?: number;
  /** @default 1,000 */
  readonly commitIntervalMs?: number;
}

/** How far a partition was read: all records before `nextOffset` are taken in. */
export interface ReadPlace {
  readonly nextOffset: number;
  readonly lastRecord: LastRecord | undefined;
}

export interface SavedPartition {
  readonly key: SnapshotKey;
  readonly fold: HotFold;
  readonly sink: ResultSink;
  /** Where the snapshot goes on that the fold was restored from; −1 without one. */
  readonly savedOffset: number;
  /** Told what made a save or a commit fail that nobody waits for. */
  readonly failed: (reason: unknown) => void;
}

/** The memory of a large snapshot of this process that was saved: some megabytes that the next one need not take anew. */
const spareNumbers: NumberWriter[] = [];

/** A process has little longer to end. */
const roomPatienceMs = 1_000;

export class PartitionSaving {
  readonly #options: SavingOptions;
  readonly #partition: SavedPartition;
  #savedOffset: number;
  #savedAtMs = performance.now();
  /**
   * Until it has read what was there before. Then it saves at once: a partition that changes hands more often than snapshots are due
   * would otherwise be read again from further and further back.
   */
  #isBehind = true;
  /** The snapshot that is being taken while the fold goes on. */
  #saving: Promise<void> | undefined;
  #committedAtMs = performance.now();
  #committing: Promise<void> | undefined;

  constructor(options: SavingOptions, partition: SavedPartition) {
    this.#options = options;
    this.#partition = partition;
    this.#savedOffset = partition.savedOffset;
  }

  /** Begins a snapshot when one is due. */
  async saveNowAndThen(place: ReadPlace, highWatermark: number): Promise<void> {
    const { nextOffset } = place;
    const { snapshotIntervalMs, snapshotRecords = 2_000_000 } = this.#options;
    const hasCaughtUp = this.#isBehind && nextOffset >= highWatermark;
    const elapsedMs = performance.now() - this.#savedAtMs;
    const records = nextOffset - Math.max(0, this.#savedOffset);
    const isDue = (times: number) => elapsedMs >= times * snapshotIntervalMs || records >= times * snapshotRecords;
    if (!isDue(1) && !hasCaughtUp) return;
    // When saving takes longer than it is due, the fold waits: a restart is not to go back further and further.
    await this.#saving;
    // While others save theirs there is some time, but not without end.
    const room = this.#roomAtOnce() ?? (isDue(2) ? await this.#roomSoon() : undefined);
    if (room === undefined) return;
    if (hasCaughtUp) this.#isBehind = false;
    this.#saving = this.#save(place).finally(room);
    this.#saving.catch(reason => this.#partition.failed(reason));
  }

  /** All results durable, the state saved, the offset committed. */
  async finish(place: ReadPlace): Promise<void> {
    await this.#saving;
    if (place.nextOffset !== this.#savedOffset) {
      const room = await this.#roomSoon();
      await this.#save(place).finally(room);
    }
    await this.#committing;
    await this.commit();
  }

  commitNowAndThen(): void {
    const isDue = performance.now() - this.#committedAtMs >= (this.#options.commitIntervalMs ?? 1_000);
    if (!isDue || this.#committing !== undefined) return;
    this.#committing = this.commit().catch(reason => this.#partition.failed(reason));
  }

  /** Commits what is durable. */
  async commit(): Promise<void> {
    this.#committedAtMs = performance.now();
    await this.#options.claim.commit(this.#partition.sink.durableOffset);
    this.#committing = undefined;
  }

  /** Room for a snapshot, if there is any: gives what gives it back. */
  #roomAtOnce(): (() => void) | undefined {
    const bytes = this.#partition.fold.snapshotBytes;
    return snapshotRoom.tryTake(bytes) ? () => snapshotRoom.give(bytes) : undefined;
  }

  /**
   * The same, waited for; not for long, because who has it has it for as long as a store is away: then it goes without.
   * @throws PartitionLost
   */
  async #roomSoon(): Promise<() => void> {
    const { lost } = this.#options.claim;
    const bytes = this.#partition.fold.snapshotBytes;
    try {
      await snapshotRoom.take(bytes, AbortSignal.any([lost, AbortSignal.timeout(roomPatienceMs)]));
      return () => snapshotRoom.give(bytes);
    } catch {
      if (lost.aborted) throw new PartitionLost();
      return () => undefined;
    }
  }

  /** The state as it is now, saved once everything before it is durable; the fold may go on meanwhile. */
  async #save({ nextOffset, lastRecord }: ReadPlace): Promise<void> {
    const { store, metrics } = this.#options;
    const { fold, sink, key } = this.#partition;
    const end = metrics.snapshotSeconds.startTimer();
    const numbers = spareNumbers.pop() ?? new NumberWriter();
    const state = fold.encode(numbers, lastRecord);
    const snapshot = { nextOffset, versionUs: fold.versionUs, formatVersion: fold.snapshotFormat, state };
    this.#savedAtMs = performance.now();
    this.#savedOffset = nextOffset;
    sink.advance(nextOffset);
    await sink.settled();
    await untilDurable('saving the snapshot', () => store.saveSnapshot(key, snapshot), this.#options);
    if (numbers.capacity > (spareNumbers[0]?.capacity ?? 0)) spareNumbers[0] = numbers;
    end();
  }
}
