/**
 * Spreads the clients' updates evenly over an interval: each turn of it has its own moment, so that the last of many clients is not
 * told after all the others. Sleeps through turns that nobody is in.
 */

export interface TurnClockOptions {
  readonly turns: number;
  readonly intervalMs: number;
  readonly isTaken: (turn: number) => boolean;
  readonly run: (turn: number) => void;
}

export class TurnClock {
  readonly #options: TurnClockOptions;
  readonly #stepMs: number;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #dueMs = 0;

  constructor(options: TurnClockOptions) {
    this.#options = options;
    this.#stepMs = options.intervalMs / options.turns;
  }

  /** A turn was taken: goes on if it slept. */
  wake(): void {
    if (this.#timer !== undefined) return;
    this.#dueMs = Math.max(this.#dueMs, performance.now());
    this.#sleep();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    const { turns, isTaken, run } = this.#options;
    this.#timer = undefined;
    const nowMs = performance.now();
    // The process was busy for more than a round: each turn comes once and not as often as was missed.
    this.#dueMs = Math.max(this.#dueMs, nowMs - this.#options.intervalMs + this.#stepMs);
    while (this.#dueMs <= nowMs) {
      if (isTaken(this.#next)) run(this.#next);
      this.#next = (this.#next + 1) % turns;
      this.#dueMs += this.#stepMs;
    }
    this.#sleep();
  }

  /** Until the next turn that is taken. */
  #sleep(): void {
    const { turns, isTaken } = this.#options;
    for (let ahead = 0; ahead < turns; ahead += 1) {
      const turn = (this.#next + ahead) % turns;
      if (!isTaken(turn)) continue;
      this.#next = turn;
      this.#dueMs += ahead * this.#stepMs;
      this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(this.#dueMs - performance.now()))).unref();
      return;
    }
  }
}
