/** The alerts of the chart's symbol, each once; bounded. */
import type { BoardAlert } from '../board-messages.ts';

/** More of one symbol nobody looks at; they lie before those that stay. */
export const mostChartAlerts = 5_000;

export class ChartAlerts {
  #symbol: string | undefined;
  readonly #byId = new Map<string, BoardAlert>();

  get all(): readonly BoardAlert[] {
    return [...this.#byId.values()];
  }

  /** Begins anew where it is another symbol. */
  of(symbol: string): void {
    if (symbol !== this.#symbol) this.#byId.clear();
    this.#symbol = symbol;
  }

  /** Takes those of the symbol in, and lets the oldest go where they are too many. @returns whether there are others than before */
  take(alerts: readonly BoardAlert[]): boolean {
    const fresh = alerts.filter(({ id, symbol }) => symbol === this.#symbol && !this.#byId.has(id));
    for (const alert of fresh) this.#byId.set(alert.id, alert);
    if (this.#byId.size > mostChartAlerts) {
      const byTime = this.all.toSorted((a, b) => a.timeMs - b.timeMs);
      for (const { id } of byTime.slice(0, -mostChartAlerts)) this.#byId.delete(id);
    }
    return fresh.length > 0;
  }
}
