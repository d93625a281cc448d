/** How long to wait before the next attempt: jitter below a bound that doubles, so that many who failed together do not return together. */
import { pause } from './pause.ts';

export interface BackOffOptions {
  /** Upper bound of the first wait. @default 500 */
  readonly baseMs?: number;
  /** Upper bound of every wait. @default 30,000 */
  readonly capMs?: number;
  /** Share of its bound that a wait takes at least; 0 is full jitter, for what many others ask, too. @default 0.25 */
  readonly leastShare?: number;
  /** From 0 to 1, exclusive. @default Math.random */
  readonly random?: () => number;
}

export class BackOff {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #leastShare: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor({ baseMs = 500, capMs = 30_000, leastShare = 0.25, random = Math.random }: BackOffOptions = {}) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#leastShare = leastShare;
    this.#random = random;
  }

  /** Failures since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The next wait is short again. */
  succeeded(): void {
    this.#attempts = 0;
  }

  /** Counts a failure. @returns the wait before the next attempt */
  nextMs(): number {
    const boundMs = Math.min(this.#capMs, this.#baseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.floor(boundMs * (this.#leastShare + this.#random() * (1 - this.#leastShare)));
  }

  /** Waits after a failure; returns at once when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await pause(this.nextMs(), signal);
  }
}
