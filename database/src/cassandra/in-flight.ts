/** A bound on how many requests are under way, shared by all callers of a store. */
export class InFlight {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Runs every task, each as soon as a place is free; a caller holds at most one place in the queue.
   * @throws the first failure, after the tasks under way have ended; what had not begun is not begun.
   */
  async runAll(tasks: Iterable<() => Promise<void>>): Promise<void> {
    const failures: unknown[] = [];
    const running = new Set<Promise<void>>();
    for (const task of tasks) {
      await this.#enter();
      if (failures.length > 0) {
        this.#leave();
        break;
      }
      const run = task()
        .catch(error => void failures.push(error))
        .finally(() => {
          this.#leave();
          running.delete(run);
        });
      running.add(run);
    }
    await Promise.all(running);
    if (failures.length > 0) throw failures[0];
  }

  #enter(): Promise<void> | void {
    if (this.#free === 0) return new Promise(resolve => this.#waiting.push(resolve));
    this.#free -= 1;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
