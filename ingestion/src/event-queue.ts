/** The bounded way from a socket to whoever reads the feed: pushed on one side, an async iterable on the other. */
import { EventBuffer, type EventBufferOptions } from './event-buffer.ts';
import type { FeedEvent } from './feed.ts';

const batch = 1_000;

export class EventQueue {
  readonly #buffer: EventBuffer;
  #wake: (() => void) | undefined;
  #isEnded = false;

  constructor(options: EventBufferOptions) {
    this.#buffer = new EventBuffer(options);
  }

  push(events: readonly FeedEvent[]): void {
    for (const event of events) this.#buffer.push(event);
    if (events.length > 0) this.#wake?.();
  }

  /** Nothing more will be pushed: the reading ends after what waits. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** What was pushed, in order, to one reader. */
  async *read(): AsyncGenerator<FeedEvent, void, undefined> {
    for (;;) {
      const events = this.#buffer.take(batch);
      yield* events;
      if (events.length > 0 || !this.#buffer.isEmpty) continue;
      if (this.#isEnded) return;
      await this.#news();
    }
  }

  async #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }
}
