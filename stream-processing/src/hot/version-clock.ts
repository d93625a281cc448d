/** A hybrid logical clock that only the log drives: it rises with every record. */
export class VersionClock {
  /** The highest version given out so far. */
  versionUs = 0;
  #isFree = false;

  /** A record came. */
  advance(receivedTimeMs: number): void {
    this.versionUs = Math.max(this.versionUs + 1, receivedTimeMs * 1_000);
    this.#isFree = true;
  }

  /** The record's own version for its first output, one more for each further: no two outputs of a partition share one. */
  next(): number {
    if (!this.#isFree) this.versionUs += 1;
    this.#isFree = false;
    return this.versionUs;
  }
}
