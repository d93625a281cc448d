/** A feed that runs by itself and is read through a bounded queue: what it received comes out before what ended it. */
import { EventQueue } from './event-queue.ts';
import type { FeedEvent } from './feed.ts';

export interface QueuedFeedOptions {
  /** Source and shard of the records. */
  readonly feed: string;
  readonly signal: AbortSignal;
  /** Events that wait for the reader at most; beyond it ticks are lost, with a gap record. @default 100,000 */
  readonly maxQueuedEvents?: number | undefined;
}

/** Runs `life` until `signal` aborts, the reader goes away or it ends; throws what it threw, after all that it had pushed. */
export async function* queuedFeed(
  options: QueuedFeedOptions,
  life: (queue: EventQueue, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<FeedEvent, void, undefined> {
  const stop = new AbortController();
  const queue = new EventQueue({
    feed: options.feed,
    reason: 'ingester buffer full',
    limitEvents: options.maxQueuedEvents ?? 100_000,
    limitBytes: 256 * 1024 * 1024,
  });
  const running = life(queue, AbortSignal.any([options.signal, stop.signal])).finally(() => queue.end());
  running.catch(() => {
    // It is thrown to the reader below, after what was received before it.
  });
  try {
    yield* queue.read();
    await running;
  } finally {
    stop.abort();
    await Promise.allSettled([running]);
  }
}
