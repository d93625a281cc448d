/**
 * Ticks of one session in a row, already in the bytes that the log keeps: one event of a feed that stands for thousands, with no object for
 * any of them. It grows while it waits for the log, until something else comes behind it or the log takes it.
 */
import { feedTopic } from '@tapeline/core/topics';
import { RecordBlock } from '@tapeline/log/record-block';

/** Enough for the largest requests; a run that is full is followed by another. */
const mostTicks = 8_192;
/** Emptied runs that are kept: one is filled while others wait. Each may hold 2 MB. */
const mostSpare = 12;

export class TickRun {
  readonly kind = 'ticks';
  /** One for each partition; some are empty. */
  readonly blocks: readonly RecordBlock[];
  readonly #giveBack: (run: TickRun) => void;
  session = 0;
  count = 0;
  /** Receipt of its last tick. */
  receivedTimeMs = 0;
  /** The earliest and the latest of its ticks' times. */
  earliestMs = Number.MAX_SAFE_INTEGER;
  latestMs = 0;
  /** How many of its ticks stand in the account of who counts them. */
  counted = 0;
  #isSealed = false;

  /** @param giveBack takes it when it is {@link release}d */
  constructor(partitions: number, giveBack: (run: TickRun) => void) {
    this.#giveBack = giveBack;
    this.blocks = Array.from({ length: partitions }, (_, partition) => new RecordBlock({ topic: feedTopic.name, partition }));
  }

  /** True when no tick may be added any more. */
  get isSealed(): boolean {
    return this.#isSealed || this.count >= mostTicks;
  }

  seal(): void {
    this.#isSealed = true;
  }

  /** A tick was written into the block of its partition. */
  added(timeMs: number, receivedTimeMs: number): void {
    this.count += 1;
    this.receivedTimeMs = receivedTimeMs;
    if (timeMs < this.earliestMs) this.earliestMs = timeMs;
    if (timeMs > this.latestMs) this.latestMs = timeMs;
  }

  /** Begins anew; only for who is done with what it held. */
  clear(session: number): void {
    for (const block of this.blocks) block.clear();
    this.session = session;
    this.count = 0;
    this.counted = 0;
    this.earliestMs = Number.MAX_SAFE_INTEGER;
    this.latestMs = 0;
    this.#isSealed = false;
  }

  /** The log has all of it, and whoever says so does not look at it any more. */
  release(): void {
    this.#giveBack(this);
  }

  /** Adds the symbols of its ticks, by partition: no record is decoded, for this is done of what is lost while all is too much already. */
  nameSymbols(symbols: Set<string>): void {
    for (const block of this.blocks) {
      const cursor = block.cursor();
      let view: Buffer = Buffer.alloc(0);
      while (cursor.next()) {
        const { buffer, byteOffset } = cursor.bytes;
        if (view.buffer !== buffer || view.byteOffset !== byteOffset) view = Buffer.from(buffer, byteOffset);
        symbols.add(view.toString('utf8', cursor.keyStart, cursor.keyEnd));
      }
    }
  }
}

/** Runs, used again once the log has what they held. */
export class TickRuns {
  readonly #partitions: number;
  readonly #spare: TickRun[] = [];

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** An empty run. */
  take(session: number): TickRun {
    const run = this.#spare.pop() ?? new TickRun(this.#partitions, released => this.#keep(released));
    run.clear(session);
    return run;
  }

  #keep(run: TickRun): void {
    if (this.#spare.length < mostSpare) this.#spare.push(run);
  }
}
