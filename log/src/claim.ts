/** A partition that a member of a group owns: the life of a claim, the same whichever log is behind it. */
import type { LogBatch, PartitionClaim } from './market-log.ts';

export interface ClaimOptions {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number | undefined;
  /** Reads the partition until `signal` aborts. */
  readonly read: (fromOffset: number, signal: AbortSignal) => AsyncIterable<LogBatch>;
  readonly commit: (nextOffset: number) => Promise<void>;
  /** Aborts when the member stops. */
  readonly stop: AbortSignal;
}

export class Claim implements PartitionClaim {
  readonly topic: string;
  readonly partition: number;
  readonly lost: AbortSignal;
  readonly committedOffset: number | undefined;
  /** Resolves when the owner is done with it. */
  readonly released: Promise<void>;
  readonly #options: ClaimOptions;
  readonly #losing = new AbortController();
  readonly #releasing = Promise.withResolvers<void>();
  #wasRead = false;
  #isReleased = false;

  constructor(options: ClaimOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.partition = options.partition;
    this.committedOffset = options.committedOffset;
    this.lost = this.#losing.signal;
    this.released = this.#releasing.promise;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  read(fromOffset: number): AsyncIterable<LogBatch> {
    if (this.#wasRead) throw new TypeError(`claim of ${this.topic}/${this.partition} was read before: a claim is read once`);
    this.#wasRead = true;
    return this.#options.read(fromOffset, AbortSignal.any([this.lost, this.#options.stop]));
  }

  async commit(nextOffset: number): Promise<void> {
    if (this.lost.aborted || this.#isReleased) return;
    await this.#options.commit(nextOffset);
  }

  release(): void {
    this.#isReleased = true;
    this.#releasing.resolve();
  }

  /** The partition is another's from here on, or about to be. */
  lose(): void {
    if (!this.#isReleased) this.#losing.abort();
  }
}
