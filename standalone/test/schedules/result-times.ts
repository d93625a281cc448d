/** When results of each partition reached the store, as one who reads it sees it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '@tapeline/core/partitioner';
import type { MarketStore } from '@tapeline/database/market-store';

const pollMs = 20;

export class ResultTimes {
  /** Moments (`performance.now()`) at which a newer price of the partition was first seen, in order. */
  readonly #seenMs: number[][];
  readonly #newest: number[];
  readonly #over = new AbortController();
  readonly #polling: Promise<void>;

  constructor(store: Pick<MarketStore, 'latest'>, partitions: number) {
    this.#seenMs = Array.from({ length: partitions }, () => []);
    this.#newest = Array.from({ length: partitions }, () => 0);
    this.#polling = this.#poll(store);
  }

  /** The longest time without a result of `partition` that ended after `fromMs`; `undefined` until there was a result `afterMs`. */
  silenceMs(partition: number, fromMs: number, afterMs: number): number | undefined {
    const seen = this.#seenMs[partition] ?? [];
    if ((seen.at(-1) ?? 0) < afterMs) return undefined;
    let longestMs = 0;
    for (let index = 1; index < seen.length; index += 1) {
      const endMs = seen[index] ?? 0;
      if (endMs > fromMs) longestMs = Math.max(longestMs, endMs - (seen[index - 1] ?? endMs));
    }
    return longestMs;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#polling;
  }

  async #poll(store: Pick<MarketStore, 'latest'>): Promise<void> {
    while (!this.#over.signal.aborted) {
      const rows = await store.latest().catch(() => []);
      const nowMs = performance.now();
      for (const { symbol, receivedTimeMs } of rows) this.#see(partitionOf(symbol, this.#seenMs.length), receivedTimeMs, nowMs);
      await sleep(pollMs);
    }
  }

  #see(partition: number, receivedTimeMs: number, nowMs: number): void {
    if (receivedTimeMs <= (this.#newest[partition] ?? 0)) return;
    this.#newest[partition] = receivedTimeMs;
    const seen = this.#seenMs[partition];
    if (seen !== undefined && seen.at(-1) !== nowMs) seen.push(nowMs);
  }
}
