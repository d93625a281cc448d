/**
 * Results on their way: written while the fold goes on with the next records. It knows up to which offset everything is durable, and
 * how much is not yet, so that the fold can wait for room. While enough is under way, results gather and make one larger flush.
 */
import { PartitionLost } from './patience.ts';
import type { ResultBatch } from './result-batch.ts';

export interface ResultSinkOptions {
  readonly nextOffset: number;
  /** An empty batch; it comes back to the sink once it is durable. */
  newBatch(): ResultBatch;
  /** Makes a batch durable, however often that has to be tried. */
  flush(results: ResultBatch): Promise<void>;
  /** Everything before `nextOffset` is durable. */
  durable(nextOffset: number): void;
  failed(reason: unknown): void;
  /** Aborts when the partition is another's: nothing is waited for any more. */
  readonly lost: AbortSignal;
  /** There is room for more results while fewer bytes are not durable. @default 4 MiB */
  readonly maxPendingBytes?: number;
  /** Flushes under way at most. @default 4 */
  readonly maxInFlight?: number;
  /** A symbol's latest price is written so often at most: whoever looks at it does so every few seconds. @default 1,000 */
  readonly latestIntervalMs?: number;
}

interface Flush {
  /** What is durable with it and all before it. */
  readonly nextOffset: number;
  isDurable: boolean;
}

const defaultPendingBytes = 4 * 1_048_576;

export class ResultSink {
  readonly #options: ResultSinkOptions;
  readonly #maxPendingBytes: number;
  readonly #maxInFlight: number;
  readonly #latestIntervalMs: number;
  /** In the order of their offsets. */
  readonly #flushes: Flush[] = [];
  /** Batches that were flushed, to be used again. */
  readonly #free: ResultBatch[] = [];
  #results: ResultBatch;
  /** All before it is in flushes or in `#results`. */
  #nextOffset: number;
  #durableOffset: number;
  #inFlight = 0;
  #flushingBytes = 0;
  #latestAtMs = Number.NEGATIVE_INFINITY;
  #latestTimer: NodeJS.Timeout | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(options: ResultSinkOptions) {
    this.#options = options;
    this.#maxPendingBytes = options.maxPendingBytes ?? defaultPendingBytes;
    this.#maxInFlight = options.maxInFlight ?? 4;
    this.#latestIntervalMs = options.latestIntervalMs ?? 1_000;
    this.#results = options.newBatch();
    this.#nextOffset = options.nextOffset;
    this.#durableOffset = options.nextOffset;
    options.lost.addEventListener('abort', this.#onLost, { once: true });
    if (options.lost.aborted) this.#onLost();
  }

  /** Takes the results of the records up to the next `advance`. Another one after each. */
  get results(): ResultBatch {
    return this.#results;
  }

  /** Everything before it is durable. */
  get durableOffset(): number {
    return this.#durableOffset;
  }

  /** Bytes that are not durable yet, about. */
  get pendingBytes(): number {
    return this.#flushingBytes + this.#results.byteLength;
  }

  get hasRoom(): boolean {
    return this.pendingBytes < this.#maxPendingBytes;
  }

  /** The results of all records before `nextOffset` are in: they are flushed at once, or with the next ones when enough is under way. */
  advance(nextOffset: number): void {
    this.#nextOffset = nextOffset;
    if (this.#inFlight < this.#maxInFlight) this.#flush(false);
  }

  /** Resolves when there is room for more. @throws what made a flush fail, PartitionLost. */
  async room(): Promise<void> {
    this.#throwFailure();
    while (!this.hasRoom) await this.#change();
  }

  /** Resolves when everything that is in now is durable. @throws what made a flush fail, PartitionLost. */
  async settled(): Promise<void> {
    this.#throwFailure();
    const target = this.#nextOffset;
    if (this.#sentOffset < target) this.#flush(true);
    while (this.#durableOffset < target) await this.#change();
  }

  /** Nothing is written any more that is not under way. */
  close(): void {
    clearTimeout(this.#latestTimer);
    this.#options.lost.removeEventListener('abort', this.#onLost);
  }

  /** Everything before it is in flushes. */
  get #sentOffset(): number {
    return this.#flushes.at(-1)?.nextOffset ?? this.#durableOffset;
  }

  /** A whole flush leaves nothing behind; any other leaves latest prices that are not due. */
  #flush(isWhole: boolean): void {
    const isLatestDue = isWhole || performance.now() - this.#latestAtMs >= this.#latestIntervalMs;
    const results = this.#results;
    const isBehind = results.hasLatest && !isLatestDue;
    if (isBehind) this.#flushLatestSoon();
    else if (results.hasLatest) this.#latestAtMs = performance.now();
    if (isBehind && results.isEmptyButLatest) return;
    this.#results = this.#free.pop() ?? this.#options.newBatch();
    if (isBehind) results.leaveLatest(this.#results);
    const flush = { nextOffset: isBehind ? this.#sentOffset : this.#nextOffset, isDurable: results.isEmpty };
    this.#flushes.push(flush);
    if (!flush.isDurable) return void this.#run(flush, results);
    this.#reuse(results);
    this.#settle();
  }

  async #run(flush: Flush, results: ResultBatch): Promise<void> {
    const bytes = results.byteLength;
    this.#inFlight += 1;
    this.#flushingBytes += bytes;
    try {
      await this.#options.flush(results);
      flush.isDurable = true;
      this.#reuse(results);
    } catch (reason) {
      this.#fail(reason);
    }
    this.#inFlight -= 1;
    this.#flushingBytes -= bytes;
    this.#settle();
    const isRoom = this.#failure === undefined && this.#inFlight < this.#maxInFlight;
    if (isRoom && this.#sentOffset < this.#nextOffset) this.#flush(false);
    this.#wake();
  }

  /** Keeps the memory of some batches, but of two that are larger than usual: a partition of many symbols closes more at each second's end. */
  #reuse(results: ResultBatch): void {
    const mostFree = results.byteLength <= this.#maxPendingBytes ? this.#maxInFlight : 2;
    results.clear();
    if (this.#free.length < mostFree) this.#free.push(results);
  }

  #settle(): void {
    const before = this.#durableOffset;
    while (this.#flushes[0]?.isDurable === true) this.#durableOffset = this.#flushes.shift()?.nextOffset ?? this.#durableOffset;
    if (this.#durableOffset > before && this.#failure === undefined) this.#options.durable(this.#durableOffset);
  }

  #flushLatestSoon(): void {
    this.#latestTimer ??= setTimeout(() => {
      this.#latestTimer = undefined;
      if (this.#failure === undefined) this.#flush(true);
    }, this.#latestIntervalMs).unref();
  }

  readonly #onLost = (): void => this.#fail(new PartitionLost());

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#options.failed(reason);
    this.#wake();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  async #change(): Promise<void> {
    await this.#changed.promise;
    this.#throwFailure();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
