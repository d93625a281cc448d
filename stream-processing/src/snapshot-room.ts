/**
 * Room for the snapshots of all partitions of a process that are being saved: with many symbols one is some megabytes, and all of them
 * are due at the same moments. Small ones are saved side by side, large ones in turns.
 */
export class SnapshotRoom {
  readonly #mostBytes: number;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  #bytes = 0;

  /** @param mostBytes of all together; a larger one is alone */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Takes so many bytes, if they are free and nobody waits for some. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Takes so many bytes as soon as they are free, who asked first first. Rejects with the signal's reason when that aborts before. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryTake(bytes)) return;
    const { promise, resolve: enter, reject } = Promise.withResolvers<void>();
    const waiting = { bytes, enter };
    const leave = (): void => {
      const place = this.#waiting.indexOf(waiting);
      // Let in just before.
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      this.#letIn();
      reject(signal.reason);
    };
    this.#waiting.push(waiting);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#bytes -= bytes;
    this.#letIn();
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#bytes += next.bytes;
      next.enter();
    }
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#mostBytes;
  }
}

/** Of this process. */
export const snapshotRoom = new SnapshotRoom(16 * 1_048_576);
