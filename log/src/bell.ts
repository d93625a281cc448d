/** Wakes those who wait for something new: they look again, so a ring too many does no harm. */
export class Bell {
  readonly #sleepers = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Resolves at the next ring, when `signal` aborts, or after `atMostMs`. */
  async wait(signal: AbortSignal, atMostMs?: number): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = atMostMs === undefined ? undefined : setTimeout(() => resolve(), atMostMs);
    const wake = () => resolve();
    this.#sleepers.add(wake);
    signal.addEventListener('abort', wake);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#sleepers.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }
}
