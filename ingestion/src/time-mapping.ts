/**
 * The one time of a tick (DESIGN.md §2): a vendor's stamp is an interval, `[stamp, stamp + resolution)`, and the time of
 * receipt picks the point in it.
 */

/** A stamp further ahead of its receipt than this is refused. */
const futureToleranceMs = 5_000;

const minuteMs = 60_000;
const secondMs = 1_000;

/** True when a stamp lies so far ahead of its receipt that one of the two clocks is wrong. */
export function isFuture(sourceTimeMs: number, receivedTimeMs: number): boolean {
  return sourceTimeMs - receivedTimeMs > futureToleranceMs;
}

/** How finely each symbol is stamped: a minute, until a stamp that is no whole minute proves it a second, for good. */
export class StampResolutions {
  readonly #seconds = new Set<string>();
  readonly #limit: number;

  /** @param limit symbols that are remembered at most; those beyond it stay at a minute. */
  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  /** The time of a tick with this stamp; learns the symbol's resolution from the stamp first. */
  timeMs(symbol: string, sourceTimeMs: number, receivedTimeMs: number): number {
    if (sourceTimeMs % minuteMs !== 0 && this.#seconds.size < this.#limit) this.#seconds.add(symbol);
    return Math.min(receivedTimeMs, sourceTimeMs + this.resolutionMs(symbol) - 1);
  }

  /** As far as it is learnt. */
  resolutionMs(symbol: string): number {
    return this.#seconds.has(symbol) ? secondMs : minuteMs;
  }
}
