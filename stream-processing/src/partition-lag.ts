/**
 * This file tells how many records a partition still has to process: by each batch that is read and, while none comes, by asking the log, for
 * it grows on while the partition waits for a store. What cannot be asked is not told.
 */
import type { MarketLog, PartitionClaim } from '@tapeline/log/market-log';
import type { ProcessorMetrics } from './processor-metrics.ts';

export interface PartitionLagOptions {
  readonly log: Pick<MarketLog, 'offsets'>;
  readonly claim: Pick<PartitionClaim, 'topic' | 'partition'>;
  readonly metrics: Pick<ProcessorMetrics, 'lag'>;
  /** Of the next record to process. */
  readonly nextOffset: () => number;
  /** Milliseconds that never go back. @default performance.now */
  readonly now?: () => number;
}

/** Feeds tell heartbeats four times a second: no batch for so long is no usual pause. */
const askAfterMs = 5_000;
const forgetAfterMs = 15_000;

export class PartitionLag {
  readonly #options: PartitionLagOptions;
  readonly #now: () => number;
  #toldMs: number;
  #isAsking = false;
  #isClosed = false;

  constructor(options: PartitionLagOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#toldMs = this.#now();
  }

  /** @param highWatermark as the log says it now */
  tell(highWatermark: number): void {
    if (this.#isClosed) return;
    const { metrics, claim, nextOffset } = this.#options;
    this.#toldMs = this.#now();
    metrics.lag.set({ partition: String(claim.partition) }, Math.max(0, highWatermark - nextOffset()));
  }

  /** To be called about once a second. */
  look(): void {
    const ageMs = this.#now() - this.#toldMs;
    if (ageMs >= forgetAfterMs) this.#forget();
    if (ageMs >= askAfterMs && !this.#isAsking) void this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  async #ask(): Promise<void> {
    const { log, claim } = this.#options;
    this.#isAsking = true;
    try {
      const range = (await log.offsets(claim.topic)).find(({ partition }) => partition === claim.partition);
      if (range !== undefined) this.tell(range.highWatermark);
    } catch {
      // Whoever reads or writes tells what is wrong with the log.
    } finally {
      this.#isAsking = false;
    }
  }

  #forget(): void {
    const { metrics, claim } = this.#options;
    metrics.lag.remove(String(claim.partition));
  }
}
