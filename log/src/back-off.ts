/** Waits between attempts: exponential with full jitter, and cut short by a signal. */
import { setTimeout as sleep } from 'node:timers/promises';

export class BackOff {
  readonly #initialMs: number;
  readonly #highestMs: number;
  #attempt = 0;

  constructor({ initialMs, highestMs }: { readonly initialMs: number; readonly highestMs: number }) {
    this.#initialMs = initialMs;
    this.#highestMs = highestMs;
  }

  /** Failures since the last success. */
  get attempts(): number {
    return this.#attempt;
  }

  succeeded(): void {
    this.#attempt = 0;
  }

  /** Waits after a failure; returns at once when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const ceilingMs = Math.min(this.#highestMs, this.#initialMs * 2 ** this.#attempt);
    this.#attempt += 1;
    await pause(ceilingMs / 4 + Math.random() * ceilingMs * 0.75, signal);
  }
}

/** Waits `durationMs`, or until `signal` aborts. */
export async function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Only an abort gets here.
  }
}
