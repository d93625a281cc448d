/** When results of each partition reached the store, as one who reads it sees it: ticks, because the latest prices are written once a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MarketStore } from '@tapeline/database/market-store';

const pollMs = 20;
const lookBackMs = 60_000;

export class ResultTimes {
  /** Moments (`performance.now()`) at which a newer tick of the partition was first seen, in order. */
  readonly #seenMs: readonly number[][];
  readonly #over = new AbortController();
  readonly #polling: Promise<unknown>;

  /** @param symbols the one that is looked at in each partition, with many ticks a second. */
  constructor(store: Pick<MarketStore, 'ticks'>, symbols: readonly string[]) {
    this.#seenMs = symbols.map(() => []);
    this.#polling = Promise.all(symbols.map((symbol, partition) => this.#poll(store, symbol, this.#seenMs[partition] ?? [])));
  }

  /**
   * The longest time without a result of `partition` that ended after `fromMs`, and by `untilMs`; `undefined` until there was a result
   * `afterMs`.
   */
  silenceMs(partition: number, fromMs: number, afterMs: number, untilMs = Number.POSITIVE_INFINITY): number | undefined {
    const seen = this.#seenMs[partition] ?? [];
    if ((seen.at(-1) ?? 0) < afterMs) return undefined;
    let longestMs = 0;
    for (let index = 1; index < seen.length; index += 1) {
      const endMs = seen[index] ?? 0;
      if (endMs > fromMs && endMs <= untilMs) longestMs = Math.max(longestMs, endMs - (seen[index - 1] ?? endMs));
    }
    return longestMs;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#polling;
  }

  async #poll(store: Pick<MarketStore, 'ticks'>, symbol: string, seenMs: number[]): Promise<void> {
    let newestMs = 0;
    while (!this.#over.signal.aborted) {
      const toMs = Date.now() + 1_000;
      const [row] = await store.ticks({ symbol, fromMs: toMs - lookBackMs, toMs, limit: 1, order: 'descending' }).catch(() => []);
      if (row !== undefined && row.tick.timeMs > newestMs) {
        newestMs = row.tick.timeMs;
        seenMs.push(performance.now());
      }
      await sleep(pollMs);
    }
  }
}
