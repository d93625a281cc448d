/** The bounded way from a socket to whoever reads the feed: pushed on one side, an async iterable on the other. */
import { EventBuffer, type EventBufferOptions } from './event-buffer.ts';
import type { FeedEvent } from './feed.ts';
import type { TickRun } from './hot/tick-run.ts';

const batch = 1_000;
/** It is pressed from the one to the other, so that its reader does not stop and go for each event. */
const pressedFill = 0.5;
const relievedFill = 0.25;

export class EventQueue {
  readonly #buffer: EventBuffer;
  #wake: (() => void) | undefined;
  #isEnded = false;
  /** The run that was pushed last: nothing may be added to it once something comes behind it. */
  #run: TickRun | undefined;
  #isPressed = false;
  #tellPressure: ((isPressed: boolean) => void) | undefined;

  constructor(options: EventBufferOptions) {
    this.#buffer = new EventBuffer(options);
  }

  /** `tell` hears true when half of it is taken up, and false when a quarter is again. */
  watchPressure(tell: (isPressed: boolean) => void): void {
    this.#tellPressure = tell;
  }

  push(events: readonly FeedEvent[]): void {
    for (const event of events) {
      // Used again, a run may come behind itself.
      if (this.#run !== event) this.#run?.seal();
      this.#run = event.kind === 'ticks' ? event : undefined;
      this.#buffer.push(event);
    }
    if (events.length > 0) this.#wake?.();
    this.#weigh();
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
      this.#weigh();
      yield* events;
      if (events.length > 0 || !this.#buffer.isEmpty) continue;
      if (this.#isEnded) return;
      await this.#news();
    }
  }

  #weigh(): void {
    const { fill } = this.#buffer;
    const isPressed = fill >= (this.#isPressed ? relievedFill : pressedFill);
    if (isPressed === this.#isPressed) return;
    this.#isPressed = isPressed;
    this.#tellPressure?.(isPressed);
  }

  async #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }
}
