/** The time that a server says, where it is the feed's (`FEED_CLOCK=feed`): that of the message behind it, or of nothing. */
import { afterEndMs } from '@tapeline/core/recorded-sessions';

/** What is sent together may arrive so far apart. */
const quietMs = 100;

export class SaidTime {
  readonly #alone: (timeMs: number, isEnd: boolean) => void;
  /** What the server said last, in this connection. */
  #saidMs: number | undefined;
  /** False once a message took up the time that was said. */
  #isFresh = false;
  #firstAloneMs: number | undefined;
  #lastMessageMs: number | undefined;
  #quiet: NodeJS.Timeout | undefined;
  /** A time that was said with nothing behind it yet. */
  #pendingMs: number | undefined;

  /** @param alone told of a time that nothing came behind; `isEnd` when it is that of a recording's end */
  constructor(alone: (timeMs: number, isEnd: boolean) => void) {
    this.#alone = alone;
  }

  /** The time of what is received now; `undefined` while none was said. */
  get nowMs(): number | undefined {
    return this.#saidMs;
  }

  /** The first time that was said with no message behind it. */
  get firstAloneMs(): number | undefined {
    return this.#firstAloneMs;
  }

  /** True until a message takes it up. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** The server says the time. */
  said(timeMs: number): void {
    if (this.#isFresh) this.#firstAloneMs ??= this.#saidMs;
    this.#saidMs = timeMs;
    this.#isFresh = true;
    this.#pendingMs = timeMs;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.takeUpPending(), quietMs);
  }

  /** A message came. @param receivedTimeMs the time that it took up */
  takeUp(receivedTimeMs: number): void {
    this.#isFresh = false;
    this.#pendingMs = undefined;
    clearTimeout(this.#quiet);
    this.#lastMessageMs = receivedTimeMs;
  }

  /** Nothing more comes behind the time that was said last. One minute after the last message is the end of a recording. */
  takeUpPending(): void {
    clearTimeout(this.#quiet);
    const timeMs = this.#pendingMs;
    this.#pendingMs = undefined;
    if (timeMs !== undefined) this.#alone(timeMs, this.#lastMessageMs !== undefined && timeMs === this.#lastMessageMs + afterEndMs);
  }
}
