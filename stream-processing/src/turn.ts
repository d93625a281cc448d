/** The turn that a fold has at the event loop: sockets, timers and other partitions get theirs in between. */

/** So long it keeps the event loop at most. */
const turnMs = 10;
/** Records between two looks at the clock. */
const recordsOfLook = 128;

export class Turn {
  #startMs = 0;
  #lookAgainAt = 0;

  begin(): void {
    this.#startMs = performance.now();
  }

  /** @param processed records so far: it asks the clock now and then only */
  isOver(processed: number): boolean {
    if (processed < this.#lookAgainAt) return false;
    const isOver = performance.now() - this.#startMs >= turnMs;
    this.#lookAgainAt = isOver ? 0 : processed + recordsOfLook;
    return isOver;
  }

  /** The next record may take long: the clock is asked right after it. */
  lookSoon(): void {
    this.#lookAgainAt = 0;
  }
}
