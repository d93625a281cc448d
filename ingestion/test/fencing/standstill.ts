/** How long the machine kept this process waiting: a bound on time holds for a machine that runs. */

const everyMs = 20;
const rememberedMs = 30_000;

export class Standstill {
  readonly #timer: NodeJS.Timeout;
  #waits: { readonly atMs: number; readonly lostMs: number }[] = [];
  #lastMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** Milliseconds that were lost since then. */
  since(fromMs: number): number {
    return Math.round(this.#waits.filter(({ atMs }) => atMs >= fromMs).reduce((sum, { lostMs }) => sum + lostMs, 0));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    const lostMs = nowMs - this.#lastMs - everyMs;
    this.#lastMs = nowMs;
    if (lostMs > everyMs) this.#waits.push({ atMs: nowMs, lostMs });
    if (this.#waits.length > 1_000) this.#waits = this.#waits.filter(({ atMs }) => atMs > nowMs - rememberedMs);
  }
}
