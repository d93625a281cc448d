/** How long to wait before the next attempt: full jitter, so that many who failed together do not return together. */

export interface BackOffOptions {
  /** Upper bound of the first wait. @default 500 */
  readonly baseMs?: number;
  /** Upper bound of every wait. @default 30,000 */
  readonly capMs?: number;
  /** From 0 to 1, exclusive. @default Math.random */
  readonly random?: () => number;
}

export class BackOff {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackOffOptions = {}) {
    this.#baseMs = options.baseMs ?? 500;
    this.#capMs = options.capMs ?? 30_000;
    this.#random = options.random ?? Math.random;
  }

  /** The next wait: anything from 0 to a bound that doubles with each attempt since the last success. */
  nextMs(): number {
    const boundMs = Math.min(this.#capMs, this.#baseMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return Math.floor(this.#random() * boundMs);
  }

  /** It worked: the next wait is short again. */
  reset(): void {
    this.#attempts = 0;
  }
}

/** Waits, or until `signal` aborts; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
