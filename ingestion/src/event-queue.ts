/** The bounded way from a socket to whoever reads the feed: pushed on one side, an async iterable on the other. */
import { EventBuffer, type EventBufferOptions } from './event-buffer.ts';
import type { FeedEvent } from './feed.ts';
import type { TickRun } from './hot/tick-run.ts';

const batch = 1_000;

export class EventQueue {
  readonly #buffer: EventBuffer;
  #wake: (() => void) | undefined;
  #isEnded = false;
  /** The run that was pushed last: nothing may be added to it once something comes behind it. */
  #run: TickRun | undefined;

  constructor(options: EventBufferOptions) {
    this.#buffer = new EventBuffer(options);
  }

  push(events: readonly FeedEvent[]): void {
    for (const event of events) {
      // Used again, a run may come behind itself.
      if (this.#run !== event) this.#run?.seal();
      this.#run = event.kind === 'ticks' ? event : undefined;
      this.#buffer.push(event);
    }
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
