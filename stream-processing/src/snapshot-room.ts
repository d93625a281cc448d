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

  /** Takes so many bytes as soon as they are free, who asked first first. */
  async take(bytes: number): Promise<void> {
    if (this.tryTake(bytes)) return;
    await new Promise<void>(enter => this.#waiting.push({ bytes, enter }));
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#bytes -= bytes;
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
