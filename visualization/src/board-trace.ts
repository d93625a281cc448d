/** What the board says of sampled ticks: `fetch`, `fold`, and `push`, the first turn of updates to screens after that. */
import { tickSpan } from '@tapeline/core/tracing/span';
import type { SampledTick } from '@tapeline/core/tracing/tick-trace';
import { sampledIn, type Tracing } from '@tapeline/core/tracing/tracing';
import type { LogBatch } from '@tapeline/log/market-log';

/** Ticks that wait for a turn at most: with no screen connected there is none. */
const mostWaiting = 64;

interface FoldedTick {
  readonly sampled: SampledTick;
  readonly foldSpanId: string;
  readonly foldedMs: number;
}

export class BoardTrace {
  readonly #tracing: Tracing;
  /** What no look at changes has taken in. */
  #folded: FoldedTick[] = [];
  /** What the next updates will tell. */
  #taken: FoldedTick[] = [];

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  /** The sampled ticks of a batch that the board's fold is about to take, from an offset on. */
  fetched(batch: LogBatch, fromOffset: number): readonly SampledTick[] {
    const { topic, partition, lastOffset } = batch;
    return sampledIn({ topic, partition, fromOffset, lastOffset, cursor: () => batch.cursor() }, this.#tracing);
  }

  folded(ticks: readonly SampledTick[], times: { readonly startMs: number; readonly endMs: number }): void {
    for (const sampled of ticks) {
      const fetch = tickSpan('fetch', sampled, { startMs: sampled.tick.receivedTimeMs, endMs: times.startMs });
      const fold = tickSpan('fold', sampled, times, fetch.spanId);
      this.#tracing.emit(fetch);
      this.#tracing.emit(fold);
      if (this.#folded.length < mostWaiting) this.#folded.push({ sampled, foldSpanId: fold.spanId, foldedMs: times.endMs });
    }
  }

  /** All that was folded until now is in the updates that follow. */
  looked(): void {
    if (this.#folded.length === 0) return;
    this.#taken.push(...this.#folded.splice(0));
    this.#taken.splice(0, this.#taken.length - mostWaiting);
  }

  /** Updates were sent to so many screens. */
  pushed(updates: number, sentMs: number): void {
    if (updates === 0 || this.#taken.length === 0) return;
    for (const { sampled, foldSpanId, foldedMs } of this.#taken.splice(0)) {
      this.#tracing.emit(tickSpan('push', sampled, { startMs: foldedMs, endMs: sentMs }, foldSpanId, { 'tapeline.screens': updates }));
    }
  }
}
